"""Records work on fixed tensors as a CUDA graph once, and replays it.

A replay launches all kernels of a step at once; Python would need longer to launch them than the
GPU to run them. The rules: the work reads and writes the same tensors each time, no shape and no
branch depends on a value, and nothing waits for the GPU. On a CPU, the work is simply executed, so
everything except the recording is tested there.
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
    """Records the graphs of one stream, of which no two are replayed at the same time.

    They share a memory pool for temporaries; lasting data is in tensors created elsewhere.
    Recording executes the work once before, so the work must be repeatable.
    """

    def __init__(self, device: torch.device | str, record: bool = True) -> None:
        """record: False does the work as it is, on a GPU as well."""
        self.device = torch.device(device)
        self.records = record and self.device.type == "cuda"
        if self.records:
            # A separate stream, because libraries bind scratch memory to the recorded stream.
            self._stream = torch.cuda.Stream(self.device)
            self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Work) -> Work:
        """The same work, as fast as possible."""
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
    """Prevents garbage collection during a recording, when CUDA may not allow freeing memory."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
