"""The process that owns the sound card: its messages, its device and its channels."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest

from bridge.audio.layout import CALLS
from bridge.audio.speaker import AUDIO, END, HEADER, SetupError, Speaker, find_output, read_messages


def test_messages_are_read_until_the_pipe_ends():
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


def test_unknown_device_is_an_error_that_lists_the_devices():
    with pytest.raises(SetupError, match="no output device matches 'Rokit'.*1 'Built-in'") as info:
        find_output(system(("Mic", 0), ("Built-in", 2)), "Rokit")
    assert info.value.kind == "unknown"
    with pytest.raises(SetupError) as info:
        find_output(system(("Mic", 0)), None)
    assert info.value.kind == "no-device"


class Card:
    """A fake `sounddevice` with one card: `takes` decides if it opens, `tried` keeps each try."""

    class PortAudioError(Exception):
        pass

    def __init__(self, outputs: int, stands: float, takes, error=-9997) -> None:
        self._device = {
            "index": 3,
            "name": "Card",
            "hostapi": 2,
            "max_output_channels": outputs,
            "default_samplerate": stands,
        }
        self._takes, self._error = takes, error
        self.tried: list[tuple[int, float]] = []

    def query_devices(self):
        return [self._device]

    def query_hostapis(self, index):
        return {"name": "ASIO", "default_output_device": 3}

    def OutputStream(self, callback, channels, samplerate, **how):
        self.tried.append((channels, samplerate))
        if not self._takes(channels, samplerate):
            raise self.PortAudioError("it is not to be had so", self._error)
        self.callback = callback
        return SimpleNamespace(
            start=lambda: None, samplerate=samplerate, channels=channels, latency=0.01, active=True
        )


@pytest.fixture
def speaker(monkeypatch):
    """A speaker at a card, served by Python."""
    monkeypatch.setattr("bridge.audio.speaker.callback", lambda: None)

    def start(card: Card, **config) -> Speaker:
        usual = {"device": "card", "rate": 32000, "channels": 2, "outputs": None, "cue": None}
        usual |= {"lookahead": 0.1, "ring": 0.0, "latency": "low"}
        return Speaker(card, {**usual, **config})

    return start


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_card_opens_at_its_current_rate_with_the_fewest_channels(speaker, rate):
    card = Card(18, rate, lambda *_: True)
    assert speaker(card).describe()["rate"] == rate
    speaker(card, outputs=[3, 4])
    speaker(card, outputs=[3, 4], cue=[7, 8])
    speaker(card, outputs=[1])
    assert card.tried == [(2, rate), (4, rate), (8, rate), (2, rate)]
    assert speaker(card).describe()["exact"] == "Card, ASIO"


def test_a_card_with_one_output_plays_in_mono(speaker):
    card = Card(1, 48000.0, lambda *_: True)
    assert speaker(card).describe()["outputs"] == [1] and card.tried == [(1, 48000.0)]


def test_card_that_refuses_is_tried_with_all_channels_and_other_rates(speaker):
    card = Card(8, 48000.0, lambda channels, rate: channels == 8)
    assert speaker(card, outputs=[3, 4]).describe()["channels"] == 8
    card = Card(8, 48000.0, lambda channels, rate: rate == 44100.0)
    assert speaker(card).describe()["rate"] == 44100.0
    card = Card(8, 48000.0, lambda *_: False)
    with pytest.raises(SetupError, match="cannot open 'Card': .*had so"):
        speaker(card)
    assert len(card.tried) > 8


def test_busy_card_is_tried_only_once(speaker):
    card = Card(8, 48000.0, lambda *_: False, error=-9985)
    with pytest.raises(SetupError) as info:
        speaker(card)
    assert info.value.kind == "busy" and len(card.tried) == 1


@pytest.mark.parametrize(
    ("outputs", "cue", "said"),
    [([3, 9], None, "'Card' has 8 outputs, and output 9 was requested"), (None, [10], "output 10")],
)
def test_missing_output_is_an_error_with_its_number(speaker, outputs, cue, said):
    with pytest.raises(SetupError, match=said) as info:
        speaker(Card(8, 48000.0, lambda *_: True), outputs=outputs, cue=cue)
    assert info.value.kind == "outputs"


def test_music_and_cue_play_on_the_requested_outputs(speaker):
    card = Card(8, 32000.0, lambda *_: True)
    one = speaker(card, channels=1, outputs=[3, 4], cue=[6])
    block = np.repeat(np.float32([[0.25, 0.5]]), 8000, 0)
    one.deck.push(0, block)
    out = np.zeros((4000, 6), np.float32)
    status, times = SimpleNamespace(output_underflow=False), SimpleNamespace(currentTime=0.0)
    card.callback(out, 4000, times, status)
    np.testing.assert_array_equal(out[3000], [0, 0, 0.25, 0.25, 0, 0.5])


def test_card_is_lost_when_its_callbacks_stop_but_not_after_sleep(speaker, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("bridge.process.awake.time.monotonic", lambda: clock[0])
    one = speaker(Card(2, 48000.0, lambda *_: True))
    assert not one.lost()
    clock[0] += 3600.0
    assert not one.lost()
    one.deck.numbers[CALLS] += 1
    for _ in range(14):
        clock[0] += 0.1
        assert not one.lost()
    for _ in range(4):
        clock[0] += 0.1
        lost = one.lost()
    assert lost
