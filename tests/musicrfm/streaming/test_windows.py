"""The next window is prefilled little by little, so that no turn of a window stops the music."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
from musicrfm.streaming.settings import window_and_keep
from musicrfm.streaming.windows import BURST, LATE, RESTORABLE, Windows
from tests.checkpoints import make_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MusicModel:
    folder = make_checkpoint(tmp_path_factory.mktemp("long"), window=450)
    return MusicModel.load(folder, device="cpu")


def prefilled(stream: MusicStream, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions that were prefilled since the last look; a list to clear."""
    counts: list[int] = []
    for window in stream._windows.both:

        def counted(codes, pushes, *args, prefill=window.decoder.prefill, **options):
            counts.append(len(pushes))
            prefill(codes, pushes, *args, **options)

        monkeypatch.setattr(window.decoder, "prefill", counted)
    return counts


def test_a_window_is_prefilled_over_the_last_third_of_the_one_before(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = Windows(model, 1500, 500)
    assert windows._first == 1000  # as soon as the codes exist that the next window begins with
    stream = MusicStream(model, "piano", window_seconds=6.0, keep_seconds=2.0)  # 300 and 100
    counts, most = prefilled(stream, monkeypatch), 0
    began = min(100 + RESTORABLE, 300 - 10)
    for _ in range(300):
        next(stream)
        most = max(most, sum(counts))
        if stream._position < began:  # at the turn itself, the last positions are read
            assert sum(counts) <= BURST * (stream._position == 101)
        counts.clear()
    steps = 300 - began
    assert 0 < most <= 100 / steps + BURST


def test_the_window_before_stays_until_its_states_are_no_longer_needed(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", window_seconds=8.0, keep_seconds=2.5)  # 400 and 125
    for _ in range(395):
        next(stream)
    state = stream.state
    for _ in range(RESTORABLE):
        next(stream)
    assert stream._position < 395 and stream.reaches(state)
    after = [next(stream) for _ in range(3)]
    assert all(np.isfinite(sound).all() for sound in after)


def test_a_slow_model_begins_guidance_with_its_next_window(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = MusicStream(
        model, "piano", window_seconds=3.0, keep_seconds=1.0, guidance_scale=1.0
    )  # 150 and 50
    stream._windows._slow = True
    counts = prefilled(stream, monkeypatch)
    for _ in range(LATE + 20):
        next(stream)
    stream.guidance_scale = 3.0
    first = stream._window
    while stream._window is first:
        assert not first.decoder.guided
        next(stream)
        assert sum(counts) <= 50, "no more than the next window begins with"
        counts.clear()
    assert stream._window.decoder.guided


def test_a_fast_model_begins_guidance_at_once(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", window_seconds=3.0, guidance_scale=1.0)
    for _ in range(LATE + 20):
        next(stream)
    stream.guidance_scale = 3.0
    next(stream)
    assert stream._window.decoder.guided


def test_a_shorter_window_keeps_a_third(model: MusicModel) -> None:
    seconds = model.window / model.frame_rate
    whole, half = window_and_keep(model, 3)
    assert (whole, half) == (450, 225)
    assert window_and_keep(model, 3, seconds) == (whole, half)
    assert window_and_keep(model, 3, 3.0) == (150, 50)
    assert window_and_keep(model, 3, 3.0, 1.2) == (150, 60)
