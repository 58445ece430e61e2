"""The `bridge` command, also as `python -m bridge`.

What it needs takes seconds to import; Ctrl-C meanwhile ends it without a word.
"""

from __future__ import annotations

import signal
import sys


def main() -> None:
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else somebody wants it ignored
        # By the system: a library that waits for memory would not let Python look.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bridge.cli import main as run

    signal.signal(signal.SIGINT, before)
    sys.exit(run())


if __name__ == "__main__":
    main()
