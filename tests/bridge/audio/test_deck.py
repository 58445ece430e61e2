"""The deck: gaps are faded, no sample is lost or repeated, samples not yet due can change."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio import layout, speaker
from bridge.audio.deck import Deck, play_with_numpy, resampling_taps
from bridge.audio.routing import mix
from tests import needs
from tests.bridge.tones import largest_step, pitch

RATE = 32000
FADE = 320
STEP = 0.5 * 2 * np.pi * 220 / RATE


def tone(frames: int, start: int = 0, rate: int = RATE, frequency: float = 220.0) -> np.ndarray:
    angle = 2 * np.pi * frequency / rate * np.arange(start, start + frames)
    return (0.5 * np.sin(angle))[:, None].astype(np.float32)


def serve(one: Deck, out: np.ndarray, underflow: bool = False, now: float = 0.0) -> None:
    """As PortAudio would call the machine code."""
    address = speaker.callback()
    if address is None:
        needs.lack(needs.missing("numba") or "numba cannot compile here")
    pointer, ulong = ctypes.c_void_p, ctypes.c_ulong
    kind = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, ulong, pointer, ulong, pointer)
    times = np.array([0.0, now, 0.0])
    code = kind(address)(
        None, out.ctypes.data, len(out), times.ctypes.data, 4 * underflow, one.address
    )
    assert code == 0


@pytest.fixture(params=["numpy", "machine code"])
def card(request):
    """A function that takes a number of frames from a deck."""

    def take(one: Deck, frames: int) -> np.ndarray:
        out = np.full((frames, int(one.numbers[layout.OUTPUTS])), np.nan, np.float32)
        if request.param == "numpy":
            one.play(out)
        else:
            serve(one, out)
        return out

    return take


def deck(lookahead=0.1, rate_out=RATE, channels_in=1, channels_out=1, ring=0.0, to=None) -> Deck:
    """to: (outputs of the music, of the cue), by default the first ones."""
    channels, cue = to or (range(1, min(2, channels_out) + 1), ())
    sound = channels_in // 2 if cue else channels_in
    return Deck(RATE, rate_out, mix(sound, channels, cue, channels_out), lookahead, ring)


def put(one: Deck, audio: np.ndarray) -> None:
    """Appends audio to the only take."""
    one.push(one.deep.end, audio)


def test_playback_waits_for_the_prefill_and_fades_in(card):
    one = deck(lookahead=0.1)
    put(one, tone(2000))
    assert not one.playing and not card(one, 100).any()
    put(one, tone(2000, 2000))
    assert one.playing
    audio = card(one, 3600)
    assert largest_step(audio) < 1.1 * STEP and np.abs(audio[:3]).max() < 0.01
    np.testing.assert_array_equal(audio[FADE:], tone(4000)[FADE:3600])


def test_underrun_fades_out_to_silence_and_back_in(card):
    one = deck(lookahead=0.1)
    put(one, tone(4000))
    heard = [card(one, 3600), card(one, 1000)]
    assert one.underruns == 1 and not one.playing
    heard.append(card(one, 500))
    assert one.underruns == 1  # one gap is one underrun
    assert not heard[-1].any() and not heard[-2][400:].any()
    put(one, tone(2000, 4000))
    assert not card(one, 1).any()
    put(one, tone(2000, 6000))
    heard.append(card(one, 3000))
    audio = np.concatenate(heard)
    assert largest_step(audio) < 1.1 * STEP
    np.testing.assert_array_equal(audio[FADE : 4000 - FADE], tone(4000)[FADE : 4000 - FADE])
    # After the gap the music resumes at its next sample: none is lost or repeated.
    np.testing.assert_array_equal(audio[5100 + FADE :], tone(8000)[4000 + FADE : 7000])


def test_audio_arriving_during_a_fade_out_reverses_it_without_a_click(card):
    one = deck(lookahead=0.1)
    put(one, tone(4000))
    heard = [card(one, 3850)]  # in the middle of the fade
    put(one, tone(4000, 4000))
    heard.append(card(one, 2000))
    audio = np.concatenate(heard)
    assert one.underruns == 0 and largest_step(audio) < 1.1 * STEP
    np.testing.assert_array_equal(audio[4100:], tone(5850)[4100:])


def test_continuous_audio_is_played_unchanged(card):
    one, heard = deck(lookahead=0.1), []
    for block in range(100):
        put(one, tone(640, 640 * block))
        one.tend()
        if block > 6:
            heard.append(card(one, 640))
    one.end()
    heard.append(card(one, 64000))
    audio = np.concatenate(heard)
    assert one.underruns == 0 and not one.playing
    np.testing.assert_array_equal(audio[FADE:64000], tone(64000)[FADE:])
    assert not audio[64000:].any()


def test_end_plays_the_rest_and_is_no_underrun(card):
    one = deck(lookahead=0.1)
    put(one, tone(1000))
    one.end()
    audio = card(one, 2000)
    np.testing.assert_array_equal(audio[FADE:1000], tone(1000)[FADE:])
    one.tend()
    assert one.underruns == 0 and not one.playing and not card(one, 100).any()


def test_end_drops_an_older_take_beyond_the_newest_one(card):
    one = deck(lookahead=0.5)
    one.push(0, tone(16000))
    falling = np.linspace(1.0, 0.0, 3200, dtype=np.float32)[:, None]
    one.push(8000, tone(3200, 8000) * falling)
    one.end(11_200)
    audio = np.concatenate([card(one, 500) for _ in range(40)])
    assert one.waiting == 0.0 and not one.playing and not audio[11_200:].any()
    assert abs(audio[11_199, 0]) < 0.01 and largest_step(audio) < 1.1 * STEP


@pytest.mark.parametrize("rate", [48000, 44100, 22050])
def test_resampling_keeps_pitch_duration_and_waiting_seconds(card, rate):
    one, heard = deck(lookahead=0.1, rate_out=rate, channels_out=2), []
    for block in range(100):
        put(one, tone(640, 640 * block))
        if one.playing:
            heard.append(card(one, rate // 50))
    received = sum(map(len, heard))
    assert one.waiting == pytest.approx(2.0 - received / rate, abs=0.01)
    one.end()
    heard.append(card(one, 2 * rate))
    audio = np.concatenate(heard)
    last = np.flatnonzero(audio.any(axis=1))[-1]
    assert last == pytest.approx(2 * rate, abs=20) and audio.shape[1] == 2
    assert pitch(audio[rate // 2 : 3 * rate // 2], rate) == pytest.approx(220, abs=0.5)
    middle = slice(rate // 4, 7 * rate // 4)
    np.testing.assert_allclose(audio[middle, 0], tone(2 * rate, 0, rate)[middle, 0], atol=1e-5)
    np.testing.assert_array_equal(audio[:, 0], audio[:, 1])


@pytest.mark.parametrize("frequency", [440, 5000, 12000, 14000])
def test_resampling_error_is_below_minus_90_db(frequency):
    one = deck(lookahead=1.0, rate_out=48000)
    put(one, tone(RATE, frequency=frequency))
    out = np.zeros((46000, 1), np.float32)
    one.play(out)
    there = tone(46000, rate=48000, frequency=frequency)
    error = (out - there)[1000:]
    assert 20 * np.log10(error.std() / there.std()) < -90


def test_downsampling_removes_frequencies_above_nyquist():
    one = deck(lookahead=1.0, rate_out=16000)
    put(one, tone(RATE, frequency=8600))
    out = np.zeros((15000, 1), np.float32)
    one.play(out)
    assert np.abs(out[1000:]).max() < 1e-3
    assert resampling_taps(1, 2).sum(1) == pytest.approx(1.0)


def test_resampling_overshoot_is_limited(card):
    one = deck(lookahead=0.05, rate_out=44100)
    square = np.where(np.arange(32000) // 37 % 2, 1.0, -1.0).astype(np.float32)[:, None]
    put(one, square)
    heard = np.abs(card(one, 40000))
    assert 0.9 < heard.max() <= 1.0


@pytest.mark.parametrize(("sound", "outputs"), [(1, 2), (2, 1), (2, 2), (1, 4), (2, 4)])
def test_channels_are_mapped_to_the_outputs_of_the_card(card, sound, outputs):
    one = deck(channels_in=sound, channels_out=outputs)
    audio = np.repeat(tone(8000), sound, 1) * np.float32([1.0, 0.5])[:sound]
    put(one, audio)
    heard = card(one, 6000)[FADE:]
    left, right = audio[FADE:6000, 0], audio[FADE:6000, -1]
    if outputs == 1:
        np.testing.assert_allclose(heard[:, 0], (left + right) / 2, atol=1e-7)
    else:
        np.testing.assert_array_equal(heard[:, :2], np.stack([left, right], 1))
        assert not heard[:, 2:].any()


@pytest.mark.parametrize("rate", [RATE, 48000])
def test_music_and_cue_go_to_the_chosen_outputs(card, rate):
    one = deck(rate_out=rate, channels_in=4, channels_out=8, to=((4, 3), (7,)))
    audio = np.repeat(tone(8000), 4, 1) * np.float32([1.0, 0.5, 0.25, 0.75])
    put(one, audio)
    heard = card(one, 4000)[FADE * rate // RATE :]
    assert set(np.flatnonzero(heard.any(axis=0))) == {2, 3, 6}
    np.testing.assert_allclose(heard[:, 2], 0.5 * heard[:, 3], atol=1e-6)
    np.testing.assert_allclose(heard[:, 6], 0.5 * heard[:, 3], atol=1e-6)
    if rate == RATE:
        np.testing.assert_array_equal(heard[:, 3], audio[FADE:4000, 0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 3000)), min_size=1, max_size=30),
    st.booleans(),
)
def test_no_sample_is_lost_or_repeated_in_any_order_of_writes_and_reads(schedule, native):
    """For any order of writes and reads, the audio is played in order."""
    one, total, heard = deck(lookahead=0.05, channels_in=2, channels_out=2), 0, []

    def take(frames):
        out = np.zeros((frames, 2), np.float32)
        serve(one, out) if native else one.play(out)
        heard.append(out)

    # One channel counts samples, the other is constant: their ratio is free of fades.
    for arriving, taking in schedule:
        count = np.arange(total, total + arriving) / 2e5
        put(one, np.stack([count, np.full(arriving, 0.5)], 1).astype(np.float32))
        total += arriving
        one.tend()
        take(taking)
    one.end()
    take(total + 1000)
    audio = np.concatenate(heard).astype(np.float64)
    assert int(one.numbers[layout.POSITION]) == total and not one.waiting
    sounding = np.flatnonzero(audio[:, 1] > 0)  # but for where a fade begins or ends
    number = np.round(audio[sounding, 0] / audio[sounding, 1] * 1e5)
    steps = np.diff(number)
    assert (steps[np.diff(sounding) == 1] == 1).all()
    assert ((steps >= 1) & (steps < 20)).all()
    assert (number >= 0).all() and (number < total).all()


def test_machine_code_matches_numpy():
    """All counters are equal and the audio is close, for any block sizes and gaps."""
    rng = np.random.default_rng(0)
    for rate, sound, outputs, to in (
        (RATE, 1, 2, None),
        (48000, 2, 2, None),
        (44100, 2, 1, None),
        (22050, 1, 1, None),
        (96000, 4, 6, ((3, 4), (6,))),
    ):
        one, other = (deck(0.1, rate, sound, outputs, to=to) for _ in range(2))
        audio = rng.normal(0, 0.3, (RATE, sound)).astype(np.float32)
        at = 0
        for turn in range(60):
            if at < RATE and not 20 < turn < 40:  # a gap
                one.push(at, audio[at : at + 640])
                other.push(at, audio[at : at + 640])
                at += 640
            frames = int(rng.integers(1, rate * 0.03))
            a, b = (np.full((frames, outputs), np.nan, np.float32) for _ in range(2))
            one.play(a, underflow=turn == 3, now=turn / 8)
            serve(other, b, underflow=turn == 3, now=turn / 8)
            np.testing.assert_array_equal(one.numbers, other.numbers)
            np.testing.assert_allclose(a, b, atol=2e-6)
        assert one.underruns == 1 and one.xruns == 1 and one.calls == 60


def test_without_numba_the_card_is_served_by_python(monkeypatch, caplog):
    monkeypatch.setitem(__import__("sys").modules, "bridge.audio.callback", None)
    speaker.callback.cache_clear()
    try:
        assert speaker.callback() is None
        assert "Python serves the sound card" in caplog.text
    finally:
        speaker.callback.cache_clear()


def test_all_samples_but_the_next_due_can_be_replaced(card):
    one = deck(lookahead=0.5, ring=0.01)
    one.push(0, tone(16000))
    heard = [card(one, 256)]
    one.tend()
    settled = one.deep.first
    # The ring, a block, and the sample that a filter which filters nothing also reaches.
    assert settled == 256 + 320 + 256 + 1
    other = 0.5 * tone(16000)[::-1]
    one.push(settled, other)
    while one.waiting > 0.05:
        heard.append(card(one, 160))
        one.tend()
    audio = np.concatenate(heard)
    np.testing.assert_array_equal(audio[FADE:settled], tone(16000)[FADE:settled])
    np.testing.assert_array_equal(audio[settled:], other[: len(audio) - settled])
    assert one.underruns == 0 and one.deep.late == 0


def test_extrapolated_position_never_falls_behind_the_buffer():
    one = deck(lookahead=0.5, ring=0.01)
    put(one, tone(RATE))
    block, out = 512, np.zeros((512, 1), np.float32)
    assert one.position(0.0) == one.deep.first == 0  # the card has taken no sound yet
    told = []  # (time, position)
    for call in range(20):
        began = call * block / RATE
        one.play(out, now=began)
        for later in (0.0, 0.3, 0.9):
            now = began + later * block / RATE
            one.tend()
            told.append((now, one.position(now)))
            counted = [at + int((now - then) * RATE) for then, at in told[1:]]
            assert all(at >= one.deep.first - 1 for at in counted)
    assert one.position() == one.deep.first
    assert one.position(now + 60.0) == one.deep.first + block  # a clock that makes no sense


def test_deck_can_start_in_the_middle_of_a_set(card):
    one = deck(lookahead=0.1)
    one.push(50_000, tone(4000, 50_000))
    heard = card(one, 3000)
    np.testing.assert_array_equal(heard[FADE:], tone(3000, 50_000)[FADE:])


def test_audio_beyond_the_capacity_of_the_ring_waits(card):
    one = deck(lookahead=0.1)
    long = tone(40 * RATE)
    put(one, long)
    heard = []
    for _ in range(40):
        one.tend()
        heard.append(card(one, RATE - 1000))
    audio = np.concatenate(heard)
    assert one.underruns == 0
    np.testing.assert_array_equal(audio[FADE:], long[FADE : len(audio)])


def test_numpy_playback_needs_only_the_memory_at_its_address():
    """`play_with_numpy` needs only the memory that the callback receives."""
    one = deck(lookahead=0.1)
    put(one, tone(8000))
    size = int(one.numbers[layout.FLOATS])
    memory = np.ctypeslib.as_array(
        ctypes.cast(one.address, ctypes.POINTER(ctypes.c_float)), (size,)
    )
    out = np.zeros((1000, 1), np.float32)
    play_with_numpy(memory[: layout.FILTERS].view(np.int64), memory, out)
    np.testing.assert_array_equal(out[FADE:], tone(1000)[FADE:])
