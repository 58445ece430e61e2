"""The independent note transcriber, with a stand-in for its network."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.nano.judges import transcriber

RATE = 32_000


def tones(*pitches: int, seconds: float = 1.0) -> np.ndarray:
    at = np.arange(int(seconds * RATE)) / RATE
    parts = [0.3 * np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * at) for p in pitches]
    return np.concatenate(parts)[:, None].astype(np.float32)


def by_fourier(windows: np.ndarray) -> np.ndarray:
    """Detects the loudest key of each frame, in the network's output format."""
    found = np.zeros((len(windows), 172, 88), np.float32)
    for number, window in enumerate(windows[..., 0]):
        padded = np.pad(window, 2048)
        for frame in range(172):
            part = padded[frame * 256 : frame * 256 + 4096] * np.hanning(4096)
            power = np.abs(np.fft.rfft(part, 16384))
            if power.max() > 5:
                hertz = power.argmax() * transcriber.RATE / 16384
                found[number, frame, round(69 + 12 * np.log2(hertz / 440)) - 21] = 0.9
    return found


def test_transcribed_notes_have_the_right_time_and_pitch():
    audio = tones(60, 67, 71, seconds=1.5)
    found = transcriber.notes(by_fourier, audio, RATE)
    assert found.shape == (len(audio) * transcriber.RATE // RATE // 256, 88)
    frames = [round(second * transcriber.RATE / 256) for second in (0.75, 2.25, 3.75)]
    assert [int(found[frame].argmax()) + 21 for frame in frames] == [60, 67, 71]
    share = transcriber.note_share(found)
    assert share[[0, 7, 11]] == pytest.approx([1 / 3] * 3, abs=0.05)
    assert transcriber.note_share(np.zeros((10, 88))).tolist() == [0.0] * 12


def test_transcriber_agrees_with_the_measurement_more_than_by_chance():
    clips = [tones(60, 64, 67), tones(62, 62, 62)]
    told = transcriber.compare(by_fourier, clips, RATE, "x_")
    assert told["x_clips"] == 2 and told["x_agreement"] > 0.8 > 0.3 > told["x_agreement_by_chance"]
    assert (
        told["x_three_pitch_classes_transcribed"] == told["x_three_pitch_classes_measured"] == 0.5
    )
    assert told["x_same_verdict"] == 1.0


def test_a_folder_without_the_network_is_refused(tmp_path):
    with pytest.raises(MusicRFMError, match="pip download --no-deps basic-pitch"):
        transcriber.load(tmp_path)
