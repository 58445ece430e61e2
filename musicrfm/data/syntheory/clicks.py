"""SynTheory's two sets of metronome clicks: tempos and time signatures.

Clips are excerpts of four seconds from tracks of 20 or 30 seconds. In the published set the offsets
are random; here they follow the seed.

Excerpts of one track differ only in their offset, so a split must keep them together.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from itertools import product

import mido

from musicrfm.data.syntheory.spec import ConceptSet, Row

SECONDS = 4.0  # length of an excerpt
SLOWEST, FASTEST = 50, 210  # BPM
LEAD_IN = 4.0  # seconds rendered before an excerpt, whose clicks still ring in it


@dataclass(frozen=True)
class Click:
    """A metronome sound: MIDI channel and program, and the pitches of its strong and weak beats."""

    channel: int
    program: int
    strong: int
    weak: int


CLICKS = {
    "default": Click(9, 0, 37, 31),
    "woodblock_dark": Click(2, 115, 37, 31),
    "woodblock_light": Click(2, 115, 52, 48),
    "taiko": Click(2, 116, 52, 48),
    "synth_drum": Click(2, 118, 52, 48),
}
METERS = ((2, 2), (2, 4), (3, 4), (3, 8), (4, 4), (6, 8), (9, 8), (12, 8))
REVERB = (0, 63, 127)  # controller 91 by reverb level


def _offsets(rng: random.Random, count: int, track: float) -> list[float]:
    """Distinct offsets in seconds, to the millisecond, that leave room for a whole excerpt."""
    return [ms / 1000 for ms in rng.sample(range(round(1000 * (track - SECONDS)) + 1), count)]


def _tempos(seed: int) -> list[Row]:
    rng = random.Random(f"tempos {seed}")
    return [
        {
            "bpm": bpm,
            "click_config_name": name,
            "midi_program_num": click.program,
            "offset_time": offset,
        }
        for bpm, (name, click) in product(range(SLOWEST, FASTEST + 1), CLICKS.items())
        for offset in _offsets(rng, 5, 20.0)
    ]


def _play_tempo(row: Row) -> tuple[bytes, float]:
    return _excerpt(row, beat=60 / row["bpm"], beats=4, reverb=0)


def _time_signatures(seed: int) -> list[Row]:
    rng = random.Random(f"time_signatures {seed}")
    return [
        {
            "time_signature": str((beats, division)),
            "time_signature_beats": beats,
            "time_signature_subdivision": division,
            "is_compound": int(beats % 3 == 0 and division != 4),
            "bpm": 120,
            "click_config_name": name,
            "midi_program_num": click.program,
            "offset_time": offset,
            "reverb_level": level,
        }
        for (beats, division), level, (name, click) in product(METERS, range(3), CLICKS.items())
        for offset in _offsets(rng, 10, 30.0)
    ]


def _play_time_signature(row: Row) -> tuple[bytes, float]:
    beat = 60 / row["bpm"] * 4 / row["time_signature_subdivision"]
    return _excerpt(row, beat, row["time_signature_beats"], REVERB[row["reverb_level"]])


def _excerpt(row: Row, beat: float, beats: int, reverb: int) -> tuple[bytes, float]:
    """The audible part of the excerpt: from whole beats before it to its end.

    beat: seconds. beats: per bar. reverb: the controller's value. The seconds to skip are counted
    from the first rendered beat.
    """
    click = CLICKS[row["click_config_name"]]
    offset = row["offset_time"]
    first = max(0, int(offset // beat) - int(LEAD_IN // beat))
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=round(beat * 1e6)),
            mido.Message("program_change", channel=click.channel, program=click.program),
            mido.Message("control_change", channel=click.channel, control=91, value=reverb),
        ]
    )
    for b in range(first, int((offset + SECONDS) // beat) + 2):
        pitch, velocity = (click.weak, 75) if b % beats else (click.strong, 100)
        sound = {"channel": click.channel, "note": pitch, "velocity": velocity}
        track.append(mido.Message("note_on", **sound))
        track.append(mido.Message("note_off", **sound, time=480))
    buffer = io.BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(file=buffer)
    return buffer.getvalue(), offset - first * beat


TEMPOS = ConceptSet(
    name="tempos",
    about="clicks at 50 to 210 BPM in bars of four",
    label="bpm",
    kind="regression",
    size=4025,
    fields=("bpm", "click_config_name", "midi_program_num", "offset_time"),
    spoken={},
    factors=("bpm", "click_config_name"),
    stem=("bpm", "click_config_name", "offset_time"),
    make=_tempos,
    midi=_play_tempo,
    group=lambda row: (row["bpm"], row["click_config_name"]),
)
TIME_SIGNATURES = ConceptSet(
    name="time_signatures",
    about="clicks at 120 BPM in eight meters, dry and in reverb",
    label="time_signature",
    kind="multiclass",
    size=1200,
    fields=(
        "time_signature",
        "time_signature_beats",
        "time_signature_subdivision",
        "is_compound",
        "bpm",
        "click_config_name",
        "midi_program_num",
        "offset_time",
        "reverb_level",
    ),
    spoken={str(meter): f"{meter[0]}-{meter[1]}" for meter in METERS},
    factors=("time_signature", "reverb_level", "click_config_name"),
    stem=("time_signature", "click_config_name", "reverb_level", "offset_time"),
    make=_time_signatures,
    midi=_play_time_signature,
    # All meters of one click stay together. If one meter of a click were held out alone, a probe
    # that recognises the click would assign it to the meters it was trained on with that click.
    group=lambda row: (row["click_config_name"],),
)
