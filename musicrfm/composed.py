"""What a model makes of music whose every note is known: composed pieces, rendered and heard.

SynTheory's clips hold one thing each, a single note or a click, over and over. In music there is
more at once, and that is where a direction has to work: so directions can also be trained on single
frames of pieces such as `nano` learned from, composed with other seeds. What is told of a frame is
what a listener has just heard, and not what sounds in it: music that is steered should lean to a
note, and not hold it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.directions import PITCH_CLASSES
from musicrfm.harmony import CHORDS, key_notes
from musicrfm.hearing import Data
from musicrfm.nano import truths
from musicrfm.nano.compose import DRUMS, Clip, Note, compose, study
from musicrfm.progress import Progress

if TYPE_CHECKING:
    from musicrfm.clips import ClipSet
    from musicrfm.model import MusicModel

START, SECONDS = 2.0, 6.0  # which part of a piece is heard
SETTLING = 0.5  # seconds of it that go by before a frame counts
FRAMES = 20  # a piece
# One concept -> the column of `frame_data` that says it, and what composes pieces that have it.
IN_MUSIC = {
    "note": ("notes", study),
    "chord": ("chord", study),
    "interval": ("interval", study),
    "key": ("keys", compose),
}
MOST = 0.5  # the share of what was just heard from which on a note, chord or interval is told
KEY_BEFORE, KEY_AFTER = 3.0, 1.0  # seconds around a frame whose notes tell the key
TELLING = 5  # so many pitch classes are needed for that


def music_clips(
    samples: int = 1200, seed: int = 0, make: Callable[[int], Clip] = compose
) -> ClipSet:
    """Pieces of steady tempo like those that nano learned from, with other seeds."""
    from musicrfm.clips import ClipSet

    rows: list[dict] = []
    number = 6_000_000 + 100_000 * seed
    while len(rows) < samples:
        piece = make(number)
        if piece.kind == "music" and len(piece.tempi) == 1:
            rows.append(
                {"bpm": piece.bpm, "tonic": piece.tonic, "lead": piece.lead, "seed": number}
            )
        number += 1
    groups = [row["seed"] for row in rows]
    about = {"seconds": SECONDS, "version": 2} | ({} if make is compose else {"made": "study"})
    name = "composed pieces, rendered with TimGM6mb"
    return ClipSet(name, rows, groups, about, partial(_hear, make))


def frame_data(
    model: MusicModel, samples: int = 4800, seed: int = 0, make: Callable[[int], Clip] = study
) -> Data:
    """Hidden states of single frames of composed pieces, with what has been heard just before.

    samples: frames, of which each piece gives 20; all in memory (6 layers of 256 are 6 KiB a
    frame). make: what composes the pieces, `study` or `compose`. Rows: of the last 1.5 seconds
    `notes`, the pitch classes that make up half of it or more, as names; `chord`, the quality of
    its triads, and `interval`, the semitones by which the lead is doubled, or "none"; all three
    None where nothing was heard. `keys`, the major keys that hold all notes around it, or None;
    `mode`; `lead`; `bpm`; `seed` of the piece; `second` in it. Pooling is `last`: a frame is the
    last of all that was heard before it. Frames of one piece stay together.
    """
    clips = music_clips(max(1, samples // FRAMES), seed, make)
    rng = np.random.default_rng([seed, 0xF4A3E])
    states: list[np.ndarray] = []
    rows: list[dict] = []
    progress = Progress(f"hearing {clips.name}", len(clips.rows), "pieces")
    for number, about in enumerate(clips.rows):
        codes = model.encode_audio(*clips.hear(about))
        heard = model.hidden_states(codes[None])[:, 0].float().cpu().numpy()
        first = round(SETTLING * model.frame_rate)
        chosen = np.sort(rng.choice(np.arange(first, heard.shape[1]), FRAMES, replace=False))
        piece = make(about["seed"])
        states.append(heard[:, chosen].transpose(1, 0, 2))
        seconds = START + (chosen + 1) / model.frame_rate
        for second, told in zip(seconds, _told(piece.notes, seconds), strict=True):
            keys = _keys(piece.notes, second)
            told |= {"second": float(second), "keys": keys or None, "mode": piece.mode}
            rows.append(about | told)
        progress(number + 1)
    return Data(
        name=f"frames of {clips.name}",
        model=model.name,
        states=np.concatenate(states),
        rows=rows,
        groups=[row["seed"] for row in rows],
        pooling="last",
        seed=seed,
        about={"pieces": len(clips.rows), "seconds": SECONDS},
        seconds=SECONDS,
    )


def _hear(make: Callable[[int], Clip], row: dict) -> tuple[np.ndarray, int]:
    from musicrfm.nano.render import SAMPLE_RATE, render

    piece = render(make(row["seed"]))
    begin = round(START * SAMPLE_RATE)
    return piece[begin : begin + round(SECONDS * SAMPLE_RATE)], SAMPLE_RATE


def _told(notes: list[Note], seconds: np.ndarray) -> list[dict]:
    """What has most been heard by each of some moments of a piece."""
    shares = truths.heard(notes, np.round(seconds * truths.RATE).astype(int))
    names = {"notes": PITCH_CLASSES, "chords": tuple(CHORDS), "intervals": range(1, 13)}
    told = []
    for row in shares:
        most = {
            part: [
                str(n)
                for n, share in zip(of, row[truths.PARTS[part]], strict=True)
                if share >= MOST
            ]
            for part, of in names.items()
        }
        silent = bool(np.isnan(row).any())
        told.append(
            {
                "notes": None if silent else most["notes"],
                "chord": None if silent else (most["chords"] or ["none"])[0],
                "interval": None if silent else (most["intervals"] or ["none"])[0],
            }
        )
    return told


def _keys(notes: list[Note], second: float) -> list[str]:
    """The major keys, by their tonics, that hold all that sounds around a moment.

    A minor key or a mode is told by the major key with the same notes. Empty if there are too few
    notes to tell, or if no such key holds them.
    """
    begin, end = second - KEY_BEFORE, second + KEY_AFTER
    near = [n for n in notes if n.start < end and n.start + n.length > begin]
    found = {n.pitch % 12 for n in near if n.channel != DRUMS}
    if len(found) < TELLING:
        return []
    return [name for tonic, name in enumerate(PITCH_CLASSES) if found <= key_notes(tonic)]
