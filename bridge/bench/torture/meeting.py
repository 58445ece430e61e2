"""Causes one fault in a playing set, and measures its effect."""

from __future__ import annotations

import random
import re
import time
from contextlib import suppress
from dataclasses import dataclass

from bridge.bench.torture.faults import Fault
from bridge.bench.torture.stage import Stage, Watch


@dataclass(frozen=True)
class Met:
    """The effect of a fault on a set.

    since: when it began. gap: longest silence, in seconds. ended: when the last silence was over.
    silent: whether silence lasted until the end of the observation. said: whether the bridge
    printed the message that it must. watch: the OSC questions asked meanwhile.
    """

    since: float
    gap: float
    ended: float
    silent: bool
    said: bool
    watch: Watch


def met(stage: Stage, fault: Fault, draw: random.Random) -> Met:
    """Cause one fault in a playing set, and observe until it should be over."""
    since = time.monotonic()
    with Watch(stage) as watch:
        with suppress(OSError, ValueError):
            fault.do(stage, draw)
        time.sleep(fault.after)
    until = time.monotonic()
    gap, ended = stage.gaps(since, until)
    silent = gap > 0.0 and ended >= until - 0.02
    said = not fault.says or re.search(fault.says, stage.text(since)) is not None
    return Met(since, gap, ended, silent, said, watch)
