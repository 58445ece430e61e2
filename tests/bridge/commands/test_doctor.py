"""The doctor's advice follows from its measurements and is written into the rig."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bridge.cli import main
from bridge.commands import doctor
from bridge.commands.doctor import LONGEST, Pace, advise, examine, pace, text, write
from bridge.rig import load_rig
from musicrfm.model import MusicModel
from musicrfm.selfcheck import Verdict


def at(dtype: str, speed: float, worst: float = 10.0) -> Pace:
    return Pace(dtype, speed, (5.0, 8.0, worst), 20.0)


def test_pace_is_computed_from_the_frame_times() -> None:
    found = pace("float32", [0.01] * 98 + [0.03, 0.05], 50)
    assert found.speed == pytest.approx(2 / 1.06) and found.budget == 20.0
    assert found.frame[0] == pytest.approx(10) and found.frame[2] == pytest.approx(50)
    assert 10 < found.frame[1] < 50


def test_exact_precision_is_advised_unless_another_is_clearly_faster() -> None:
    assert advise([at("float32", 3.0), at("int8", 3.3)], "x", 0.0).dtype == "float32"
    faster = advise([at("float32", 3.0), at("int8", 4.5)], "x", 0.0)
    assert faster.dtype == "int8" and "int8 is 1.5 times as fast" in faster.words[-1]


def test_advised_lookahead_covers_stalls_and_device_latency() -> None:
    calm = advise([at("float32", 3.0)], "x", 0.03)
    assert calm.lookahead == pytest.approx(1.05)
    assert advise([at("float32", 3.0, worst=220.0)], "x", 0.03).lookahead == pytest.approx(1.45)
    assert advise([at("float32", 3.0, worst=5000.0)], "x", 0.03).lookahead == LONGEST


@pytest.mark.parametrize(
    ("speed", "words", "early"),
    [(0.7, "too few", False), (1.5, "little room", False), (4.0, "enough to play live", True)],
)
def test_advice_depends_on_the_speed_of_the_machine(speed: float, words: str, early: bool) -> None:
    advice = advise([at("float32", speed)], "card", 0.02)
    assert words in advice.words[0] and advice.early == early
    assert ("--early" in text([at("float32", speed)], advice)) == early


def test_advice_is_written_into_the_rig_and_nothing_else_changes(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text('# mine\n[engine]\nprompt = "a waltz"  # slow\nlookahead = 90\n')
    write(str(rig), advise([at("float32", 2.0), at("int8", 3.0)], "x", 0.0))
    assert "# mine" in rig.read_text() and "# slow" in rig.read_text()
    engine = load_rig(rig).engine
    assert engine == {"prompt": "a waltz", "lookahead": 1000, "dtype": "int8"}


def test_doctor_command_measures_every_precision_and_writes_the_rig(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr("bridge.commands.doctor.SECONDS", 1)
    rig = tmp_path / "rig.toml"
    words = ["doctor", "--model", str(checkpoint), "--device", "cpu", "--output", "no such card"]
    assert main([*words, "--rig", str(rig)]) == 0
    out = capsys.readouterr().out
    assert all(f"\n{dtype}" in out for dtype in ("float32", "bfloat16", "int8"))
    assert "sound: none: " in out and "bridge play --dtype" in out
    assert load_rig(rig).engine["lookahead"] >= 200


def test_ways_that_the_self_check_found_wrong_are_not_tried(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    asked: list[bool | None] = []

    def load(name: str, device: str, dtype: str) -> MusicModel:
        loaded.append(dtype)
        return model

    def stream(*what: object, graphs: bool | None, **options: object) -> Iterator[int]:
        asked.append(graphs)
        return itertools.count()

    monkeypatch.setattr(MusicModel, "load", load)
    monkeypatch.setattr(doctor, "MusicStream", stream)
    monkeypatch.setattr(doctor, "worth_trying", lambda *what: ("float16", "bfloat16"))
    for verdict, tried, graphs_tried in (
        (Verdict(True, "float16"), ["float16", "bfloat16"], [None, None]),
        (Verdict(False, "bfloat16"), ["bfloat16"], [False]),
        (Verdict(False, "float32"), ["float32"], [False]),
    ):
        loaded.clear()
        asked.clear()
        assert [p.dtype for p in examine("tiny", "cpu", verdict)] == tried
        assert set(loaded) == set(tried) and asked == graphs_tried


def test_doctor_hands_the_verdict_of_a_gpu_to_its_measurements(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    verdict, given = Verdict(False, "bfloat16", ("float16 is not used on cuda: x",)), []

    def examined(model: str, device: str | None, verdict: Verdict | None) -> list[Pace]:
        given.append(verdict)
        return [at("bfloat16", 3.0)]

    monkeypatch.setattr(doctor, "device_of", lambda device: torch.device("cuda"))
    monkeypatch.setattr(doctor, "settled", lambda device: verdict)
    monkeypatch.setattr(doctor, "examine", examined)
    monkeypatch.setattr(doctor, "sound_card", lambda *what: ("none", 0.0))
    rig = tmp_path / "rig.toml"
    rig.write_text("")
    monkeypatch.setattr(doctor, "name_of", lambda model: "musicgen-small")
    assert main(["doctor", "--model", "facebook/musicgen-small", "--rig", str(rig)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("musicgen-small is downloaded first: only for a CPU is its speed")
    assert given == [verdict] and "self-check: bfloat16, without CUDA graphs" in out
    assert load_rig(rig).engine["dtype"] == "bfloat16"


@pytest.mark.slow
def test_every_precision_is_timed(checkpoint: Path, monkeypatch) -> None:
    monkeypatch.setattr("bridge.commands.doctor.SECONDS", 1)
    found = examine(str(checkpoint), "cpu")
    assert [p.dtype for p in found] == ["float32", "bfloat16", "int8"]
    assert all(p.speed > 0 and p.frame[0] <= p.frame[1] <= p.frame[2] for p in found)
