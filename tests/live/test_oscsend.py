"""The first live test: a packet to a bridge that plays changes what the audience hears."""

from __future__ import annotations

import time

import numpy as np
import pytest

pytestmark = [pytest.mark.needs("jackd", "portaudio", "oscsend", "posix"), pytest.mark.slow]

LISTEN = 6.0  # seconds of music to judge by
SETTLE = 2.0  # from turning a knob until the music has followed


def test_oscsend_changes_what_is_heard(jack, play, instrument):
    bridge = play()
    before = jack.record(LISTEN)
    bridge.send("/steer/note_C", "f", "1")
    time.sleep(SETTLE)
    after = jack.record(LISTEN)
    stats = bridge.end()
    instrument.assert_turned(before, after)
    assert np.abs(before).max() <= 1.0 and np.abs(after).max() <= 1.0
    assert stats["control_changes_applied"] - stats["degraded"] == 1
    assert stats["rewinds"] <= 2  # for the knob, and to end without playing the buffer out
    # 5 ms, a block of the server's, and what the resampler looks ahead
    assert 10 < stats["latency"]["ring_ms"] < 14
    assert stats["latency"]["total_ms"] < stats["lookahead_ms"] == 1500
