"""The `bridge` command, also as `python -m bridge`.

What it needs takes seconds to import; Ctrl-C meanwhile ends it without a word.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def main() -> None:
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else somebody wants it ignored
        signal.signal(signal.SIGINT, _end)
    from bridge.cli import main as run

    signal.signal(signal.SIGINT, before)
    sys.exit(run())


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    main()
