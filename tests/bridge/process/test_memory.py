"""Memory, handles and threads of a process are measured, and marked when it has ended."""

from __future__ import annotations

import math
import subprocess
import sys

from bridge.process.memory import (
    MemoryWatch,
    free_memory,
    handles,
    memory_mib,
    peak_memory_mib,
    threads,
)


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


def test_watched_memory_is_that_of_all_processes_and_no_child_counts_as_its_parent() -> None:
    code = "a = b'x' * (300 << 20); import time; time.sleep(1.5)"
    ours = memory_mib()
    with MemoryWatch() as alone:
        for _ in range(5):
            subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], check=True)
    with MemoryWatch() as together:
        subprocess.run([sys.executable, "-c", code], check=True)
    assert ours - 20 < alone.peak_mib < ours + 100
    assert 300 < together.peak_mib - ours < 420
