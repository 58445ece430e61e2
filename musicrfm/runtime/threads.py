"""Independent pieces of work on several threads, each of which computes alone.

PyTorch shares one operation among all threads, and each operation waits for the slowest of them.
Beside another program, short operations then wait longer than they compute. Threads that work on
pieces of their own do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def each_alone(work: Callable[[T], R], pieces: Sequence[T]) -> list[R]:
    """`work` of each piece, on as many threads as PyTorch has."""
    threads = min(torch.get_num_threads(), len(pieces))
    if threads < 2:
        return [work(piece) for piece in pieces]
    with _one_thread_each(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, pieces))


def in_turn(work: Callable[[T], R], pieces: Iterable[T], device: torch.device) -> Iterator[R]:
    """`work` of each piece, in order; on a CPU some at a time, see `each_alone`."""
    waiting = iter(pieces)
    at_once = torch.get_num_threads() if device.type == "cpu" else 1
    while some := list(islice(waiting, at_once)):
        yield from each_alone(work, some)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
