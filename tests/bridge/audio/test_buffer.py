"""The rewindable buffer: the newest take plays, joined to the older one by crossfades."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.buffer import RewindableBuffer

SEAM = 8


def level(value: float, samples: int) -> np.ndarray:
    return np.full((samples, 1), value, dtype=np.float32)


def heard(buffer: RewindableBuffer) -> list[float]:
    return buffer.take(10**6)[:, 0].tolist()


def test_takes_in_order_come_out_unchanged():
    buffer = RewindableBuffer(1, SEAM)
    whole = np.arange(100, dtype=np.float32)[:, None]
    for at in range(0, 100, 20):
        buffer.write(at, whole[at : at + 20])
    assert buffer.end == 100 and buffer.samples == 100
    np.testing.assert_array_equal(buffer.take(30), whole[:30])
    np.testing.assert_array_equal(buffer.take(1000), whole[30:])
    assert buffer.first == 100 and buffer.samples == 0 and len(buffer.take(5)) == 0


def test_a_newer_take_replaces_the_older_from_its_first_sample():
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(0, level(1, 100))
    buffer.take(10)
    buffer.write(40, level(2, 60))
    assert heard(buffer) == [1] * 30 + [2] * 60
    assert buffer.late == 0


def test_after_a_newer_take_the_older_one_resumes_with_a_crossfade():
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(0, level(1, 100))
    buffer.write(40, level(2, 20))
    mixed = heard(buffer)
    assert mixed[:40] == [1] * 40 and mixed[40:52] == [2] * 12 and mixed[60:] == [1] * 40
    seam = np.array(mixed[51:61])
    assert (np.diff(seam) <= 0).all() and np.abs(np.diff(seam)).max() < 0.2


def test_continuing_a_take_undoes_the_crossfade_at_its_end():
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(0, level(1, 100))
    buffer.write(40, level(2, 20))
    buffer.write(60, level(2, 40))
    assert heard(buffer) == [1] * 40 + [2] * 60
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(0, level(1, 100))
    buffer.write(40, level(2, 20))
    buffer.take(56)  # half of the crossfade has been played
    buffer.write(60, level(2, 40))
    assert heard(buffer) == [2] * 44


def test_cut_removes_later_samples_and_the_crossfade_into_them():
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(0, level(1, 100))
    buffer.write(40, level(2, 20))
    buffer.cut(60)
    assert buffer.end == 60 and heard(buffer) == [1] * 40 + [2] * 20
    buffer.cut(10)  # has been taken out already
    assert buffer.end == 60


def test_late_take_loses_its_beginning_but_does_not_click():
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(0, level(1, 100))
    buffer.take(50)
    buffer.write(40, level(2, 60))
    mixed = heard(buffer)
    assert len(mixed) == 50 and mixed[SEAM:] == [2] * 42
    assert 1 < mixed[0] < 1.2 and np.abs(np.diff(mixed)).max() < 0.2
    assert buffer.late == 1
    buffer.write(20, level(3, 60))  # all of it is over
    assert buffer.samples == 0


def test_buffer_can_start_in_the_middle_of_a_set():
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(64_000, level(1, 10))
    assert (buffer.first, buffer.end) == (64_000, 64_010)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 40), st.integers(0, 30)),
        min_size=1,
        max_size=25,
    )
)
def test_any_sequence_of_takes_keeps_every_sample_in_its_place(moves):
    """Compares the buffer with a plain list of the newest value of each sample."""
    buffer = RewindableBuffer(1, SEAM)
    buffer.write(0, level(0, 50))
    plain = [0.0] * 50
    first, seams = 0, set()
    for number, (back, samples, taking) in enumerate(moves, 1):
        at = max(0, len(plain) - back)
        buffer.write(at, level(number, samples))
        for i in range(max(at, first), at + samples):
            plain[i : i + 1] = [float(number)]
        # The sound may differ only near the ends of takes, where it is crossfaded.
        seams |= set(range(at - SEAM, at + SEAM)) | set(
            range(at + samples - SEAM, at + samples + SEAM)
        )
        seams |= set(range(first - SEAM, first + SEAM))
        taken = buffer.take(taking)[:, 0]
        for i, sample in enumerate(taken.tolist(), first):
            assert sample == plain[i] or i in seams
            assert 0 <= sample <= number
        first += len(taken)
        assert buffer.first == first and buffer.end == len(plain)
