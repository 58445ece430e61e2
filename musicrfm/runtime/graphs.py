"""Work on tensors that stay where they are, recorded once as a CUDA graph and then replayed.

A replay launches all kernels of a step at once, where Python would need longer to launch them one
by one than the GPU to run them. The rules: the work reads and writes the same tensors each time, no
shape and no branch depends on a value, and nothing waits for the GPU. On a CPU the work is simply
done, so all but the recording itself is the same there, and is tested there.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

Work = Callable[[], object]

log = logging.getLogger(__name__)


class Recorder:
    """Makes the graphs of one stream of music, of which no two are ever replayed at a time.

    They share a pool of memory for what is only needed within a replay; what must last is in
    tensors made elsewhere. Recording runs the work once before, so doing it twice must do no harm.
    """

    def __init__(self, device: torch.device | str, record: bool = True) -> None:
        """record: False does the work as it is, on a GPU as well."""
        self.device = torch.device(device)
        self.records = record and self.device.type == "cuda"
        if self.records:
            # Its own, as the libraries' scratch memory belongs to the stream recorded on.
            self._stream = torch.cuda.Stream(self.device)
            self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Work) -> Work:
        """The same work, as fast as can be."""
        if not self.records:
            return work
        try:
            with torch.inference_mode(), _no_collection():
                return self._recorded(work)
        except RuntimeError as error:
            self.records = False
            log.warning("CUDA graphs are not available, so this will be slower: %s", error)
            return work

    def _recorded(self, work: Work) -> Work:
        with torch.cuda.device(self.device):
            here = torch.cuda.current_stream()
            self._stream.wait_stream(here)
            with torch.cuda.stream(self._stream):
                work()  # libraries choose their kernels and take the memory that they need
            here.wait_stream(self._stream)
            graph = torch.cuda.CUDAGraph()
            # thread_local: other threads may go on using the GPU meanwhile.
            with (
                torch.cuda.stream(here),  # comes back to it whatever happens
                torch.cuda.graph(
                    graph, self._pool, self._stream, capture_error_mode="thread_local"
                ),
            ):
                work()
        return graph.replay


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nothing is freed in the middle of a recording, which CUDA may not allow."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
