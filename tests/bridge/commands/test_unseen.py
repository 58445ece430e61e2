"""The forecast for a model that is not downloaded yet."""

from __future__ import annotations

import pytest

from bridge.commands import unseen
from musicrfm.runtime.forecast import Forecast
from musicrfm.weights.cost import Shape

WINDOWS, PLACES = (30.0, 10.0), (1000, 333)


def forecast_of(dtype: str, slow: float, threads: int = 2) -> Forecast:
    """slow: seconds of a step at the full window; a third less at the short one."""
    step = {(place, guided): slow * part for place, part in zip(PLACES, (1, 0.66), strict=True)
            for guided in (True, False)}  # fmt: skip
    step |= {(place, False): seconds / 2 for (place, _), seconds in list(step.items())}
    return Forecast(dtype, threads, step, 0.002, {True: 0.0, False: 0.0})


@pytest.mark.parametrize(
    ("int8", "int4", "said"),
    [
        (0.010, 0.008, "It should play live with --dtype int8."),
        (0.020, 0.010, "It should play live with --dtype int8 --window 10."),
        (0.040, 0.012, "It should play live with --dtype int4."),
        (0.060, 0.040, "without guidance only: --dtype int4 --window 10"),
        (0.300, 0.200, "does not play live here"),
    ],
)
def test_most_exact_precision_that_plays_live_is_advised(
    int8: float, int4: float, said: str
) -> None:
    found = [forecast_of("int8", int8), forecast_of("int4", int4)]
    assert said in unseen.words(found, WINDOWS, PLACES)[0]


def test_speed_on_more_cores_is_forecast() -> None:
    found = [forecast_of("int4", 0.018)]
    assert "1.8 on 4" in unseen.scaling(found, PLACES)
    assert unseen.scaling([forecast_of("int4", 0.018, 8)], PLACES) == ""
    assert "One thread" in unseen.scaling([forecast_of("int4", 0.018, 1)], PLACES)


def test_table_has_a_row_for_each_precision_and_window() -> None:
    found = [forecast_of("int8", 0.02), forecast_of("int4", 0.01)]
    lines = unseen.table("musicgen-small", Shape(24, 1024, 16, 4096), found, WINDOWS, PLACES, 15e9)
    assert [line.split()[0] for line in lines[3:]] == ["int8", "int8", "int4", "int4"]


def test_only_hub_models_that_are_not_downloaded_are_forecast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unseen, "try_to_load_from_cache", lambda *what: None)
    assert unseen.name_of("facebook/musicgen-small") == "musicgen-small"
    assert unseen.name_of("musicgen-stereo-large") == "musicgen-stereo-large"
    assert unseen.name_of("nano") is None
    monkeypatch.setattr(unseen, "try_to_load_from_cache", lambda *what: "/here/config.json")
    assert unseen.name_of("facebook/musicgen-small") is None
