"""A piece continues a take seamlessly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream

WINDOW = {"window_seconds": 2.0, "keep_seconds": 0.4}  # 100 positions


def codes(model: MusicModel, frames: int) -> torch.Tensor:
    dice = torch.Generator().manual_seed(3)
    return torch.randint(model.codes, (model.codebooks, frames), generator=dice)


def played(stream: MusicStream, frames: int) -> np.ndarray:
    return np.concatenate([next(stream) for _ in range(frames)])


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("graphs", [False, True])
def test_take_is_heard_and_music_follows_without_a_jump(model, graphs, early):
    options = {"seed": 2, "graphs": graphs, "early": early, **WINDOW}
    take = codes(model, 40)
    stream = MusicStream(model, "piano", continue_from=take, hear_take=True, **options)
    sound = played(stream, 90)
    certain = (40 - stream.delay_frames - stream._codec.lookahead_frames) * model.frame_size
    before = model.decode_codes(take)[:certain]
    if not early:
        np.testing.assert_allclose(sound[:certain], before, atol=2e-4)
    unheard = MusicStream(model, "piano", continue_from=take, **options)
    new = played(unheard, 40)
    place = len(sound[: (40 - stream.delay_frames) * model.frame_size])
    place -= 0 if early else stream._codec.latency
    size = model.frame_size
    np.testing.assert_allclose(sound[place + size :][: 20 * size], new[size : 21 * size], atol=2e-4)
    # The jump at the seam is at most 1.5 times the 99 % quantile around it.
    jumps = np.abs(np.diff(sound, axis=0)).max(1)
    seam, around = jumps[place - 10 : place + 10], jumps[place - 5 * size : place + 5 * size]
    assert seam.max() <= 1.5 * np.quantile(around, 0.99)
    assert np.abs(new).max() > 1e-4 and np.isfinite(sound).all()


def test_continuation_equals_the_rest_of_the_same_piece(model):
    """At temperature 0, the codes of a piece are continued as in that piece."""
    whole = MusicStream(model, "piano", seed=2, temperature=0.0, graphs=False, **WINDOW)
    whole._play(80)
    inputs, delays = whole._window.inputs, model.delays
    take = torch.stack([inputs[k, 1 + late : 41 + late] for k, late in enumerate(delays)])
    on = MusicStream(
        model, "piano", seed=2, temperature=0.0, graphs=False, continue_from=take, **WINDOW
    )
    assert on.frame == 40
    on._play(35)
    assert torch.equal(on._window.inputs[:, :76], inputs[:, :76])


def test_state_within_the_take_can_be_restored(model):
    stream = MusicStream(
        model, "piano", continue_from=codes(model, 40), hear_take=True, graphs=False, **WINDOW
    )
    played(stream, 10)
    state = stream.state
    once = played(stream, 50)
    stream.state = state
    assert np.array_equal(played(stream, 50), once)


def test_restart_continues_the_take_without_playing_it(model):
    options = {"continue_from": codes(model, 40), "graphs": False, **WINDOW}
    stream = MusicStream(model, "piano", hear_take=True, **options)
    played(stream, 60)
    stream.restart()
    assert np.array_equal(played(stream, 10), played(MusicStream(model, "piano", **options), 10))


def test_recording_is_resampled_and_only_the_end_is_kept(model, tmp_path):
    path = tmp_path / "take.wav"
    time = np.arange(3 * 44100) / 44100
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 220 * time), 44100)
    stream = MusicStream(model, "piano", continue_from=path, **WINDOW)
    whole = MusicStream(model, "piano", continue_from=str(path))
    assert stream.take.shape == (model.codebooks, 50)  # half the window
    assert torch.equal(whole.take[:, -50:], stream.take)
    assert np.isfinite(played(stream, 5)).all()


@pytest.mark.parametrize(
    ("seconds", "level", "said"),
    [
        (None, 0, "the recording .* does not exist"),
        (0.2, 0.5, "is only 0.20 s long"),
        (2, 0, "is silent"),
    ],
)
def test_missing_short_and_silent_recordings_are_refused(
    model, tmp_path: Path, seconds, level, said
):
    path = tmp_path / "take.wav"
    if seconds is not None:
        soundfile.write(path, level * np.ones(round(seconds * 16000)), 16000)
    with pytest.raises(MusicRFMError, match=said):
        MusicStream(model, continue_from=path)


def test_take_with_cancelling_channels_or_nan_is_refused(model, tmp_path):
    sides = 0.3 * np.sin(np.arange(32000) / 20)[:, None] * [1.0, -1.0]
    soundfile.write(tmp_path / "wide.wav", sides, 16000)
    with pytest.raises(MusicRFMError, match="the channels of .*wide.wav' cancel"):
        MusicStream(model, continue_from=tmp_path / "wide.wav")
    soundfile.write(tmp_path / "nan.wav", np.where(sides > 0.29, np.nan, sides), 16000, "FLOAT")
    with pytest.raises(MusicRFMError, match="samples that are not finite"):
        MusicStream(model, continue_from=tmp_path / "nan.wav")


def test_truncated_flac_of_unknown_length_is_a_take(model, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    soundfile.write(tmp_path / "a.flac", 0.3 * np.sin(np.arange(160_000) / 20), 16000)
    data = (tmp_path / "a.flac").read_bytes()
    whole = MusicStream(model, continue_from=tmp_path / "a.flac", **WINDOW).take
    unknown = data[:21] + bytes([data[21] & 0xF0]) + bytes(4) + data[26:]
    (tmp_path / "b.flac").write_bytes(unknown)
    assert torch.equal(MusicStream(model, continue_from="~/b.flac", **WINDOW).take, whole)
    (tmp_path / "b.flac").write_bytes(unknown[: len(data) // 2])
    assert MusicStream(model, continue_from=tmp_path / "b.flac", **WINDOW).take.shape[1] == 50


def test_invalid_takes_are_refused(model, tmp_path):
    path = tmp_path / "take.wav"
    path.write_text("no sound")
    with pytest.raises(MusicRFMError, match="is not a readable sound file"):
        MusicStream(model, continue_from=path)
    with pytest.raises(MusicRFMError, match="codes to continue from must have the shape"):
        MusicStream(model, continue_from=codes(model, 2))
    with pytest.raises(MusicRFMError, match="codes must be from 0"):
        MusicStream(model, continue_from=codes(model, 20) + model.codes)
    with pytest.raises(MusicRFMError, match="path or codes"):
        MusicStream(model, continue_from=object())
