"""Recording: the file holds the played audio, through disk errors and a killed process."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.recording import disk
from bridge.recording import log as logs
from bridge.recording import recorder as recorders
from bridge.recording.log import ControlLog, read_log
from bridge.recording.part import Part
from bridge.recording.recorder import Recorder, is_sound_file, say_what_is_missing
from musicrfm.errors import MusicRFMError
from musicrfm.files.sound import read_sound

RATE = 32000


def noise(samples: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (samples, channels)).astype(np.float32)


def until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


class Disk:
    """Disk writes that fail with `error` while it is set, or beyond `room` bytes."""

    def __init__(self, monkeypatch) -> None:
        self.error: int | None = None
        self.room = 2**60
        self.hangs = False
        self.write = disk.write
        monkeypatch.setattr(disk, "write", self._write)
        monkeypatch.setattr(recorders, "RETRY_SECONDS", 0.01)
        monkeypatch.setattr(recorders, "NEW_FILE_SECONDS", 0.1)
        monkeypatch.setattr(recorders, "SYNC_SECONDS", 0.02)

    def _write(self, handle: int, at: int | None, data: bytes) -> int:
        while self.hangs:
            time.sleep(0.01)
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))
        if at is not None and at + len(data) > self.room:
            data = data[: max(0, self.room - at)]
            if not data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.write(handle, at, data)


@pytest.fixture
def flaky(monkeypatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".FLAC"])
@pytest.mark.parametrize("channels", [1, 2])
def test_file_contains_the_written_audio(tmp_path, suffix, channels):
    path = tmp_path / f"set{suffix}"
    recorder = Recorder(path, RATE, channels)
    blocks = [noise(640, channels, seed) for seed in range(20)]
    for block in blocks:
        recorder.write(block)
    recorder.close()
    recorder.close()
    audio, rate = soundfile.read(path, always_2d=True)
    assert rate == RATE and recorder.path == path and not recorder.missing
    np.testing.assert_allclose(audio, np.concatenate(blocks), atol=2**-22)


def test_impossible_file_is_refused(tmp_path):
    with pytest.raises(MusicRFMError, match="must end in .flac or .wav"):
        Recorder(tmp_path / "set.mp3", RATE, 1)
    with pytest.raises(MusicRFMError, match="cannot write .*the folder does not exist"):
        Recorder(tmp_path / "no" / "folder" / "set.wav", RATE, 1)
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(MusicRFMError, match="it is a folder"):
        Recorder(tmp_path / "folder.wav", RATE, 1)
    assert is_sound_file("a.WAV") and not is_sound_file("Scarlett 2i2")


def test_existing_files_are_never_overwritten_unless_allowed(tmp_path):
    (tmp_path / "set.flac").write_bytes(b"yesterday")
    (tmp_path / "set-2.flac").write_bytes(b"the day before")
    (tmp_path / "link.flac").symlink_to("set.flac")
    (tmp_path / "nowhere.flac").symlink_to("not-there-yet.flac")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.exists()}
    for name, gets in (
        ("set.flac", "set-3.flac"),
        ("set.wav", "set.wav"),
        ("link.flac", "link-2.flac"),
        ("nowhere.flac", "nowhere-2.flac"),
    ):
        recorder = Recorder(tmp_path / name, RATE, 1)
        recorder.write(noise(640))
        recorder.close()
        assert recorder.path.name == gets and soundfile.info(recorder.path).frames == 640
    assert all((tmp_path / name).read_bytes() == data for name, data in before.items())
    assert not (tmp_path / "not-there-yet.flac").exists()
    recorder = Recorder(tmp_path / "set.flac", RATE, 1, overwrite=True)
    recorder.write(noise(1280))
    recorder.close()
    assert recorder.path.name == "set.flac" and soundfile.info(recorder.path).frames == 1280


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
def test_unfinished_file_is_readable_at_any_moment(tmp_path, suffix):
    """As another program would read the file after a power failure."""
    part = Part(tmp_path / f"set{suffix}", RATE, 1)
    blocks = [noise(640, 1, seed) for seed in range(60)]
    whole = np.concatenate(blocks)
    copy = tmp_path / f"copy{suffix}"
    for number, block in enumerate(blocks, start=1):
        part.write(block)
        part.flush()
        if number % 7 == 0:
            part.sync()
            told = part.saved
            until(lambda: part.tell() or part._syncing is None)
            shutil.copy(part.path, copy)
            assert told > 640 * number - 4096 - 640
            if told:
                audio, _ = soundfile.read(copy, always_2d=True)  # libsndfile trusts the header
                assert len(audio) == told
                np.testing.assert_allclose(audio, whole[:told], atol=2**-22)
        elif part.saved > 4096:
            shutil.copy(part.path, copy)  # `read_sound` reads beyond the length in the header
            assert len(read_sound(copy)[0]) == part.saved
    part.finish()
    assert len(soundfile.read(part.path)[0]) == len(whole)


def test_killed_process_loses_at_most_one_block_of_the_file(tmp_path):
    code = (
        "import sys, time, numpy as np\n"
        "from bridge.recording.recorder import Recorder\n"
        "for name in ('a.flac', 'a.wav'):\n"
        "    globals()[name] = r = Recorder(name, 32000, 1)\n"
        "    for n in range(300):\n"
        "        r.write(np.full((640, 1), n / 300, np.float32))\n"
        "until = time.monotonic() + 2.2\n"
        "while time.monotonic() < until: time.sleep(0.1)\n"
        "print('now', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    )
    assert process.stdout is not None and process.stdout.readline() == b"now\n"
    process.kill()
    process.wait()
    for name in ("a.flac", "a.wav"):
        audio, _ = soundfile.read(tmp_path / name)
        assert len(audio) > 300 * 640 - 4097
        assert np.allclose(audio[::640], np.arange(len(audio[::640])) / 300, atol=1e-6)


def test_recording_is_complete_after_a_temporarily_full_disk(tmp_path, flaky, caplog):
    recorder = Recorder(tmp_path / "set.flac", RATE, 1)
    blocks = [noise(640, 1, seed) for seed in range(100)]
    flaky.room = 30_000
    for block in blocks:
        recorder.write(block)
    until(lambda: recorder.trouble)
    assert recorder.trouble == "No space left on device"
    flaky.room = 2**60
    until(lambda: not recorder.trouble)
    recorder.close()
    assert not recorder.missing and recorder.path.name == "set.flac"
    np.testing.assert_allclose(
        soundfile.read(recorder.path, always_2d=True)[0], np.concatenate(blocks), atol=2**-22
    )
    assert caplog.text.count("No space left on device") == 1 and "continues" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["set.flac"]


@pytest.mark.parametrize("suffix", [".flac", pytest.param(".wav", marks=pytest.mark.slow)])
def test_full_disk_ends_the_recording_and_reports_the_missing_part(tmp_path, flaky, caplog, suffix):
    recorder = Recorder(tmp_path / f"set{suffix}", RATE, 1)
    flaky.room = 100_000
    blocks = [noise(640, 1, seed) for seed in range(100)]
    for block in blocks:
        recorder.write(block)
    began = time.monotonic()
    recorder.close()
    assert time.monotonic() - began < 15.0 and recorder.failed
    ((first, last),) = recorder.missing
    assert last == 2.0 and 0.5 < first < 1.2
    assert say_what_is_missing(recorder)
    assert f"lacks {first:.1f} to 2.0 s: No space left on device" in caplog.text
    audio, _ = soundfile.read(recorder.path, always_2d=True)
    assert len(audio) == round(first * RATE)
    np.testing.assert_allclose(audio, np.concatenate(blocks)[: len(audio)], atol=2**-22)


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
def test_recording_continues_in_a_new_file_after_an_error(tmp_path, flaky, caplog, suffix):
    recorder = Recorder(tmp_path / f"set{suffix}", RATE, 1)
    heard = []
    recorder.on_part = lambda name, first: heard.append((name, first))
    blocks = [noise(640, 1, seed) for seed in range(90)]
    for block in blocks[:30]:
        recorder.write(block)
    until(lambda: recorder._part.saved > 10_000)
    flaky.error = errno.EIO
    for block in blocks[30:60]:
        recorder.write(block)
    until(lambda: len(recorder._parts) == 2)
    flaky.error = None
    for block in blocks[60:]:
        recorder.write(block)
    recorder.close()
    assert not recorder.missing
    names = [part.path.name for part in recorder._parts]
    assert names[:2] == [f"set{suffix}", f"set-2{suffix}"] and heard[0][0] == names[1]
    whole = np.concatenate([soundfile.read(tmp_path / name, always_2d=True)[0] for name in names])
    np.testing.assert_allclose(whole, np.concatenate(blocks), atol=2**-22)
    assert heard[0][1] == soundfile.info(tmp_path / names[0]).frames
    assert (
        "Input/output error" in caplog.text and f"continues in {tmp_path / names[1]}" in caplog.text
    )


def test_recording_continues_in_new_files_at_the_file_size_limit(tmp_path, monkeypatch, flaky):
    recorder = Recorder(tmp_path / "set.wav", RATE, 1)

    def limited(handle: int, at: int | None, data: bytes) -> int:
        if at + len(data) > 50_000:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return flaky.write(handle, at, data)

    monkeypatch.setattr(disk, "write", limited)
    blocks = [noise(640, 1, seed) for seed in range(100)]
    for block in blocks:
        recorder.write(block)
    recorder.close()
    parts = [soundfile.read(part.path, always_2d=True)[0] for part in recorder._parts]
    assert len(parts) == 4 and not recorder.missing
    np.testing.assert_allclose(np.concatenate(parts), np.concatenate(blocks), atol=2**-22)


def test_full_wav_file_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.recording.part.MOST_WAV_BYTES", 100_000)
    recorder = Recorder(tmp_path / "set.wav", RATE, 1)
    blocks = [noise(640, 1, seed) for seed in range(100)]
    for block in blocks:
        recorder.write(block)
    recorder.close()
    parts = [soundfile.read(part.path, always_2d=True)[0] for part in recorder._parts]
    assert len(parts) == 2 and recorder._parts[1].path.name == "set-2.wav"
    np.testing.assert_allclose(np.concatenate(parts), np.concatenate(blocks), atol=2**-22)


@pytest.mark.needs("posix")  # Windows does not delete a file that is open
def test_deleted_file_is_reported_and_replaced(tmp_path, flaky, caplog):
    recorder = Recorder(tmp_path / "set.wav", RATE, 1)
    for seed in range(20):
        recorder.write(noise(640, 1, seed))
    until(lambda: recorder._part.saved == 12_800)
    recorder.path.unlink()
    recorder.write(noise(640))
    until(lambda: len(recorder._parts) == 2)
    recorder.write(noise(640))
    recorder.close()
    ((first, last),) = recorder.missing
    assert first == 0.0 and 0.4 <= last <= 0.42 and "moved or deleted" in caplog.text
    assert soundfile.info(recorder._parts[1].path).frames >= 640


def test_a_stalled_disk_never_blocks_the_engine(tmp_path, monkeypatch, flaky, caplog):
    monkeypatch.setattr(recorders, "QUEUE_SECONDS", 0.2)
    recorder = Recorder(tmp_path / "set.wav", RATE, 1)
    blocks = [noise(640, 1, seed) for seed in range(50)]
    recorder.write(blocks[0])
    until(lambda: recorder._part.saved == 640)  # its file is open
    flaky.hangs = True
    recorder.write(blocks[1])
    until(recorder._queue.empty)  # the second block hangs in the disk write
    began = time.monotonic()
    for block in blocks[2:]:
        recorder.write(block)
    assert time.monotonic() - began < 5.0  # a blocked engine would wait for ever
    flaky.hangs = False
    until(recorder._queue.empty)
    for block in blocks[:10]:
        recorder.write(block)
    recorder.close()
    (gap,) = recorder.missing
    first, last = (round(second * RATE) for second in gap)
    assert 640 * 10 <= first < last == 640 * 50
    whole = np.concatenate([*blocks, *blocks[:10]])
    whole[first:last] = 0.0  # sound and control log stay together
    audio, _ = soundfile.read(recorder.path, always_2d=True)
    np.testing.assert_allclose(audio, whole, atol=2**-22)
    assert [path.name for path in tmp_path.iterdir()] == ["set.wav"]
    assert f"is silent from {gap[0]:.1f} to {gap[1]:.1f} s" in caplog.text


@pytest.mark.slow
def test_closing_gives_up_on_a_hanging_disk(tmp_path, flaky):
    recorder = Recorder(tmp_path / "set.wav", RATE, 1)
    recorder.write(noise(64_000))
    until(lambda: recorder._part.saved == 64_000)
    flaky.hangs = True
    recorder.write(noise(32_000))
    began = time.monotonic()
    recorder.close()
    recorder.close()
    assert time.monotonic() - began < 15.0
    assert recorder.missing == [(2.0, 3.0)] and recorder.why == "the disk does not answer"
    assert len(soundfile.read(recorder.path)[0]) >= 32_000
    flaky.hangs = False


def test_invalid_block_is_recorded_as_silence(tmp_path, caplog):
    recorder = Recorder(tmp_path / "set.wav", RATE, 1)
    recorder.write(noise(640))
    recorder.write(noise(640, 3))
    recorder.write(noise(640))
    recorder.close()
    audio, _ = soundfile.read(recorder.path)
    assert len(audio) == 3 * 640 and not audio[640:1280].any() and audio[1280:].any()
    assert "cannot be recorded" in caplog.text


def test_fast_recording_waits_for_the_disk_for_a_limited_time(tmp_path, monkeypatch, flaky):
    monkeypatch.setattr(recorders, "QUEUE_SECONDS", 0.1)
    monkeypatch.setattr(recorders, "END_SECONDS", 0.3)
    recorder = Recorder(tmp_path / "set.wav", RATE, 1, wait=True)
    for seed in range(50):
        recorder.write(noise(640, 1, seed))
    flaky.error = errno.ENOSPC
    began = time.monotonic()
    for seed in range(50):
        recorder.write(noise(640, 1, seed))
    recorder.close()
    assert time.monotonic() - began < 15.0 and recorder.failed
    assert recorder.missing[0][1] == 2.0


def test_log_line_is_retried_after_a_memory_error(tmp_path, monkeypatch):
    encoded, failed = logs._encoded, []

    def scarce(line):
        if len(failed) < 2 and "end" in line:
            failed.append(line)
            raise MemoryError
        return encoded(line)

    monkeypatch.setattr(logs, "_encoded", scarce)
    log = ControlLog(tmp_path / "set.jsonl", {}, RATE)
    log.close(640)
    assert len(failed) == 2
    assert read_log(tmp_path / "set.jsonl").samples == 640


def test_slow_fsync_loses_nothing_and_does_not_delay_closing(tmp_path, monkeypatch):
    """Written data is in the file, however long `fsync` takes."""
    slow = threading.Event()
    monkeypatch.setattr(recorders, "SYNC_SECONDS", 0.02)
    monkeypatch.setattr(disk.os, "fsync", lambda handle: slow.wait(30.0))
    recorder = Recorder(tmp_path / "set.flac", RATE, 1)
    log = ControlLog(tmp_path / "set.jsonl", {}, RATE)
    try:
        for seed in range(20):
            recorder.write(noise(640, 1, seed))
            log.write(seed, 640 * seed)
            time.sleep(0.005)
        began = time.monotonic()
        recorder.close()
        log.close(20 * 640)
        assert time.monotonic() - began < 8.0  # two waits each, beside a busy computer
    finally:
        slow.set()
    assert not recorder.missing and not recorder.failed and not log.failed
    assert soundfile.info(tmp_path / "set.flac").frames == 20 * 640
    assert read_log(tmp_path / "set.jsonl").samples == 20 * 640


def test_failing_fsync_is_reported(tmp_path, monkeypatch, caplog):
    def fails(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    fsync = os.fsync
    monkeypatch.setattr(recorders, "SYNC_SECONDS", 0.02)
    monkeypatch.setattr(disk.os, "fsync", fails)
    recorder = Recorder(tmp_path / "set.flac", RATE, 1)
    recorder.write(noise(640))
    until(lambda: recorder.trouble == "Input/output error")
    monkeypatch.setattr(disk.os, "fsync", fsync)
    until(lambda: not recorder.trouble)
    recorder.close()
    assert not recorder.missing and "Input/output error" in caplog.text


def test_earlier_harmless_error_is_not_given_as_the_cause_of_a_loss(tmp_path, flaky, caplog):
    recorder = Recorder(tmp_path / "set.flac", RATE, 1)
    flaky.error = errno.ENOSPC
    recorder.write(noise(640))
    until(lambda: recorder.trouble)
    flaky.error = None
    until(lambda: not recorder.trouble)
    recorder._written += RATE  # that never came
    recorder.close()
    caplog.clear()
    assert say_what_is_missing(recorder)
    assert "lacks 0.0 to 1.0 s" in caplog.text and "No space" not in caplog.text
