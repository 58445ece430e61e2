"""The process at the MIDI port: `python -m bridge.midi_port [NAME]`, started by `bridge.midi`.

It waits for the input that NAME is a part of, prints its whole name as `open NAME` and every
message as `message HEX`, MIDI clock as `clock SECONDS`, and ends when the controller goes away, to
be started again. What there is to tell is printed as `news TEXT`. `message HEX` on stdin goes out
to the same controller, if it takes any. Which MIDI system is used follows `MIDO_BACKEND`, as
everywhere with `mido`.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bridge.children import take_stdout

POLL_SECONDS = 1.0


class NoMidi(Exception):
    """This system's MIDI cannot be used, and why."""


def input_names() -> list[str]:
    """The MIDI inputs there are. Raises NoMidi."""
    try:
        import mido

        return list(mido.get_input_names())
    except ImportError:
        raise NoMidi("it needs the package python-rtmidi: pip install python-rtmidi") from None
    except Exception as error:  # each system's library raises its own
        raise NoMidi(f"the system's MIDI cannot be used ({error})") from None


def choose(names: list[str], wanted: str | None) -> str | None:
    """The input that `wanted` names: exactly, or as a part in any case; the first device if None.

    The system's own loop-through ports are no devices.
    """
    if wanted is None:
        return next((n for n in names if "through" not in n.casefold()), None)
    if wanted in names:
        return wanted
    return next((n for n in names if wanted.casefold() in n.casefold()), None)


def follow(wanted: str | None, say: Callable[[str], None]) -> None:
    """Wait for the controller, pass on what it sends, and return when it has gone."""
    while (name := _look(wanted, say)) is None:
        time.sleep(POLL_SECONDS)
    import mido

    def heard(message: Any) -> None:
        if message.type == "clock":  # which is about its moment
            say(f"clock {time.monotonic()}")
        else:
            say(f"message {message.hex()}")

    # Kept, not closed: closing a port whose system has gone down can crash.
    OUT.name = name
    port = mido.open_input(name, callback=heard)
    say(f"open {name}")
    say(f"news listening to {name}")
    try:
        while name in input_names():
            time.sleep(POLL_SECONDS)
    except NoMidi as error:
        say(f"news {error}")
    say(f"news {port.name} is gone; waiting for it to come back")


class Out:
    """The way back to the controller: its output, found when there is something to send."""

    def __init__(self) -> None:
        self.name: str | None = None
        self._port: Any = None
        self._tried: str | None = None

    def send(self, message: Any) -> None:
        """Does nothing for a controller that has no output."""
        import mido

        if self.name is not None and self._tried != self.name:
            self._tried = self.name
            name = output_for(self.name, list(mido.get_output_names()))
            self._port = None if name is None else mido.open_output(name)
        if self._port is not None:
            self._port.send(message)


OUT = Out()
WAYS = ("in", "out", "input", "output")


def output_for(name: str, outputs: list[str]) -> str | None:
    """The output of the controller whose input has this name.

    Systems number their ports and clients, and some say which way one goes: that is not compared.
    """

    def bare(text: str) -> str:
        words = text.casefold().split(":")[0].split()
        words = [re.sub(r"^midi(in|out)", "midi", word) for word in words]
        return " ".join(w for w in words if not w.isdigit() and w not in WAYS)

    if name in outputs:
        return name
    return next((output for output in outputs if bare(output) == bare(name)), None)


def _send(line: str) -> None:
    kind, _, rest = line.strip().partition(" ")
    if kind != "message":
        return
    import mido

    # A controller that cannot be told anything is still one that can be listened to.
    with contextlib.suppress(Exception):
        OUT.send(mido.Message.from_bytes(bytes.fromhex(rest)))


def _look(wanted: str | None, say: Callable[[str], None]) -> str | None:
    """The controller's name if it is there; otherwise say what is."""
    try:
        names = input_names()
    except NoMidi as error:
        say(f"news {error}")
        return None
    name = choose(names, wanted)
    if name is None:
        what = "there is no input" if wanted is None else f"no input matches {wanted!r}"
        say(f"news {what} (there are: {', '.join(names) or 'none'}); waiting for one")
    return name


def main(argv: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's to handle
    say = take_stdout()

    def take_orders() -> None:
        for line in sys.stdin.buffer:
            _send(line.decode("ascii", "replace"))
        os._exit(0)  # the engine has gone

    threading.Thread(target=take_orders, daemon=True).start()
    try:
        follow(argv[1] if len(argv) > 1 else None, say)
    except Exception as error:
        say(f"news the port failed ({error})")
    # No clean-up on the way out, for the same reason that the port is not closed.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv)
