"""Evaluation: real streams of a small model, and a stand-in player with a known response."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation import evaluate as ev
from musicrfm.evaluation import plots
from musicrfm.evaluation.responses import pooled
from musicrfm.listening import measure

RATE = 32_000
PROMPTS = {"piano": "piano", "flute": "flute"}
SHORT = ev.Setting(prompts=tuple(PROMPTS), seeds=(0, 1), seconds=0.6)


def direction(model, name="note_C", seed=0, **meta) -> Direction:
    vectors = np.random.default_rng(seed).normal(size=(model.layers, 1, model.width))
    about = {"model": model.name, "method": "rfm", **meta}
    return Direction(name, vectors, np.ones(model.layers), about)


def heard(share=0.1, pitch_class=0, **changes) -> measure.Measurements:
    shares = np.full(12, (1 - share) / 11)
    shares[pitch_class] = share
    usual = measure.Measurements(
        8.0, tuple(shares), 6, 120.0, 0.8, 4.0, -20.0, 0.7, 0.01, 0.02, 0.0
    )
    return replace(usual, **changes)


def response(values: dict[float, float], name="note_C", spoiled: dict | None = None) -> ev.Response:
    """A response with these shares (BPM for a tempo); `spoiled` maps coefficients to changes."""
    takes = []
    for coefficient, value in values.items():
        changes = {"tempo_bpm": value} if name == "tempo" else {"share": value}
        changes |= (spoiled or {}).get(coefficient, {})
        takes += [ev.Take(coefficient, p, s, heard(**changes)) for p in PROMPTS for s in (0, 1)]
    subject = Direction(name, np.ones((2, 1, 4)), np.ones(2), {"model": "x", "method": "rfm"})
    return ev.summarise(subject, takes, PROMPTS)


# ---- ranges ----


def test_range_ends_where_the_response_saturates():
    found = response({0: 0.1, 1: 0.3, 2: 0.7, 4: 0.93, 6: 0.94, 8: 0.93})
    assert found.range == (0.0, 4)
    assert found.best.value == pytest.approx(0.93) and found.best.coefficient == 4


@pytest.mark.parametrize(
    "spoiled",
    [{"onset_rate": 2.0}, {"onset_rate": 6.0}, {"pitch_classes": 2}, {"silence_share": 0.6}],
)
def test_range_ends_before_the_music_is_spoiled(spoiled):
    values = {0: 0.1, 1: 0.3, 2: 0.7, 4: 0.9, 6: 0.95}
    found = response(values, spoiled={4: spoiled})
    assert found.range == (0.0, 2)
    assert [p.musical for p in found.points] == [True, True, True, False, True]
    assert found.best.coefficient == 2


def test_no_range_without_a_response():
    assert response({0: 0.1, 2: 0.12, 4: 0.15}).range is None
    assert response({0: 0.3, 2: 0.2, 4: 0.1}).range is None


def test_tempo_range_has_two_sides_and_tolerates_onset_changes():
    values = {-6: 90.0, -3: 100.0, 0: 120.0, 3: 130.0, 6: 150.0}
    found = response(values, "tempo", spoiled={6: {"onset_rate": 8.0}})
    assert found.range == (-6, 6)
    assert [found.spearman, found.ordered] == pytest.approx([1.0, 1.0])
    assert found.spread == pytest.approx(150 / 90 - 1)
    assert response({-3: 130.0, 0: 120.0, 3: 100.0}, "tempo").range is None  # falling
    assert response({-3: 119.0, 0: 120.0, 3: 120.5}, "tempo").range is None


def test_takes_without_a_pulse_do_not_count_for_the_tempo():
    takes = [
        ev.Take(0.0, "piano", 0, heard(tempo_bpm=100.0)),
        ev.Take(0.0, "piano", 1, heard(tempo_bpm=None)),
        ev.Take(3.0, "piano", 0, heard(tempo_bpm=None)),
    ]
    subject = Direction("tempo", np.ones((2, 1, 4)), np.ones(2), {"model": "x"})
    found = ev.summarise(subject, takes, PROMPTS)
    assert found.unsteered.value == 100.0 and np.isnan(found.points[-1].value)
    assert found.range is None
    silent = [ev.Take(c, "piano", 0, heard(tempo_bpm=None)) for c in (0.0, 3.0)]
    nothing = ev.summarise(subject, silent, PROMPTS)
    assert nothing.range is None and "| nan" in ev.markdown([nothing], SHORT, "tiny")


def test_adherence_counts_prompted_instruments():
    named = {("piano", 0): "piano", ("piano", 1): "organ", ("flute", 0): "flute", ("flute", 1): "x"}
    takes = [ev.Take(0.0, p, s, heard(), name) for (p, s), name in named.items()]
    takes += [ev.Take(2.0, p, s, heard(share=0.8), p) for p, s in named]
    subject = Direction("note_C", np.ones((2, 1, 4)), np.ones(2), {"model": "x"})
    found = ev.summarise(subject, takes, PROMPTS)
    assert found.unsteered.adherence == 0.5 and found.best.adherence == 1.0
    assert "0.50 → 1.00" in ev.markdown([found], SHORT, "tiny")


# ---- coefficients ----


def test_coefficients_to_try_follow_range_and_state_norm(model):
    wide = ev.coefficients_to_try(direction(model, state_norm=40.0))
    assert min(wide) > 0 and 2 <= wide[len(wide) // 2] <= 4
    known = direction(model, range=[0, 8])
    assert ev.coefficients_to_try(known) == (2, 4, 6, 8, 10)
    assert ev.coefficients_to_try(known, calibrate=True)[0] == pytest.approx(0.5)
    both = ev.coefficients_to_try(direction(model, "tempo", concept="tempo", state_norm=40.0))
    assert [-c for c in reversed(both)] == list(both)


def test_other_concepts_cannot_be_evaluated(model):
    for name in ("progression_ionian-1-4-5-1", "chord_sus", "interval_13", "warmth"):
        with pytest.raises(MusicRFMError, match=f"'{name}' cannot be evaluated"):
            ev.reading(direction(model, name))


# ---- playing ----


def test_performance_changes_when_the_knob_turns(model):
    plain = ev.perform(model, "piano", seed=3, seconds=1.6)
    assert plain.shape == (80 * model.frame_size, model.channels)
    assert np.isfinite(plain).all()
    np.testing.assert_array_equal(plain, ev.perform(model, "piano", seed=3, seconds=1.6))
    assert not np.array_equal(plain, ev.perform(model, "piano", seed=4, seconds=1.6))
    d = direction(model, range=[0, 4.0])
    turned = ev.perform(model, "piano", seed=3, seconds=1.6, changes=[(0.8, d, 40.0)])
    same = slice(0, round(0.6 * RATE))  # the codec has some lookahead
    np.testing.assert_allclose(turned[same], plain[same], atol=1e-4)
    assert np.abs(turned[RATE:] - plain[RATE:]).max() > 1e-3


def test_raw_coefficients_do_not_depend_on_the_range(model):
    first, second = direction(model), direction(model, range=[0, 7.0])
    np.testing.assert_allclose(
        ev.perform(model, "piano", seconds=0.4, changes=[(0, first, 5.0)]),
        ev.perform(model, "piano", seconds=0.4, changes=[(0, second, 5.0)]),
        atol=1e-5,
    )


@pytest.mark.slow
def test_interrupted_evaluation_resumes(model, tmp_path, monkeypatch):
    d = direction(model)
    found = ev.evaluate(model, [d], SHORT, coefficients=[3.0], folder=tmp_path, draws=0)[0]
    assert [(p.coefficient, p.takes) for p in found.points] == [(0.0, 4), (3.0, 4)]
    lines = (tmp_path / "takes.jsonl").read_text().splitlines()
    assert len(lines) == 8
    (tmp_path / "takes.jsonl").write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:40])
    played = []
    real = ev.perform
    monkeypatch.setattr(ev, "perform", lambda *a, **k: played.append(k) or real(*a, **k))
    again = ev.evaluate(model, [d], SHORT, coefficients=[3.0], folder=tmp_path, draws=0)[0]
    assert again == found and len(played) == 1
    last = (tmp_path / "takes.jsonl").read_text().splitlines()[-1]
    assert json.loads(last) == json.loads(lines[-1])
    # other vectors or settings: all affected takes are played again
    ev.evaluate(
        model, [direction(model, seed=1)], SHORT, coefficients=[3.0], folder=tmp_path, draws=0
    )
    assert len(played) == 5
    warm = replace(SHORT, temperature=0.9)
    ev.evaluate(model, [d], warm, coefficients=[3.0], folder=tmp_path, draws=0)
    assert len(played) == 13


def test_a_direction_of_another_model_is_refused(model):
    foreign = direction(model)
    foreign.meta["model"] = "other"
    with pytest.raises(MusicRFMError, match="other"):
        ev.evaluate(model, [foreign], SHORT)


def obedient(model, prompt, *, seed=0, seconds=8.0, changes=(), layers="all", **settings):
    """Plays random notes; the target (Cs) is more frequent at higher coefficients."""
    raw = sum(c for _, _, c in changes)
    rng = np.random.default_rng([seed, len(prompt)])
    scale = [0, 2, 4, 5, 7, 9, 11]
    notes = [1 if rng.random() < raw / 10 else int(rng.choice(scale)) for _ in range(16)]
    t = np.arange(int(seconds / 16 * RATE)) / RATE
    tones = [np.sin(2 * np.pi * 261.63 * 2 ** (n / 12) * t) * np.exp(-4 * t) for n in notes]
    return (0.3 * np.concatenate(tones)).astype(np.float32)[:, None]


@pytest.mark.slow
def test_report_shows_the_response_of_the_player(model, tmp_path, monkeypatch):
    monkeypatch.setattr(ev, "perform", obedient)
    directions = [direction(model, "note_C#"), direction(model, "note_C#", method="linear")]
    setting = replace(SHORT, seconds=4.0)
    responses = ev.evaluate(
        model,
        directions,
        setting,
        coefficients=[2.0, 5.0, 7.0],
        folder=tmp_path,
        instruments=PROMPTS,
        hear_instrument=lambda audio, rate: "piano",
    )
    found = responses[0]
    assert [p.value for p in found.points] == sorted(p.value for p in found.points)
    assert found.unsteered.value < 0.1 and found.best.value > 0.45
    assert found.range == (0.0, 7.0)
    assert found.unsteered.adherence == 0.5
    table = ev.write_report(tmp_path, responses, setting, model.name).read_text()
    assert f"| rfm | 0 to 7 | {found.unsteered.interval} | {found.best.interval}" in table
    assert "**not distinguishable from random directions**" in table  # this player obeys any push
    assert (tmp_path / "evaluation.csv").read_text().count("\n") == 9
    assert "| linear | 1 |" in table  # methods side by side
    data = json.loads((tmp_path / "evaluation.json").read_text())
    assert data["directions"][0]["best"]["coefficient"] == 7.0
    for name in ("response_note_Cs_rfm", "response_note_Cs_linear", "responses", "methods"):
        picture = (tmp_path / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) > 10_000


def test_chroma_plot_is_written(tmp_path):
    seconds, energy = measure.chroma(obedient(None, "piano", seconds=4.0), RATE)
    plots.chroma(tmp_path / "chroma.png", [("unsteered", seconds, energy)] * 2, target=1)
    assert len((tmp_path / "chroma.png").read_bytes()) > 10_000
    assert plots.spoken("note_Fs") == "F♯" and plots.spoken("tempo") == "tempo"


def test_range_for_a_share_is_read_from_the_smoothed_curve():
    found = response({0: 0.1, 1: 0.3, 2: 0.72, 3: 0.68, 4: 0.9})  # 0.70 at 2 and 3, smoothed
    low, high = ev.reaching(found, 0.8)
    assert low == 0 and high == pytest.approx(3.5)
    assert ev.reaching(found, 0.95) is None
    assert ev.reaching(found, 0.05) is None


def test_top_of_the_range_is_reported_if_it_was_played():
    found = response({0: 0.1, 1: 0.3, 2: 0.7, 4: 0.93, 6: 0.94})
    assert found.range == (0.0, 4) and found.top.value == pytest.approx(0.93)
    assert response({0: 0.1, 2: 0.12}).top is None


def test_points_of_several_responses_are_pooled_over_their_takes():
    one, other = response({0: 0.1, 1: 0.5}), response({0: 0.2, 2: 0.9})
    found = pooled([(one, one.points[-1]), (other, other.points[-1])])
    assert found.value == pytest.approx(0.7) and found.count == 8
    assert 0.5 <= found.low < 0.7 < found.high <= 0.9
