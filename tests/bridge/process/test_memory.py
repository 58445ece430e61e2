"""Memory, handles and threads of a process are measured, and marked when it has ended."""

from __future__ import annotations

import math
import subprocess
import sys

from bridge.process.memory import free_memory, handles, memory_mib, peak_memory_mib, threads


def test_memory_of_this_process_is_measured() -> None:
    assert 10 < memory_mib() <= 1.01 * peak_memory_mib() < 1e6
    free = free_memory()
    assert free is not None and free > 2**20


def test_memory_handles_and_threads_of_a_child_are_measured() -> None:
    code = "import sys; a = b'x' * (100 << 20); print(len(a), flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as child:
        child.stdout.readline()
        assert 100 < memory_mib(child.pid) < 200
        assert 3 <= handles(child.pid) < 50 and threads(child.pid) == 1
        child.communicate()
    assert math.isnan(memory_mib(child.pid))
    assert handles(child.pid) == -1 and threads(child.pid) == 0
