"""Slot prompts are blended by gliding weights; the first prompt gets the rest."""

from __future__ import annotations

import pytest

from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from tests.bridge.tones import Collector, ToneStream


def perform(start=None, seconds=0.6, **turns) -> tuple[ToneStream, Controls, list[str]]:
    """Plays a set with changes after given blocks (b5: changes); returns also the errors."""
    stream, output, errors = ToneStream(), Collector(), []
    controls = Controls(namespace([]), {"/prompt": "piano", **(start or {})})
    controls.on_error(lambda message, source: errors.append(message))
    for block, changes in turns.items():
        output.hooks[int(block[1:])] = lambda changes=changes: [
            controls.set(address, value) for address, value in changes.items()
        ]
    engine = Engine(stream, controls, output, {}, seconds=seconds, smoothing=0.1)
    engine.start()
    assert engine.join(20) and engine.failure is None
    return stream, controls, errors


def test_slot_weight_glides_at_the_expense_of_the_first_prompt():
    stream, _, _ = perform(
        b5={"/prompt/2": "drums"}, b8={"/prompt/2/weight": 1.0}, b20={"/prompt/2/weight": 0.0}
    )
    up = [weights for frame, weights in stream.blends if frame < 15]
    assert [round(weights["drums"], 9) for weights in up] == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert all(sum(weights.values()) == pytest.approx(1) for weights in up)
    assert up[-1]["piano"] == 0.0
    down = [weights["drums"] for frame, weights in stream.blends if frame >= 15]
    assert down == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert stream.prompt == "piano", "in the end it is alone again"


def test_set_can_start_with_a_blend():
    start = {"/prompt/1": "drums", "/prompt/1/weight": 0.25, "/prompt/3/weight": 1.0}
    stream, _, _ = perform(start)
    assert stream.blends == [(0, {"drums": 0.25, "piano": 0.75})]  # an empty slot has no say


def test_weights_of_one_or_more_leave_the_first_prompt_at_zero():
    slots = {"/prompt/1": "drums", "/prompt/1/weight": 1.0}
    slots |= {"/prompt/2": "flute", "/prompt/2/weight": 1.0}
    stream, _, _ = perform(slots)
    assert stream.blends == [(0, {"drums": 1.0, "flute": 1.0, "piano": 0.0})]


def test_the_first_prompt_can_change_within_a_blend():
    stream, _, _ = perform({"/prompt/1": "drums", "/prompt/1/weight": 0.5}, b9={"/prompt": "choir"})
    assert stream.blends[-1][1] == {"drums": 0.5, "choir": 0.5}


def test_unplayable_slot_prompt_is_reported_and_the_old_one_kept():
    stream, controls, errors = perform(
        {"/prompt/1": "drums", "/prompt/1/weight": 0.5}, b9={"/prompt/1": "unencodable"}
    )
    assert len(errors) == 1 and "/prompt/1 stays as it was" in errors[0]
    assert controls.get("/prompt/1") == "drums"
    assert stream.blends[-1][1] == {"drums": 0.5, "piano": 0.5}
