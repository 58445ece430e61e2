"""Recording: what was played is in the file, and neither disk nor signal can hurt."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import soundfile

from bridge.recorder import Recorder, is_sound_file
from musicrfm.errors import MusicRFMError


def noise(frames: int, channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".FLAC"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_file_holds_what_was_written(tmp_path, suffix, channels):
    path = tmp_path / f"set{suffix}"
    recorder = Recorder(path, 32000, channels)
    blocks = [noise(640, channels, seed) for seed in range(20)]
    for block in blocks:
        recorder.write(block)
    recorder.close()
    recorder.close()
    audio, rate = soundfile.read(path, always_2d=True)
    assert rate == 32000
    np.testing.assert_allclose(audio, np.concatenate(blocks), atol=2**-22)


def test_a_file_that_cannot_be_made_is_an_error(tmp_path):
    with pytest.raises(MusicRFMError, match="must end in .flac or .wav"):
        Recorder(tmp_path / "set.mp3", 32000, 1)
    with pytest.raises(MusicRFMError, match="cannot write"):
        Recorder(tmp_path / "no" / "folder" / "set.wav", 32000, 1)
    assert is_sound_file("a.WAV") and not is_sound_file("Scarlett 2i2")


def test_a_full_disk_ends_the_recording_not_the_set(tmp_path, caplog):
    recorder = Recorder(tmp_path / "set.wav", 32000, 1)

    def full(audio):
        raise OSError("No space left on device")

    recorder._file.write = full
    for seed in range(5):
        recorder.write(noise(640, 1, seed))
    recorder.close()
    assert recorder.failed
    assert caplog.text.count("No space left") == 1
    recorder.write(noise(640, 1))


def test_a_stalled_disk_never_blocks_the_engine(tmp_path):
    recorder = Recorder(tmp_path / "set.wav", 32000, 1, frame_size=640 * 500)
    stalled, write = threading.Event(), recorder._file.write
    recorder._file.write = lambda audio: (stalled.wait(10), write(audio))
    for _ in range(20):
        recorder.write(noise(640, 1))
    assert recorder.dropped > 0
    stalled.set()
    recorder.close()
    with soundfile.SoundFile(recorder.path) as file:
        assert file.frames == 640 * (20 - recorder.dropped)
