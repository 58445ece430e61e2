"""The table of hours follows from the measurements, and the documentation has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.commands.unseen import shape_of
from bridge.prepare import hours
from bridge.prepare.hours import COMPUTERS, Computer

ROOT = Path(__file__).parents[3]


def test_rates_on_the_measured_computer_are_the_measured_ones() -> None:
    shape = shape_of("musicgen-small")
    found = hours.rates(shape, Computer("", 2, hours.BANDWIDTH))
    assert found.hear == pytest.approx(hours.RENDER + (hours.ENCODE + hours.HIDDEN) / 2)
    read = shape.step_bytes("int4", hours.POSITIONS) / hours.BANDWIDTH
    assert found.play == pytest.approx(50 * read / hours.SHARE)


def test_gpu_that_computes_like_a_core_hears_like_a_core() -> None:
    shape = shape_of("musicgen-small")
    core = 2 * shape.read_weights * hours.FRAMES / hours.HIDDEN
    found = hours.rates(shape, Computer("", 8, 1e12, core / hours.GPU_USE))
    assert found.hear == pytest.approx(hours.RENDER + hours.ENCODE + hours.HIDDEN)


def test_larger_models_take_longer_and_a_gpu_less() -> None:
    small, large = (shape_of(f"musicgen-{name}") for name in ("small", "large"))
    slow, *_, fast = COMPUTERS
    for quick in (True, False):
        assert hours.hours(small, slow, quick)[0] < hours.hours(large, slow, quick)[0]
        assert hours.hours(large, fast, quick)[0] < hours.hours(large, slow, quick)[0] / 10


def test_documentation_has_the_table() -> None:
    assert hours.table() in (ROOT / "docs/directions.md").read_text("utf-8")
    assert hours.table_of_paper() in (ROOT / "docs/reproduce.md").read_text("utf-8")
