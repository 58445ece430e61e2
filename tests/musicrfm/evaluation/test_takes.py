"""Takes: cached by everything that affects them, played here or by worker processes."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.perform import Setting, perform
from musicrfm.evaluation.takes import FILE, Play, Recorder
from musicrfm.model import MusicModel
from tests import plays

SHORT = Setting(prompts=("piano", "flute"), seeds=(0, 1), seconds=0.5)


def direction(model, name="note_C", seed=0, **meta) -> Direction:
    vectors = np.random.default_rng(seed).normal(size=(model.layers, 1, model.width))
    return Direction(name, vectors, np.ones(model.layers), {"model": model.name, **meta})


@pytest.mark.slow
def test_worker_processes_play_the_same_takes(model, tmp_path):
    """Real clips, played by the same pool of two processes."""
    d = direction(model)
    with Recorder(model, SHORT) as alone:
        asked = alone.plays() + alone.plays((d, 5.0))
        expected = alone.hear(asked)
    with Recorder(model, SHORT, tmp_path, workers=2) as several:
        assert several.hear(asked) == expected
        several._play, log = plays.processes, tmp_path / "log"
        several.hear([Play(str(log), seed) for seed in range(6)])
        played_by = [line.split() for line in log.read_text().splitlines()]
        assert len({process for process, _ in played_by}) == 2
        assert str(os.getpid()) not in {process for process, _ in played_by}
        assert {threads for _, threads in played_by} == {"1"}
        # workers cannot load a model that was changed in memory
        several._fingerprint = "changed"
        with pytest.raises(MusicRFMError, match="use 0 workers"):
            several.hear([Play("flute", 9)])
        assert several.using(seconds=0.4)._workers is several._workers
    assert len((tmp_path / FILE).read_text().splitlines()) == len(asked) + 6


@pytest.mark.slow
@pytest.mark.needs("int8")
def test_workers_play_in_the_requested_precision(checkpoint):
    kinds = {dtype: MusicModel.load(checkpoint, "cpu", dtype) for dtype in ("bfloat16", "int8")}
    d = direction(kinds["int8"])
    with Recorder(kinds["bfloat16"], SHORT) as other:
        plain = other.hear(other.plays((d, 5.0)))
        key = other._key(other.plays()[0])
    with Recorder(kinds["int8"], SHORT) as alone:
        expected = alone.hear(alone.plays((d, 5.0)))
        assert expected != plain  # otherwise the test shows nothing
        assert alone._key(alone.plays()[0]) != key
    with Recorder(kinds["int8"], SHORT, workers=1) as worker:
        assert worker.hear(worker.plays((d, 5.0))) == expected


@pytest.mark.slow
def test_lost_worker_costs_only_its_current_take(model, tmp_path):
    asked = [Play("piano", seed) for seed in (0, 1)]
    with (
        Recorder(model, SHORT, tmp_path, workers=1, play=plays.crash_on_seed_1) as recorder,
        pytest.raises(MusicRFMError, match="one of 1 worker processes ended unexpectedly"),
    ):
        recorder.hear(asked)
    played = []

    def tone(model, prompt, *, seed=0, **settings):
        played.append(seed)
        return plays.tone(model, prompt, seed=seed, **settings)

    with Recorder(model, SHORT, tmp_path, play=tone) as recorder:
        recorder.hear(asked)
    assert played == [1]


def test_cache_key_covers_everything_that_affects_the_sound(model, tmp_path):
    first = direction(model, range=[0, 4.0])
    with Recorder(model, SHORT) as recorder:
        play = Play("piano", 0, ((first, 2.0),))
        key = recorder._key(play)

        def other(setting=SHORT, **changes) -> str:
            recorder.setting = setting
            return recorder._key(replace(play, **changes))

        second = direction(model, seed=1)
        keys = {
            key,
            other(prompt="flute"),
            other(seed=1),
            other(steers=((first, 3.0),)),
            other(steers=((second, 2.0),)),
            other(steers=((first, 2.0), (second, 1.0))),
            other(steers=((first, 2.0), (second, 1.0)), fade=(0.1, 0.2)),
            other(steers=()),
            other(over_time=True),
            *(
                other(replace(SHORT, **{name: value}))
                for name, value in {
                    "seconds": 0.6,
                    "layers": "top:1",
                    "guidance_scale": 1.0,
                    "temperature": 0.5,
                    "top_k": 3,
                    "schedule": "linear:10",
                    "inject": 0.3,
                    "inject_per": "step",
                    "keep_norm": True,
                    "steer_guidance": "conditional",
                }.items()
            ),
        }
        assert len(keys) == 19
        # the range does not affect the sound of a raw coefficient
        assert other(steers=((direction(model, range=[0, 9.0]), 2.0),)) == key
        # steering settings do not affect an unsteered take
        still = {other(replace(SHORT, layers=spec), steers=()) for spec in ("all", "top:1")}
        assert len(still) == 1 and other(steers=((first, 0.0),)) in still


def test_settings_of_steering_reach_the_stream(model):
    d = direction(model)
    plain = perform(model, "piano", seconds=0.4, changes=[(0.0, d, 30.0)])
    for settings in (
        {"layers": "layer:0"},
        {"schedule": "linear:4"},
        {"inject": 0.5},
        {"inject": 0.5, "inject_per": "step"},
        {"keep_norm": True},
        {"steer_guidance": "conditional"},
    ):
        other = perform(model, "piano", seconds=0.4, changes=[(0.0, d, 30.0)], **settings)
        assert np.abs(other - plain).max() > 1e-3, settings


@pytest.mark.slow
def test_crossfade_is_played_and_measured_over_time(model, tmp_path):
    one, other = direction(model, "note_A"), direction(model, "note_E", seed=1)
    play = Play("piano", 0, ((one, 0.0), (other, 1.0)), fade=(2.0, 4.0), over_time=True)
    setting = replace(SHORT, seconds=8.0)
    with Recorder(model, setting, tmp_path, play=plays.tone) as recorder:
        take = recorder.hear([play])[0]
    shares = np.array(take.over_time)
    assert shares.shape in ((16, 12), (17, 12))
    assert (shares[:6, 9] > 0.9).all() and (shares[10:16, 4] > 0.9).all()  # A, then E
    with Recorder(model, setting, tmp_path, play=None) as recorder:
        assert recorder.hear([play])[0] == take
    real = perform(
        model, "piano", seconds=1.2, changes=[(0.0, one, 30.0)], fades=[(0.2, one, other, 0.4)]
    )
    stays = perform(model, "piano", seconds=1.2, changes=[(0.0, one, 30.0)])
    goes = perform(model, "piano", seconds=1.2, changes=[(0.0, one, 30.0), (0.2, other, 30.0)])
    assert np.isfinite(real).all() and np.abs(real - stays).max() > 1e-3
    assert np.abs(real - goes).max() > 1e-3


def test_instrument_probabilities_are_stored(model, tmp_path):
    def listener(audio, rate):
        return {"piano": 0.7, "flute": 0.3}

    with Recorder(model, SHORT, tmp_path, hear_instrument=listener, play=plays.tone) as recorder:
        take = recorder.hear([Play("piano", 0)])[0]
    assert take.instrument == "piano" and take.odds == {"piano": 0.7, "flute": 0.3}
    assert json.loads((tmp_path / FILE).read_text())["odds"]["flute"] == 0.3


def test_nano_classifier_gives_instrument_probabilities():
    from musicrfm.nano import instruments
    from musicrfm.nano.adherence import instrument_listener

    rng = np.random.default_rng(0)
    t = np.arange(4 * 32_000) / 32_000
    audio = (0.3 * np.sin(2 * np.pi * 440 * t) + 0.01 * rng.normal(size=len(t))).astype(np.float32)
    odds = instrument_listener()(audio, 32_000)
    assert sum(odds.values()) == pytest.approx(1)
    named = instruments.hear_instrument(audio[32_000:], 32_000)
    assert max(odds, key=odds.__getitem__) == named
