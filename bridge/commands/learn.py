"""`bridge learn`: maps the next moved control in a rig file, without playing a set."""

from __future__ import annotations

from collections.abc import Iterable
from queue import Queue
from typing import Any

from bridge.controls.controls import Controls, namespace
from bridge.midi.controllers import Port, listening, open_ports
from bridge.midi.learn import Learner, write_mapping
from bridge.midi.mapping import MidiMap, Move
from bridge.midi.names import lasting
from bridge.rig import load_rig
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of


def listen(address: str, rig: str, wanted: Iterable[str] = ()) -> int:
    """`bridge learn`: map the next moved control in a rig file; returns the exit status.

    Raises MusicRFMError for an invalid address, and for a rig file that cannot be changed.
    """
    _check(address)
    if not path_of(rig).resolve().parent.is_dir():
        raise MusicRFMError(f"cannot write the rig file {rig!r}: the folder does not exist")
    listens = list(wanted)
    mpe: tuple[str, ...] = ()
    if path_of(rig).exists():
        kept = load_rig(rig)
        listens, mpe = listens or list(kept.midi_ports), kept.midi_mpe
    learned: Queue[dict[str, Any]] = Queue()
    ports: list[Port] = []
    learner = Learner(
        port_name=lambda name: lasting(name) if len(ports) > 1 else None,
        listening=lambda: listening(ports),
    )
    learner.on_learned(lambda where, entry: learned.put(entry))
    learner.start(address)
    ports += open_ports(Listening(learner), listens, mpe)
    for port in ports:
        port.start()
    try:
        print(f"turn, press or move the control for {address} (Ctrl-C cancels)", flush=True)
        entry = learned.get()
    finally:
        learner.cancel()
        for port in ports:
            port.close()
    write_mapping(rig, entry)
    print(f"{rig}: {', '.join(f'{key} = {value!r}' for key, value in entry.items())}")
    return 0


def _check(address: str) -> None:
    """Raise MusicRFMError for an address that no set has, or that a control cannot set."""
    parts = address.split("/")
    names = [parts[2]] if address.startswith("/steer/") and parts[2] else []
    if address.startswith("/"):  # else the learner raises
        MidiMap("cc", 0).fitted(Controls(namespace(names)).parameter(address))


class Listening:
    """Receives a port's messages for a learner alone."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def moves(self, moves: list[Move], port: str = "") -> None:
        self._learner.hear(moves, port)

    def realtime(self, message: Any, port: str = "") -> None:
        """Pass a message that is not a control, which may explain why nothing is learned."""
        self._learner.overhear(message, port)

    def tick(self, at: float, port: str = "") -> None:
        """Pass the clock, which may explain this too."""
        self._learner.overhear("clock", port)

    def opened(self) -> None:
        """Nothing to send to the controller."""

    def let_go(self, port: str | None = None) -> None:
        """No notes to release."""
