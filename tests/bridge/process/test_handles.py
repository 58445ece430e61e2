"""Without free file handles: recording, presets and processes work, connections are refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import pytest
import soundfile

from bridge.controls.controls import Controls, namespace
from bridge.controls.presets import Presets
from bridge.osc.port import offer, open_port
from bridge.process.children import start
from bridge.process.handles import RESERVE, Reserve
from bridge.recording.recorder import Recorder
from bridge.reload import Reloader
from bridge.rig import load_rig

with suppress(ImportError):  # Windows has none
    import resource

pytestmark = pytest.mark.needs("posix")


@contextmanager
def none_left(at_most: int = 400) -> Iterator[None]:
    """Uses up every file handle of this process except those of the reserve."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(at_most, hard), hard))
    RESERVE.hold()
    taken = []
    try:
        with pytest.raises(OSError, match="Too many open files"):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for handle in taken:
            os.close(handle)
        RESERVE.let_go()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def until(what: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_recording_continues_in_another_file_without_free_handles(tmp_path):
    recorder = Recorder(tmp_path / "set.flac", 32_000, 1)
    second = np.zeros((32_000, 1), np.float32)
    recorder.write(second)
    until(lambda: recorder._part.saved > 0)  # of the one second that is written
    with none_left():
        (tmp_path / "set.flac").unlink()
        recorder.write(second)
        until(lambda: (tmp_path / "set-2.flac").exists() or (tmp_path / "set.flac").exists())
        recorder.close()
    (there,) = tmp_path.iterdir()
    seconds = soundfile.info(there).frames / 32_000
    assert seconds > 0 and recorder.missing == [(0.0, 2.0 - seconds)]


def test_presets_and_rig_reload_work_without_free_handles(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text('[engine]\nprompt = "piano"\n')
    controls = Controls(namespace(["note_C"]), {"/prompt": "piano"})
    presets = Presets(controls, path)
    reloader = Reloader(load_rig(path), controls, presets)
    with none_left():
        presets.store("verse")
    assert "[presets.verse]" in path.read_text()
    path.write_text(path.read_text() + "\n[presets.chorus]\n'/prompt' = 'flute'\n")
    with none_left():
        assert reloader.look()
    assert sorted(presets.names()) == ["chorus", "verse"]


def test_process_can_be_started_without_free_handles():
    with none_left():
        child = start("json.tool")
        said, _ = child.communicate(b"[1]")
    assert said.split() == [b"[", b"1", b"]"] and child.returncode == 0


def test_connection_that_would_use_a_reserved_handle_is_refused():
    controls = Controls(namespace([]), {"/prompt": "piano"})
    osc, bound = open_port("127.0.0.1", 0)
    osc.start(controls)
    offered = offer(controls, None, osc, bound)

    def ask() -> bytes:
        with socket.create_connection(("127.0.0.1", osc.port), 60) as client:
            client.sendall(b"GET /?HOST_INFO HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            return client.recv(100)

    try:
        assert b"200 OK" in ask()
        client = socket.socket()
        client.settimeout(60)
        with none_left():
            with RESERVE.lent(), client:  # in this moment there are some
                client.connect(("127.0.0.1", osc.port))
                with suppress(ConnectionError):
                    assert client.recv(100) == b""
            until(RESERVE.whole)
        assert b"200 OK" in ask()
    finally:
        offered.close()
        osc.close()


def test_reserve_keeps_half_of_few_handles():
    script = (
        "import os, resource\n"
        "from bridge.process.handles import Reserve\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))\n"
        "free = 16 - len(os.listdir('/proc/self/fd')) + 1\n"
        "reserve = Reserve()\n"
        "reserve.hold()\n"
        "print(free, len(reserve._held), reserve.whole())\n"
        "with reserve.lent():\n"
        "    print(len(reserve._held))\n"
        "print(len(reserve._held))\n"
        "reserve.let_go()\n"
        "print(len(reserve._held), reserve.whole())\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    first, lent, back, over = ran.stdout.splitlines()
    free, held, whole = first.split()
    assert int(held) == int(free) // 2 > 0 and whole == "True"
    assert lent == "0" and back == held and over == "0 True"


def test_nested_loans_return_the_reserve_once():
    reserve = Reserve()
    reserve.hold(3)
    with reserve.lent():
        with reserve.lent():
            pass
        assert not reserve._held
    assert len(reserve._held) == 3
    reserve.let_go()
