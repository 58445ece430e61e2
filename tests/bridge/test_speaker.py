"""The sound card's feeder: gaps are silence between fades, and nothing is lost or repeated."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.dsp import fade
from bridge.speaker import AUDIO, END, HEADER, Feeder, SetupError, find_output, read_messages
from tests.bridge.tones import largest_step, pitch

RATE = 32000


class FakeRing:
    """A ring buffer whose reader is the test."""

    def __init__(self, channels: int, size: int = 1 << 16) -> None:
        self.size = size
        self.data = np.zeros((0, channels), np.float32)

    @property
    def read_available(self) -> int:
        return len(self.data)

    @property
    def write_available(self) -> int:
        return self.size - len(self.data)

    def write(self, data: np.ndarray) -> int:
        assert len(data) <= self.write_available
        self.data = np.concatenate([self.data, data])
        return len(data)

    def take(self, frames: int) -> np.ndarray:
        taken, self.data = self.data[:frames], self.data[frames:]
        return taken


def tone(frames: int, start: int = 0, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 220 / rate * np.arange(start, start + frames)))[
        :, None
    ].astype(np.float32)


STEP = 0.5 * 2 * np.pi * 220 / RATE


class Pushed(Feeder):
    """A feeder that is given one take from its beginning on."""

    def put(self, audio):
        self.push(self.deep.end, audio)


def feeder(lookahead=0.1, rate_out=RATE, channels_out=1, size=1 << 16, ring_seconds=1.0):
    ring = FakeRing(channels_out, size)
    return ring, Pushed(ring, RATE, rate_out, 1, channels_out, lookahead, ring_seconds)


def test_plays_only_once_there_is_enough_and_fades_in():
    ring, one = feeder(lookahead=0.1)
    one.put(tone(2000))
    assert not one.playing and ring.read_available == 0
    one.put(tone(2000, 2000))
    assert one.playing
    assert ring.read_available == 4000 - 320  # the newest 10 ms are held back
    assert ring.data[0, 0] == 0.0
    assert largest_step(ring.data) < 1.1 * STEP
    np.testing.assert_array_equal(ring.data[320:], tone(4000)[320 : 4000 - 320])


def test_an_underrun_is_a_fade_out_and_a_fade_in_around_silence():
    ring, one = feeder(lookahead=0.1)
    one.put(tone(4000))
    heard = [ring.take(3600)]
    one.tend(guard=0.01)
    assert one.underruns == 1 and not one.playing
    heard.append(ring.take(10_000))  # all there is
    assert sum(map(len, heard)) == 4000
    assert abs(heard[-1][-1, 0]) == 0.0
    one.tend(guard=0.01)
    assert one.underruns == 1  # one gap is one underrun
    one.put(tone(2000, 4000))
    assert ring.read_available == 0
    one.put(tone(2000, 6000))
    heard.append(np.zeros((500, 1), np.float32))
    heard.append(ring.take(10_000))
    audio = np.concatenate(heard)
    assert largest_step(audio) < 1.1 * STEP
    # What comes after the gap is what comes next, from its first sample: nothing lost or repeated.
    np.testing.assert_array_equal(audio[4500 + 320 :], tone(8000)[4320 : 8000 - 320])


def test_while_audio_keeps_coming_it_is_passed_on_unchanged():
    ring, one = feeder(lookahead=0.1)
    heard = []
    for block in range(100):
        one.put(tone(640, 640 * block))
        one.tend(guard=0.005)
        if block > 6:
            heard.append(ring.take(640))
    one.end()
    heard.append(ring.take(10**6))
    audio = np.concatenate(heard)
    assert one.underruns == 0
    np.testing.assert_array_equal(audio[320:], tone(64000)[320:])


def test_a_ring_that_ran_dry_unnoticed_goes_on_with_a_fade_in():
    ring, one = feeder(lookahead=0.1)
    one.put(tone(4000))
    ring.take(10_000)
    one.put(tone(640, 4000))
    one.ran_dry(ring.take(10_000))
    assert one.underruns == 1 and not one.playing
    one.put(tone(3000, 4640))
    audio = ring.take(10_000)
    assert audio[0, 0] == 0.0
    np.testing.assert_array_equal(audio[320:], tone(7640)[4000 - 320 + 320 : 7640 - 320])


def test_the_end_lets_everything_out_and_is_no_underrun():
    ring, one = feeder(lookahead=0.1)
    one.put(tone(1000))
    one.end()
    audio = ring.take(10_000)
    assert len(audio) == 1000
    one.ran_dry(ring.take(0))
    one.tend(guard=0.1)
    assert one.underruns == 0


def test_the_end_is_where_the_newest_take_ends_though_an_older_one_reaches_further():
    ring, one = feeder(lookahead=0.5, ring_seconds=0.03)
    one.push(0, tone(16000))
    one.push(8000, fade(tone(3200, 8000), 1.0, 0.0))
    one.end(11_200)
    heard = []
    while ring.read_available:
        heard.append(ring.take(500))
        one.tend(guard=0.0)
    audio = np.concatenate(heard)
    assert len(audio) == 11_200 and one.waiting == 0.0
    assert abs(audio[-1, 0]) < 0.01 and largest_step(audio) < 1.1 * STEP


def test_a_full_ring_makes_it_wait_not_lose():
    ring, one = feeder(lookahead=0.05, size=2048)
    heard = []
    for block in range(50):
        one.put(tone(640, 640 * block))
        one.tend(guard=0.0)
        heard.append(ring.take(500))
    one.end()
    while ring.read_available:
        heard.append(ring.take(500))
        one.tend(guard=0.0)
    np.testing.assert_array_equal(np.concatenate(heard)[320:], tone(32000)[320:])


def test_resamples_to_the_device_and_counts_seconds_right():
    ring, one = feeder(lookahead=0.1, rate_out=48000, channels_out=2)
    heard = []
    for block in range(100):
        one.put(tone(640, 640 * block))
        if one.playing:
            heard.append(ring.take(960))
    received = sum(map(len, heard)) + ring.read_available
    assert one.waiting == pytest.approx(2.0 - received / 48000, abs=0.03)
    one.end()
    heard.append(ring.take(10**6))
    audio = np.concatenate(heard)
    assert len(audio) == pytest.approx(96000, abs=2)
    assert audio.shape[1] == 2
    assert pitch(audio[24000:72000], 48000) == pytest.approx(220, abs=0.5)
    np.testing.assert_allclose(
        audio[1000:90000, 0], tone(96000, 0, 48000)[1000:90000, 0], atol=1e-3
    )


def test_what_resampling_overshoots_is_limited():
    ring, one = feeder(lookahead=0.05, rate_out=44100)
    square = np.where(np.arange(32000) // 37 % 2, 1.0, -1.0).astype(np.float32)[:, None]
    one.put(square)
    assert np.abs(ring.data).max() <= 1.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 3000)), min_size=1, max_size=30))
def test_nothing_is_lost_or_repeated_whenever_the_card_takes_what(schedule):
    """Whatever the order of arrivals and takings, what is heard is the audio in order."""
    ring, one = feeder(lookahead=0.05)
    # A ramp that counts samples shows order; fades only ever lower the level.
    total, heard = 0, []
    for arriving, taking in schedule:
        # Levels within the limiter's transparent range.
        one.put((0.1 + 0.6 * (np.arange(total, total + arriving) / 1e5))[:, None])
        total += arriving
        one.tend(guard=0.005)
        heard.append(ring.take(taking))
    one.end()
    heard.append(ring.take(10**6))
    audio = np.concatenate(heard)[:, 0]
    assert len(audio) == total
    expected = 0.1 + 0.6 * (np.arange(total) / 1e5)
    assert (audio <= expected + 1e-5).all() and (audio >= 0).all()


def test_the_ring_stays_small_and_the_rest_can_be_replaced():
    ring, one = feeder(lookahead=0.5, ring_seconds=0.03)
    one.push(0, tone(16000))
    settled = one.deep.first
    assert ring.read_available == 960 and settled == 960 + 320
    other = tone(16000)[::-1].copy() * 0.5
    one.push(settled, other)
    heard = []
    while one.waiting > 0.02:
        heard.append(ring.take(160))
        one.tend(guard=0.005)
        assert ring.read_available <= 960
    audio = np.concatenate(heard)
    np.testing.assert_array_equal(audio[320:settled], tone(16000)[320:settled])
    np.testing.assert_array_equal(audio[settled:], other[: len(audio) - settled])
    assert one.underruns == 0


def test_a_ring_smaller_than_the_cards_blocks_grows():
    ring, one = feeder(lookahead=0.5, ring_seconds=0.01)
    one.push(0, tone(16000))
    one.tend(guard=0.05)
    assert ring.read_available == round(0.06 * RATE) and one.underruns == 0


def test_waking_nearly_too_late_makes_the_ring_deeper_before_anything_is_heard_of_it():
    ring, one = feeder(lookahead=0.5, ring_seconds=0.03)
    one.push(0, tone(16000))
    ring.take(700)
    one.tend(guard=0.005)
    assert one.ring_seconds == 0.03
    for expected in (0.06, 0.12, 0.12):
        ring.take(ring.read_available - 100)
        one.tend(guard=0.005)
        assert one.ring_seconds == expected
        assert ring.read_available == round(expected * RATE)
    assert one.underruns == 0


def test_messages_are_read_until_the_engine_hangs_up():
    payload = np.ones(3, np.float32).tobytes()
    whole = HEADER.pack(AUDIO, 7, len(payload)) + payload + HEADER.pack(END, 0, 0)
    assert list(read_messages(io.BytesIO(whole))) == [(AUDIO, 7, payload), (END, 0, b"")]
    assert list(read_messages(io.BytesIO(whole[:17]))) == []
    assert list(read_messages(io.BytesIO(b""))) == []


def system(*names, default=0):
    devices = [
        {"index": at, "name": name, "max_output_channels": channels}
        for at, (name, channels) in enumerate(names)
    ]
    return SimpleNamespace(
        query_devices=lambda: devices,
        query_hostapis=lambda _: {"default_output_device": default},
        default=SimpleNamespace(hostapi=0, device={"output": -1}),
    )


def test_devices_are_found_by_index_by_name_and_by_default():
    there = system(("Mic", 0), ("Built-in Output", 2), ("Scarlett 4i4", 4), default=2)
    assert find_output(there, None)["index"] == 2
    assert find_output(there, "1")["index"] == 1
    assert find_output(there, "scarlett")["index"] == 2
    assert find_output(there, "Built-in Output")["index"] == 1


def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are():
    with pytest.raises(SetupError, match="no output device matches 'Rokit'.*1 'Built-in'") as info:
        find_output(system(("Mic", 0), ("Built-in", 2)), "Rokit")
    assert info.value.kind == "unknown"
    with pytest.raises(SetupError) as info:
        find_output(system(("Mic", 0)), None)
    assert info.value.kind == "no-device"
