"""The process that owns the sound card: what it reads, and which device it takes."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest

from bridge.speaker import AUDIO, END, HEADER, SetupError, find_output, read_messages


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
