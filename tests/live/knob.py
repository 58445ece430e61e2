"""A virtual MIDI controller: sends a control change for every line `NUMBER VALUE` on stdin."""

from __future__ import annotations

import sys

import mido

from bridge.midi.library import ensure


def main() -> None:
    ensure()
    with mido.open_output(sys.argv[1], virtual=True) as port:
        print("ready", flush=True)
        for line in sys.stdin:
            control, value = map(int, line.split())
            port.send(mido.Message("control_change", channel=0, control=control, value=value))


if __name__ == "__main__":
    main()
