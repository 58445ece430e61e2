"""Runs a training stage in a separate process, parallel to another stage."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess

import torch


def start(work: Callable, *arguments: object) -> BaseProcess:
    """Run `work(*arguments)` on one thread; both must be importable by name from a module."""
    process = multiprocessing.get_context("spawn").Process(
        target=_on_one_thread, args=(work, *arguments)
    )
    process.start()
    return process


def check(process: BaseProcess, wait: bool = True) -> None:
    """Raises SystemExit if the process failed; by default after waiting for its end."""
    if wait:
        process.join()
    if process.exitcode not in (None, 0):
        raise SystemExit(
            f"the parallel stage failed with exit status {process.exitcode}: see its output above"
        )


def _on_one_thread(work: Callable, *arguments: object) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    work(*arguments)
