"""Long takes: faults per minute, and changes at seams compared with elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.nano.judges import endless, playing
from musicrfm.stream import MusicStream

RATE = 16_000


def taken(seconds: int, seams: list[float], strength: float) -> endless.Run:
    """Notes at random times; at the seams a click, a level jump and other notes."""
    rng = np.random.default_rng(0)
    at = np.arange(seconds * RATE) / RATE
    audio = 0.001 * rng.normal(size=len(at))
    scale, now = [262, 330, 392], 0.0
    while now < seconds:
        begin, length = int(now * RATE), int(rng.uniform(0.2, 0.8) * RATE)
        part = at[begin : begin + length] - now
        hertz = rng.choice(scale) * (1 + strength * (sum(s < now for s in seams) % 2) / 3)
        audio[begin : begin + length] += 0.2 * np.sin(2 * np.pi * hertz * part) * np.exp(-3 * part)
        now += length / RATE
    for number, seam in enumerate(seams):
        audio[int(seam * RATE) :] *= (1 + 4 * strength) ** (-1 if number % 2 else 1)
        audio[int(seam * RATE) : int(seam * RATE) + 40] += strength * rng.normal(size=40)
    return endless.Run("solo piano melody", audio[:, None].astype(np.float32), RATE, seams)


def test_seam_ratio_compares_seams_with_other_places(monkeypatch):
    seams = [1.0, 10.0, 20.0, 29.5]  # the first and last are too near the ends

    def steps(place: float) -> float:
        return 3.0 if min(abs(place - seam) for seam in seams) < 0.45 else 2.0

    monkeypatch.setattr(endless, "_changes", lambda run: {"flux": steps})
    run = endless.Run("", np.zeros((30 * RATE, 1), np.float32), RATE, seams)
    assert endless.seams([run]) == {
        "seams": 2,
        "seam_flux_ratio": 1.5,
        "seam_flux_ratio_interval": [1.5, 1.5],
    }


@pytest.mark.slow
def test_audible_seams_have_ratios_above_one_and_inaudible_seams_do_not():
    seams = [4.0 * i for i in range(1, 15)]
    unheard = endless.seams([taken(60, seams, 0.0)])
    heard = endless.seams([taken(60, seams, 0.5)])
    assert unheard["seams"] == heard["seams"] == 14
    for name in ("flux", "level", "notes"):
        low, high = unheard[f"seam_{name}_ratio_interval"]
        assert low < 1.15 and high > 0.85, name
        assert heard[f"seam_{name}_ratio_interval"][0] > max(1.2, unheard[f"seam_{name}_ratio"])


def test_silence_clipping_and_fading_level_are_reported():
    run = taken(130, [], 0.0)
    run.audio[40 * RATE : 47 * RATE] = 0
    run.audio[100 * RATE :] *= 0.1
    run.audio[:650] = 1.0
    told = endless._levels([run])
    assert told["longest_silence_seconds"] == 7 and told["silent_share"] == pytest.approx(7 / 130)
    assert told["level_change_first_to_last_minute_db"] < -5
    assert told["clipped_share"] == pytest.approx(650 / 130 / RATE, rel=0.01)


def test_faults_are_counted_minute_by_minute(monkeypatch):
    def judged(prompt, audio, rate, usual, odds) -> playing.Judged:
        return playing.Judged(prompt, 5, 1.0, float(audio.max()), (0, 1), 0.5, True)

    monkeypatch.setattr(playing, "judged", judged)
    monkeypatch.setattr(endless, "seams", lambda runs: {"seams": len(runs[0].seams)})
    audio = np.full((120 * RATE, 1), 0.5, np.float32)
    audio[90 * RATE :] = 2.0
    told = endless.summary([endless.Run("solo piano melody", audio, RATE, [50.0])], {}, dict)
    assert told["stretches"] == 12 and told["without fault, minute 1"] == 1.0
    assert told["without fault, minute 2"] == 0.5 and told["stretches with onsets"] == 0.25
    assert told["without_fault"] == 0.75 and told["seams"] == 1


def test_seam_frames_are_the_frames_where_the_window_moves(model):
    stream, seen = MusicStream(model, "piano", window_seconds=0.6, keep_seconds=0.3), []
    frames = 3 * stream.window
    while stream.frame < frames:
        before = stream.state.window
        next(stream)
        if stream.state.window is not before and stream.frame <= frames:
            seen.append(stream.frame - 1)
    assert len(seen) >= 2 and endless.seam_frames(stream, frames) == seen


def test_run_has_the_requested_length(model):
    run = endless.play(model, "piano", 0.5)
    assert len(run.audio) == round(0.5 * model.frame_rate) * model.frame_size
    assert run.seams == [] and run.sample_rate == model.sample_rate
