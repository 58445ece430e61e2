"""Compiles a kernel in a process of its own, which stores it for the one that plays.

A kernel calls others. In the process that compiles them, numba also keeps each as a function of its
own, and the kernel calls those copies; loaded from the cache, it has only the copies within itself,
which were optimised in another context. Their sums differ in the last digit, so that the same seed
would give other music in the process that compiled than in all later ones. Therefore every process
that plays loads the kernels, the first one, too.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from numba.core.registry import CPUDispatcher

OURS = "musicrfm.kernels."
LONGEST = 600.0  # seconds; the slowest takes about 20 on a slow core
CHILD = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from musicrfm.kernels import apart; apart.answer(sys.stdin.buffer)"
)

_here = False  # whether this process is the one that compiles


def compile_apart(function: Callable, signature: Any) -> bool:
    """Whether another process has compiled the kernel for the types of `signature` and stored it.

    False for functions of others, and where no process can be started: compile it here then.
    """
    if _here or _kernel(function.__module__, function.__qualname__) is None:
        return False
    asked = pickle.dumps(sys.path)
    asked += pickle.dumps((function.__module__, function.__qualname__, signature))
    try:
        found = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=asked,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
            check=False,
        )
    except (OSError, TypeError, ValueError, subprocess.SubprocessError):
        return False
    return found.returncode == 0


def answer(asked: Any) -> None:
    """In the other process: compile the kernel that the file `asked` names; numba stores it."""
    global _here
    _here = True
    module, name, signature = pickle.load(asked)
    import_module(module)
    kernel = _kernel(module, name)
    if kernel is None:
        sys.exit(1)
    kernel.compile(signature)


def _kernel(module: str, name: str) -> CPUDispatcher | None:
    """The kernel of this name, None if there is no such one (yet, while its module is imported)."""
    found = getattr(sys.modules.get(module), name, None) if module.startswith(OURS) else None
    return found if isinstance(found, CPUDispatcher) else None
