"""The forecast for a model that is not downloaded yet."""

from __future__ import annotations

import pytest
import torch

from bridge.commands import unseen
from musicrfm.runtime.forecast import ELSEWHERE, Forecast
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


def frame_of(seconds: float, threads: int, share: float = 1.0) -> Forecast:
    """A whole frame takes this long at the full window."""
    step = {(PLACES[0], True): seconds - 0.002 - ELSEWHERE}
    return Forecast("int4", threads, step, 0.002, {True: 0.0, False: 0.0}, share)


def test_speed_on_more_cores_follows_the_gain_from_one_thread_to_all() -> None:
    # 24 ms of the 40 are divided among the threads: 16 + 24 / n.
    said = unseen.scaling(frame_of(0.040, 1), frame_of(0.028, 2), PLACES[0], 0.001)
    assert "about 0.91 on 4, 1.0 on 6, 1.1 on 8 times real time" in said
    assert "from 0.50 on one thread and 0.71 on 2" in said
    assert unseen.scaling(frame_of(0.040, 1), frame_of(0.02, 8), PLACES[0], 0.001) == ""


def test_speed_on_more_cores_is_limited_by_memory() -> None:
    said = unseen.scaling(frame_of(0.040, 1), frame_of(0.020, 2), PLACES[0], 0.008)
    assert "2.0 on 4, 2.5 on 6, 2.5 on 8" in said


def test_more_cores_are_not_forecast_where_a_second_thread_gained_nothing() -> None:
    said = unseen.scaling(frame_of(0.200, 1), frame_of(0.220, 2), PLACES[0], 0.008)
    assert "no faster than one" in said and "on 4" not in said


def test_a_single_core_gives_an_upper_limit() -> None:
    found = frame_of(0.212, 1)
    said = unseen.scaling(found, found, PLACES[0], 0.008)
    assert "at most 0.38 on 4, 0.57 on 6, 0.75 on 8" in said and "from 0.094 on one thread" in said


def test_other_programs_are_mentioned_if_they_were_busy() -> None:
    assert unseen.busy([frame_of(0.02, 2), frame_of(0.04, 1, 0.95)]) == ""
    assert "had 41% of its threads' time" in unseen.busy([frame_of(0.02, 2, 0.41), frame_of(1, 1)])


def test_one_thread_and_all_threads_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    timed = []

    def stand_in(shape: Shape, dtype: str, places: tuple[int, ...], codec: float) -> Forecast:
        threads = torch.get_num_threads()
        timed.append((dtype, threads))
        step = {(place, guided): 0.06 / threads for place in places for guided in (True, False)}
        return Forecast(dtype, threads, step, codec, {True: 0.0, False: 0.0}, share=0.5)

    monkeypatch.setattr(unseen, "forecast", stand_in)
    monkeypatch.setattr(unseen, "codec_seconds", lambda *what: 0.001)
    monkeypatch.setattr(unseen, "bandwidth", lambda *what: 30e9)
    monkeypatch.setattr(unseen, "line", lambda: "")
    monkeypatch.setattr(unseen, "packed_kernels", lambda: unseen)
    monkeypatch.setattr(unseen.transformers, "EncodecModel", lambda config: torch.nn.Identity())
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        page = unseen.unseen("musicgen-small")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert timed == [("int8", 2), ("int4", 2), ("int4", 1)]
    assert "on one thread and 0.63 on 2" in page and "had 50% of its threads' time" in page


def test_table_has_a_row_for_each_precision_and_window() -> None:
    found = [forecast_of("int8", 0.02), forecast_of("int4", 0.01)]
    lines = unseen.table("musicgen-small", Shape(24, 1024, 16, 4096), found, WINDOWS, PLACES, 15e9)
    assert [line.split()[0] for line in lines[3:]] == ["int8", "int8", "int4", "int4"]


def test_slow_speeds_have_two_digits() -> None:
    found = [forecast_of("int4", 0.4)]
    row = unseen.table("any", Shape(24, 1024, 16, 4096), found, WINDOWS, PLACES, 15e9)[3].split()
    assert row[3:] == ["0.050", "0.099", "0.93"]


def test_only_hub_models_that_are_not_downloaded_are_forecast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unseen, "try_to_load_from_cache", lambda *what: None)
    assert unseen.name_of("facebook/musicgen-small") == "musicgen-small"
    assert unseen.name_of("musicgen-stereo-large") == "musicgen-stereo-large"
    assert unseen.name_of("nano") is None
    monkeypatch.setattr(unseen, "try_to_load_from_cache", lambda *what: "/here/config.json")
    assert unseen.name_of("facebook/musicgen-small") is None
