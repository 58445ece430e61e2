"""The process at a MIDI port: `python -m bridge.midi.port_process [PLACE NAME …]`, started by
`bridge.midi.controllers`.

Of the names of all inputs that are wanted, it waits for the one at PLACE, counted from 0, so that
no two of these processes take the same. It prints the input's whole name as `open NAME` and every
message as `message HEX`, MIDI clock as `clock SECONDS`, and ends when the controller goes away, to
be started again. `here`, about once a second, says that nothing hangs. What there is to tell is
printed as `news TEXT`. `message HEX` on stdin goes out to the same controller, if it takes any.
Which MIDI system is used follows `MIDO_BACKEND`, as everywhere with `mido`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from bridge.midi.library import ensure
from bridge.midi.names import alike, assigned, choose, labelled, output_for, present
from bridge.midi.twins import tell_apart
from bridge.process.children import take_stdout

__all__ = ["NoMidi", "choose", "input_names", "output_for"]

POLL_SECONDS = 1.0
ALIVE = threading.Event()  # the system's MIDI has answered, which `main` passes on


class NoMidi(Exception):
    """MIDI cannot be used on this system; the text is the reason."""


def input_names() -> list[str]:
    """The MIDI inputs, each with a unique name. Raises NoMidi."""
    return labelled(_names("input"))


def _names(way: str) -> list[str]:
    """The system's names of all inputs or outputs. Raises NoMidi."""
    try:
        import mido

        ensure()
        with contextlib.suppress(ImportError):  # which the next line raises as well
            tell_apart(mido.backend.module)
        return list(mido.get_input_names() if way == "input" else mido.get_output_names())
    except ImportError:
        name = "python-rtmidi" if sys.version_info < (3, 13) else "supriya-midi"
        raise NoMidi(f"it needs the package {name}: pip install {name}") from None
    except Exception as error:  # each system's library raises its own
        raise NoMidi(f"the system's MIDI cannot be used ({error})") from None


def _system_name(label: str, way: str) -> str:
    """What the system calls the input or output that is called `label` here."""
    names = _names(way)
    return dict(zip(labelled(names), names, strict=True)).get(label, label)


def follow(
    wanted: str | None,
    say: Callable[[str], None],
    all_wanted: Sequence[str | None] = (),
    place: int = 0,
) -> None:
    """Wait for the controller, pass on its messages, and return when it is disconnected.

    `wanted` is the one at `place` of `all_wanted`; earlier ones choose first, see `assigned`.
    """
    while (name := _look(wanted, say, all_wanted or [wanted], place)) is None:
        ALIVE.set()
        time.sleep(POLL_SECONDS)
    import mido

    lock = threading.Lock()
    early: list[Any] = []  # messages before the name of the port is known
    known = False

    def pass_on(message: Any) -> None:
        if message.type == "clock":  # whose time matters
            say(f"clock {time.monotonic()}")
        else:
            say(f"message {message.hex()}")

    def heard(message: Any) -> None:
        with lock:
            if known:
                pass_on(message)
            else:
                early.append(message)

    # Kept, not closed: closing a port whose system has gone down can crash.
    OUT.name = name
    port = mido.open_input(_system_name(name, "input"), callback=heard)
    count = alike(name, input_names())
    with lock:
        say(f"open {name}")
        for message in early:
            pass_on(message)
        known = True
    say(f"news listening to {name}")
    try:
        while present(name, input_names(), count):
            ALIVE.set()
            time.sleep(POLL_SECONDS)
    except NoMidi as error:
        say(f"news {error}")
    say(f"news {port.name} is disconnected; waiting for it to return")


class Out:
    """The output to the controller, searched on first use."""

    def __init__(self) -> None:
        self.name: str | None = None
        self._port: Any = None
        self._tried: str | None = None

    def send(self, message: Any) -> None:
        """Does nothing for a controller without an output."""
        import mido

        if self.name is not None and self._tried != self.name:
            self._tried = self.name
            name = output_for(self.name, _names("output"))
            found = None if name is None else _system_name(name, "output")
            self._port = None if found is None else mido.open_output(found)
        if self._port is not None:
            self._port.send(message)


OUT = Out()


def _send(line: str) -> None:
    kind, _, rest = line.strip().partition(" ")
    if kind != "message":
        return
    import mido

    # A controller without an output is still useful as an input.
    with contextlib.suppress(Exception):
        OUT.send(mido.Message.from_bytes(bytes.fromhex(rest)))


def _look(
    wanted: str | None, say: Callable[[str], None], all_wanted: Sequence[str | None], place: int
) -> str | None:
    """The controller's name if it is connected; otherwise print the available inputs."""
    try:
        names = input_names()
    except NoMidi as error:
        say(f"news {error}")
        return None
    name = assigned(names, all_wanted)[place]
    if name is None:
        what = "no input was found" if wanted is None else f"no input matches {wanted!r}"
        say(f"news {what} (there are: {', '.join(names) or 'none'}); waiting for one")
    return name


def main(argv: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's to handle
    say = take_stdout()

    def take_orders() -> None:
        for line in sys.stdin.buffer:
            _send(line.decode("ascii", "replace"))
        os._exit(0)  # the engine has gone

    def tell_alive() -> None:
        while True:
            ALIVE.wait()
            ALIVE.clear()
            say("here")

    for task in (take_orders, tell_alive):
        threading.Thread(target=task, daemon=True).start()
    try:
        place = int(argv[1]) if len(argv) > 1 else 0
        names: list[str | None] = [*argv[2:]] or [None]
        follow(names[place], say, names, place)
    except Exception as error:
        say(f"news the port failed ({error})")
    # No clean-up on the way out, for the same reason that the port is not closed.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv)
