"""A bridge for fault injection: `python -m bridge.tortured play …`.

It is `bridge play` with a simulated sound card and MIDI controller, `card` and `controller` of
`bridge.bench.torture`. Each line on stdin is a fault to arm, as JSON: the keywords of `inject.arm`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import Any

from bridge import __main__ as program
from bridge.process import children

STAND_INS = {
    "bridge.audio.speaker": "bridge.bench.torture.card",
    "bridge.midi.port_process": "bridge.bench.torture.controller",
}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as the program has it while it is imported
    from bridge.audio import output
    from bridge.bench.torture import inject
    from bridge.midi import controllers

    output.start = controllers.start = _start
    inject.prepare()
    threading.Thread(target=_take_orders, name="orders", daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    program.main()


def _start(module: str, *arguments: str) -> Any:
    return children.start(STAND_INS.get(module, module), *arguments)


def _take_orders() -> None:
    from bridge.bench.torture import inject

    for line in sys.stdin.buffer:
        inject.arm(**json.loads(line))


if __name__ == "__main__":
    main()
