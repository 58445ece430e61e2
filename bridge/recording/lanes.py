"""Writes the control lanes of a recorded set as a MIDI file, for a sequencer.

Each number that changed becomes a track named by its address, with one control change per change: 0
is the low end of its range, 127 the high one. Texts become text events.
"""

from __future__ import annotations

import math
from pathlib import Path

import mido

from bridge.controls.controls import namespace
from bridge.controls.parameters import Parameter, Value
from bridge.recording.log import STOP, Change, Recorded
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import Placed, beside, reason

TICKS = 480  # a beat
TEMPO = 500_000  # microseconds a beat: 120 BPM
FIRST_CC = 20  # and on from there, one for each lane, then again
LAST_CC = 119
STEPS = 50  # a second, of a glide
LONGEST_WAIT = 2**28 - 1  # ticks


def write_lanes(recorded: Recorded, path: str | Path, placed: Placed | None = None) -> int:
    """Write a MIDI file with a track for every address that changed; returns their number.

    placed: as in `musicrfm.files.writing.beside`. Raises MusicRFMError if the file cannot be
    written.
    """
    start = recorded.header.get("start")
    start = start if isinstance(start, dict) else {}
    directions = [a[7:] for a in start if a.startswith("/steer/") and a.count("/") == 2]
    parameters = {p.address: p for p in namespace(directions)}
    lanes: dict[str, list[tuple[float, Change]]] = {}
    for entry in recorded.entries:
        for change in entry.changes:
            if change.address != STOP:
                lanes.setdefault(change.address, []).append((entry.time, change))
    file = mido.MidiFile(ticks_per_beat=TICKS)
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=TEMPO)])
    file.tracks.append(head)
    numbers = 0
    for address in sorted(lanes):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=_ascii(address))])
        file.tracks.append(track)
        parameter = parameters.get(address)
        if parameter is None or parameter.low is None or parameter.high is None:
            events = [
                (t, mido.MetaMessage("text", text=_ascii(c.value))) for t, c in lanes[address]
            ]
        else:
            control = FIRST_CC + numbers % (LAST_CC - FIRST_CC + 1)
            numbers += 1
            events = [
                (time, mido.Message("control_change", control=control, value=value))
                for time, value in _moves(parameter, start.get(address), lanes[address])
            ]
        now = 0
        for time, message in events:
            tick = round(mido.second2tick(time, TICKS, TEMPO))
            if tick - now > LONGEST_WAIT:
                raise MusicRFMError("a MIDI file cannot hold more than 77 hours without a change")
            track.append(message.copy(time=tick - now))
            now = tick
    try:
        with beside(path_of(path), placed) as new:
            file.save(str(new))
    except OSError as error:
        raise MusicRFMError(f"cannot write {str(path)!r}: {reason(error)}") from None
    return len(lanes)


def _moves(
    parameter: Parameter, start: Value | None, changes: list[tuple[float, Change]]
) -> list[tuple[float, int]]:
    """Time and value of each control change, several for a glide; values 0 to 127."""
    values = [parameter.default if start is None else start, *(c.value for _, c in changes)]
    for value in values:
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise MusicRFMError(
                f"the control log sets {parameter.address} to {value!r}, which is not a number"
            )
    latest = float(values[0])
    moves = [(0.0, _seven_bits(parameter, latest))]
    for (time, change), following in zip(changes, [*changes[1:], None], strict=True):
        value = float(change.value)
        steps = round((change.seconds or 0.0) * STEPS)
        until = following[0] if following else float("inf")
        for step in range(1, steps):
            here = time + step / STEPS
            if here >= until:
                break
            moves.append((here, _seven_bits(parameter, latest + (value - latest) * step / steps)))
        latest = value
        arrival = time + (change.seconds or 0.0)
        if arrival < until or not steps:
            moves.append((arrival, _seven_bits(parameter, value)))
    return [move for i, move in enumerate(moves) if i == 0 or move[1] != moves[i - 1][1]]


def _seven_bits(parameter: Parameter, value: float) -> int:
    assert parameter.low is not None and parameter.high is not None, "it has a range"
    share = (value - parameter.low) / (parameter.high - parameter.low)
    return min(max(round(127 * share), 0), 127)


def _ascii(text: object) -> str:
    """ASCII text, the only characters that MIDI files support reliably."""
    return str(text).encode("latin-1", "replace").decode("latin-1")
