"""The CPU properties behind the numbers: instructions, clock frequency, and memory bandwidth."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_STEPS = 20_000_000
_LATENCY = 4  # cycles of an or and a multiplication that wait for one another, since 2013


def instructions() -> str:
    """The vector instructions that PyTorch uses here, as in `x86_64 AVX2`."""
    import torch

    capability = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "unknown")()
    return f"{platform.machine()} {capability}"


def clock() -> float | None:
    """Approximate current clock in GHz of one busy core; None without machine code."""
    from musicrfm.kernels.available import kernels

    if kernels() is None:
        return None
    from musicrfm.kernels.clock import chain

    chain(1, 1)
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()  # other programs may have the core for a while
        chain(_STEPS, 12345)
        best = min(best, time.thread_time() - began)
    return _LATENCY * _STEPS / best / 1e9


def bandwidth(device: torch.device, threads: int) -> float:
    """Bytes read a second by a sum over 256 MiB, the best of five."""
    import torch

    data = torch.ones(64 * 2**20, device=device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    best = float("inf")
    for _ in range(5):
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        float(data.sum())
        best = min(best, time.perf_counter() - began)
    torch.set_num_threads(before)
    return data.numel() * data.element_size() / best


def line() -> str:
    ghz = clock()
    return f"Instructions {instructions()}" + (f", about {ghz:.1f} GHz." if ghz else ".")
