"""Schedules: built-in curves, user functions, and failures of those functions."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.steering.schedules import Progress, Schedule, imports_code, parse_schedule


def factors(spec: str, steps: int = 6) -> list[float]:
    schedule = parse_schedule(spec)
    return [schedule.factor(step) for step in range(steps)]


def test_curve_factors() -> None:
    assert parse_schedule(" constant ").factor(1000) == 1.0
    assert parse_schedule("exponential:0.1").factor(0) == 1.0
    assert parse_schedule("exponential:0.1").factor(20) == pytest.approx(math.exp(-2))
    assert parse_schedule("exponential:0.1").factor(100_000) == 0.0
    assert factors("linear:4") == [1, 0.75, 0.5, 0.25, 0, 0]
    assert factors("ramp:4") == [0, 0.25, 0.5, 0.75, 1, 1]
    half = [0, 0.5 - math.sqrt(0.125), 0.5, 0.5 + math.sqrt(0.125), 1, 1]
    assert factors("cosine:4") == pytest.approx(half)
    assert factors("cosine-down:4") == pytest.approx([1 - share for share in half])


def test_exponential_schedule_matches_the_published_decay() -> None:
    """The MusicRFM examples multiply by 0.998 per step."""
    schedule = parse_schedule(f"exponential:{-math.log(0.998)}")
    assert schedule.factor(700) == pytest.approx(0.998**700)


@pytest.mark.parametrize("spec", ["linear:7", "ramp:7", "cosine:7", "cosine-down:7.5"])
def test_finished_schedules_stay_constant(spec: str) -> None:
    schedule = parse_schedule(spec)
    ends = [schedule.factor(step) for step in range(30) if schedule.stays(step)]
    assert len(ends) > 20 and len(set(ends)) == 1
    assert not schedule.stays(6)
    assert parse_schedule("constant").stays(0) and not parse_schedule("exponential:1").stays(9)


@pytest.mark.parametrize(
    "spec",
    [
        *("", "constant:1", "exponential", "exponential:-1", "exponential:inf", "linear:0"),
        *("linear:x", "ramp", "ramp:-5", "cosine:0", "cosine-down:nan", "cosine_down:5"),
        *("python", "python:", "python:math", "python::floor", "Python:math:pow"),
    ],
)
def test_invalid_schedules_are_refused(spec: str) -> None:
    with pytest.raises(MusicRFMError, match="linear:STEPS|python:MODULE:FUNCTION"):
        parse_schedule(spec)


# ---- Python functions ----


@pytest.fixture
def curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module in the current folder."""
    (tmp_path / "stage_curves.py").write_text(
        "def swell(step, base):\n    return base * min(1, step / 10)\n\n"
        "class Set:\n    @staticmethod\n    def half(step, base, share=0.5):\n"
        "        return base * share\n\n"
        "def alone(step):\n    return 1.0\n\nnumber = 5\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    yield "stage_curves"
    sys.modules.pop("stage_curves", None)


def run(schedule: Schedule, steps: int, base: float = 0.8) -> list[float]:
    progress, token = Progress("note_C"), object()
    return [progress.coefficient(step, base, None, schedule, token)[0] for step in range(steps)]


def test_function_is_loaded_by_import_path(curves: str) -> None:
    before = list(sys.path)
    swell = parse_schedule(f"python:{curves}:swell")
    assert run(swell, 4) == pytest.approx([0, 0.08, 0.16, 0.24])
    assert swell.spec == "python:stage_curves:swell" and not swell.stays(1000)
    assert run(parse_schedule("python:stage_curves:Set.half"), 2) == [0.4, 0.4]
    assert sys.path == before


def test_function_is_loaded_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "far_curves.py").write_text("def up(step, base): return step\n", encoding="utf-8")
    with pytest.raises(MusicRFMError, match="No module named 'far_curves'"):
        parse_schedule("python:far_curves:up")
    assert run(parse_schedule("python:far_curves:up", [tmp_path]), 3) == [0, 1, 2]
    sys.modules.pop("far_curves")


def test_installed_modules_are_not_shadowed(tmp_path: Path) -> None:
    (tmp_path / "colorsys.py").write_text("raise SystemExit('mine')\n", encoding="utf-8")
    sys.modules.pop("colorsys", None)
    with pytest.raises(
        MusicRFMError, match="must take"
    ):  # the standard library's rgb_to_hls takes three
        parse_schedule("python:colorsys:rgb_to_hls", [tmp_path])


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("python:stage_curves:missing", "cannot be imported: AttributeError"),
        ("python:stage_curves:number", "is not a function"),
        ("python:stage_curves:alone", "must take \\(step, base\\)"),
        ("python:nowhere_at_all:f", "cannot be imported: ModuleNotFoundError"),
        ("python:broken_curves:f", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_unusable_functions_are_refused(curves: str, tmp_path: Path, spec: str, words: str) -> None:
    (tmp_path / "broken_curves.py").write_text("1 / 0\n", encoding="utf-8")
    with pytest.raises(MusicRFMError, match=words) as info:
        parse_schedule(spec)
    assert "\n" not in str(info.value)


def test_specs_that_import_code_are_recognised() -> None:
    for spec in ("python:os:system", "  python:os:system", "python", "python:"):
        assert imports_code(spec)
    for spec in ("constant", "linear:5", "pythonic:x:y", "xpython:os:system", ""):
        assert not imports_code(spec)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (lambda: 1 / 0, "failed: ZeroDivisionError"),
        (lambda: float("nan"), "returned nan"),
        (lambda: -math.inf, "returned -inf"),
        (lambda: None, "failed: TypeError"),
        (lambda: 10**400, "failed: OverflowError"),
        (lambda: sys.exit(1), "failed: SystemExit"),
        (lambda: np.zeros(3), "failed: TypeError"),
    ],
)
def test_failing_function_holds_its_last_value_and_is_reported_once(
    failure, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    def course(step: int, base: float) -> float:
        return failure() if 3 <= step < 6 or step == 8 else base + step

    found = run(parse_schedule(course), 10)
    assert found == pytest.approx([0.8, 1.8, 2.8, 2.8, 2.8, 2.8, 6.8, 7.8, 7.8, 9.8])
    (record,) = caplog.records
    assert words in record.getMessage() and "note_C" in record.getMessage()
    assert "held at 2.8" in record.getMessage() and "step 3" in record.getMessage()


def test_function_that_always_fails_leaves_the_coefficient_unchanged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert run(parse_schedule(lambda step, base: None), 5) == [0.8] * 5
    assert len(caplog.records) == 1
