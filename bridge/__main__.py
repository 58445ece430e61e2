"""The `bridge` command, also as `python -m bridge`.

Its imports take seconds; Ctrl-C during them ends it silently.
"""

from __future__ import annotations

import signal
import sys


def main() -> None:
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # otherwise the caller wants it ignored
        # The system's handler: a library that waits for memory would block Python's.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bridge.cli import main as run

    signal.signal(signal.SIGINT, before)
    sys.exit(run())


if __name__ == "__main__":
    main()
