"""One fault on a set that plays, and what is heard of it."""

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
    """What a fault did to a set. since: when it began. gap: the longest silence. ended: when that
    was over. silent: it lasted until the end. said: whether the bridge said what it should."""

    since: float
    gap: float
    ended: float
    silent: bool
    said: bool
    watch: Watch


def met(stage: Stage, fault: Fault, draw: random.Random) -> Met:
    """Lets one fault happen on a set that plays on, and listens until it should be over."""
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
