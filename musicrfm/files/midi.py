"""Reads MIDI files as other programs write them.

mido refuses a file for an unknown key signature, the synthesiser refuses a track without an end,
and neither supports SMPTE time. This module reads the notes and controllers of a file with their
times in seconds, and writes a plain file for the synthesiser. Source: "Standard MIDI Files 1.0",
MIDI Manufacturers Association, RP-001.
"""

from __future__ import annotations

import io
import logging
import os
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import mido

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import file_to_read

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 2**20
MOST_BEFORE = 1024  # bytes before the file itself; MacBinary has 128
LEAST = 0.5  # seconds, that a note sounds which is never let go
TICKS = 32_000  # ticks per beat in written files: 15.6 µs each
TEMPO = 500_000  # microseconds a beat, where a file sets no tempo
_DATA = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # messages that do not belong in a file, with their length
_SET_TEMPO, _END_OF_TRACK = 0x51, 0x2F


@dataclass(frozen=True)
class Song:
    """events: (seconds, bytes of a message), in order. seconds: time of the last event of any kind.

    cut: the file ended in the middle of a track.
    """

    events: tuple[tuple[float, bytes], ...]
    seconds: float
    cut: bool = False

    @property
    def has_notes(self) -> bool:
        return any(message[0] & 0xF0 == 0x90 and message[2] for _, message in self.events)

    def rewritten(self) -> bytes:
        """The song as a plain MIDI file with one track."""
        track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=TEMPO)])
        ticks = 0
        for seconds, message in self.events:
            at = round(seconds * TICKS * 1e6 / TEMPO)
            track.append(mido.Message.from_bytes(message, time=at - ticks))
            ticks = at
        end = round(self.seconds * TICKS * 1e6 / TEMPO)
        track.append(mido.MetaMessage("end_of_track", time=max(0, end - ticks)))
        buffer = io.BytesIO()
        mido.MidiFile(type=0, ticks_per_beat=TICKS, tracks=[track]).save(file=buffer)
        return buffer.getvalue()


class _Damaged(Exception):
    """The fault of a file, in words that follow its name."""


def read_midi(path: str | os.PathLike[str]) -> Song:
    """The audible content of a MIDI file, plain or in a RIFF file.

    Raises MusicRFMError for anything but a MIDI file, for several songs, and for a file without a
    time division.
    """
    found = file_to_read(path, "MIDI file")
    try:
        with found.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise MusicRFMError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    try:
        if len(data) > MOST_BYTES:
            raise _Damaged(f"it is larger than {MOST_BYTES >> 20} MiB")
        song = _song(data)
    except _Damaged as error:
        raise MusicRFMError(f"{str(path)!r} is not a readable MIDI file: {error}") from None
    if song.cut:
        log.warning("%r is truncated: it is read up to that point", str(path))
    return song


def _song(data: bytes) -> Song:
    data = _unwrapped(data)
    if data[:4] != b"MThd":
        raise _Damaged("its first bytes are not those of a MIDI file")
    length = int.from_bytes(data[4:8], "big")
    head = data[8 : 8 + length]
    if length < 6 or len(head) < 6:
        raise _Damaged("its header is truncated")
    kind, division = int.from_bytes(head[:2], "big"), head[4:6]
    tracks, cut = _tracks(data[8 + length :])
    if kind == 2 and len(tracks) > 1:
        raise _Damaged(
            f"its format is 2, {len(tracks)} songs in one file: save each song as a file "
            "of format 1"
        )
    if kind > 2:
        raise _Damaged(f"its format is {kind}, not 0, 1 or 2")
    parsed = [_events(track) for track in tracks]
    seconds_at = _clock(division, [event for events, _ in parsed for event in events])
    sounding = sorted(
        (
            (seconds_at(tick), message)
            for events, _ in parsed
            for tick, message in events
            if message[0] < 0xF0
        ),
        key=lambda event: event[0],
    )
    end = max((seconds_at(tick) for _, tick in parsed), default=0.0)
    return Song(tuple(sounding), max(end, _last_of_held(sounding) + LEAST), cut)


def _last_of_held(events: list[tuple[float, bytes]]) -> float:
    """When the last of the notes begins that are never let go, in seconds; -LEAST if all are."""
    held: dict[tuple[int, int], float] = {}
    for seconds, message in events:
        if message[0] & 0xE0 == 0x80:  # a note on or off
            key = (message[0] & 0x0F, message[1])
            if message[0] & 0x10 and message[2]:
                held[key] = seconds
            else:
                held.pop(key, None)
    return max(held.values(), default=-LEAST)


