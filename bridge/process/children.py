"""Child processes for one device each, so that a driver can hang or crash alone.

They are Python modules of this package, read orders on stdin, answer on stdout, and end when stdin
closes, so that none remains however the engine ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from bridge.process.handles import RESERVE


class Child(subprocess.Popen[bytes]):
    """A process that has both pipes."""

    stdin: IO[bytes]
    stdout: IO[bytes]


def start(module: str, *arguments: str) -> Child:
    """Run a module as a child, with pipes for orders and answers.

    Output of device libraries is discarded.
    """
    root = str(Path(__file__).resolve().parents[2])
    env = dict(os.environ)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [root, env.get("PYTHONPATH")]))
    with RESERVE.lent():
        return Child(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
        )


def take_stdout() -> Callable[[str], None]:
    """For the child: a function that writes a line to the engine, reserving stdout for it.

    Device libraries print to stdout as well; their output goes to stderr. If the engine has closed
    the pipe, the process ends.
    """
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def say(line: str) -> None:
        try:
            channel.write(line.replace("\n", " ").encode() + b"\n")
        except OSError:
            os._exit(0)

    return say