def _unwrapped(data: bytes) -> bytes:
    """The MIDI file inside a RIFF file, as Windows programs wrote them, or after a Macintosh
    header."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data[max(0, data.find(b"MThd", 0, MOST_BEFORE)) :]
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            return data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)
    raise _Damaged("it is a RIFF file without MIDI in it")


def _tracks(data: bytes) -> tuple[list[bytes], bool]:
    """The bytes of the tracks, without chunks of other kinds, and whether the last one is
    truncated."""
    tracks, at, cut = [], 0, False
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at : at + 4] == b"MTrk":
            if not data[end : end + 4].isalpha() and end < len(data):
                # No chunk begins there, so the length is wrong.
                next_one = data.find(b"MTrk", at + 8)
                end = next_one if next_one >= 0 else len(data)
            tracks.append(data[at + 8 : end])
            cut = end > len(data)
        at = end
    if not tracks:
        raise _Damaged("it has no track")
    return tracks, cut


def _events(track: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """(tick, message or [0xff, microseconds a beat in 3 bytes]) of a track, and its last tick.

    A track may lack its end; one that breaks off inside an event is read up to there.
    """
    events: list[tuple[int, bytes]] = []
    at, tick, status = 0, 0, 0
    try:
        while at < len(track):
            delta, at = _number(track, at)
            first = track[at]
            if first >= 0x80:
                at += 1
            else:
                first = status
            if 0x80 <= first < 0xF0:
                status, length = first, _DATA[first & 0xF0]
                message = bytes([first, *track[at : at + length]])
                if len(message) <= length:
                    break
                if max(message[1:]) > 127:
                    raise _Damaged(f"a data byte is {max(message[1:])}, and 127 is the maximum")
                events.append((tick + delta, message))
            elif first == 0xFF:
                kind = track[at]
                length, at = _number(track, at + 1)
                if kind == _SET_TEMPO and at + length <= len(track):
                    events.append((tick + delta, b"\xff" + _tempo(track[at : at + length])))
                if kind == _END_OF_TRACK:
                    return events, tick + delta
            elif first in (0xF0, 0xF7):
                length, at = _number(track, at)
            elif first == 0:
                raise _Damaged("a track begins with a data byte that belongs to no message")
            else:
                length = _SYSTEM.get(first, 0)
            at += length
            tick += delta
    except IndexError:  # truncated
        pass
    return events, tick


def _tempo(content: bytes) -> bytes:
    if len(content) < 3 or not any(content[:3]):
        raise _Damaged("it sets a tempo of 0 microseconds a beat")
    return content[:3]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number with 7 bits per byte, at most four bytes, and the position of its end."""
    value = 0
    for _ in range(4):
        value = value << 7 | data[at] & 127
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise _Damaged("a time or length has more than four bytes")


def _clock(division: bytes, events: list[tuple[int, bytes]]) -> Callable[[int], float]:
    """A function from ticks to seconds, for SMPTE frames or for beats under the tempi of all
    tracks."""
    if division[0] & 0x80:
        frames, parts = 256 - division[0], division[1]
        if frames not in (24, 25, 29, 30) or not parts:
            raise _Damaged(
                f"its time division is {parts} parts of {frames} frames a second, which SMPTE "
                "does not have"
            )
        rate = parts * (30000 / 1001 if frames == 29 else frames)
        return lambda tick: tick / rate
    beat = int.from_bytes(division, "big")
    if not beat:
        raise _Damaged("its time division is 0 ticks a beat, so notes have no length")
    changes = sorted(
        ((tick, int.from_bytes(m[1:], "big")) for tick, m in events if m[0] == 0xFF),
        key=lambda change: change[0],
    )
    at, seconds, tempo = [0], [0.0], [TEMPO]
    for tick, microseconds in changes:
        seconds.append(seconds[-1] + (tick - at[-1]) * tempo[-1] / beat / 1e6)
        at.append(tick)
        tempo.append(microseconds)

    def seconds_at(tick: int) -> float:
        last = bisect_right(at, tick) - 1
        return seconds[last] + (tick - at[last]) * tempo[last] / beat / 1e6

    return seconds_at
