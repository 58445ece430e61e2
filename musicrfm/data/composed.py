"""Hidden states of music in which every note is known: composed pieces, rendered and encoded.

SynTheory's clips contain one thing each, a single note or a click, repeated. In music, several
things happen at once, and directions must work there: so they can also be trained on single frames
of pieces like `nano`'s training data, composed with other seeds.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.data.compose import DRUMS, Clip, Note, compose
from musicrfm.data.hidden import Data, hear, kept_in, states_folder
from musicrfm.data.states import States
from musicrfm.errors import whole_number
from musicrfm.executor import in_turn
from musicrfm.files.folders import cache_folder
from musicrfm.progress import Progress
from musicrfm.theory import CHORDS, PITCH_CLASSES, key_notes

if TYPE_CHECKING:
    from torch import Tensor

    from musicrfm.data.clips import ClipSet
    from musicrfm.model import MusicModel

START, SECONDS = 2.0, 6.0  # the part of a piece that is encoded
SETTLING = 0.5  # seconds of it that go by before a frame counts
FRAMES = 20  # a piece
MOST_FRAMES = 10_000  # of a piece, so that one number says which frame of which piece
# One concept -> the column of `frame_data` that says it.
IN_MUSIC = {"note": "notes", "chord": "chord", "key": "keys"}
KEY_BEFORE, KEY_AFTER = 3.0, 1.0  # seconds around a frame whose notes tell the key
TELLING = 5  # the least number of pitch classes that identifies a key
TRIADS = {steps: quality for quality, steps in CHORDS.items()}


def music_clips(samples: int = 1200, seed: int = 0) -> ClipSet:
    """Pieces of steady tempo like nano's training data, with other seeds."""
    from musicrfm.data.clips import ClipSet

    samples = whole_number("the number of clips", samples, 1)
    rows: list[dict] = []
    number = 6_000_000 + 100_000 * seed
    while len(rows) < samples:
        piece = compose(number)
        if piece.kind == "music" and len(piece.tempi) == 1:
            rows.append(
                {"bpm": piece.bpm, "tonic": piece.tonic, "lead": piece.lead, "seed": number}
            )
        number += 1
    groups = [row["seed"] for row in rows]
    about = {"seconds": SECONDS, "version": 2}
    return ClipSet("composed pieces, rendered with TimGM6mb", rows, groups, about, _hear)


def music_data(
    model: MusicModel,
    samples: int = 1200,
    seed: int = 0,
    pooling: str = "mean",
    cache: Path | None = None,
) -> Data:
    """Hidden states of composed pieces of steady tempo, six seconds of each, with their BPM."""
    return hear(model, music_clips(samples, seed), pooling, cache=cache, seed=seed)


def frame_data(
    model: MusicModel, samples: int = 4800, seed: int = 0, cache: Path | None = None
) -> Data:
    """Hidden states of single frames of composed pieces, labelled by what sounds in the next frame.

    samples: number of frames, 20 from each piece. States are stored on disk piece by piece, below
    `cache` (by default the user's), so that an interrupted run continues and other concepts can use
    them. Rows: `notes`, names of the pitch classes that sound; `chord`, the quality of their triad,
    or None; `keys`, the major keys that contain all notes around the frame; `mode`; `lead`; `bpm`;
    `seed` of the piece; `second` in it. Pooling is `last`: the state of a frame depends on
    everything before it. Frames of one piece form a group.
    """
    clips = music_clips(max(1, samples // FRAMES), seed)
    kept = _frames_heard(model, clips, seed, cache or cache_folder())
    pieces = [compose(about["seed"]) for about in clips.rows]
    rows = []
    for number in kept.kept:
        piece, frame = divmod(number, MOST_FRAMES)
        rows.append(_about(clips.rows[piece], pieces[piece], frame, model.frame_rate))
    return Data(
        name=f"frames of {clips.name}",
        model=model.name,
        states=kept.view(),
        rows=rows,
        groups=[row["seed"] for row in rows],
        pooling="last",
        seed=seed,
        about={"pieces": len(clips.rows), "seconds": SECONDS},
        file=kept,
        seconds=SECONDS,
        fingerprint=model.fingerprint,
    )


def _frames_heard(model: MusicModel, clips: ClipSet, seed: int, cache: Path) -> States:
    """The states of some frames of each piece, from the cache if they are there.

    Frame f of piece p is row p * MOST_FRAMES + f of the data set.
    """
    key = {"clips": clips.rows, "about": clips.about, "frames": FRAMES, "seed": seed}
    dtype, room = kept_in(model), len(clips.rows) * FRAMES
    folder = states_folder(cache, model, key, dtype)
    states = States.open(folder, room, model.layers, model.width, dtype)
    rng = np.random.default_rng([seed, 0xF4A3E])
    first, last = round(SETTLING * model.frame_rate), round(SECONDS * model.frame_rate)
    done = states.heard // FRAMES
    progress = Progress(f"hearing {clips.name}", len(clips.rows), "pieces", already=done)
    chosen = [
        np.sort(rng.choice(np.arange(first, last), FRAMES, replace=False)) for _ in clips.rows
    ]

    def encoded(sound: tuple[np.ndarray, int] | None) -> Tensor:
        assert sound is not None, "a composed piece is never silent"
        return model.encode_audio(*sound)[:, :last]

    sounds = map(clips.hear, clips.rows[done:])
    for number, codes in enumerate(in_turn(encoded, sounds, model.device), done):
        of_piece = model.hidden_states(codes[None], partial(_at, frames=chosen[number]))
        rows = [number * MOST_FRAMES + int(frame) for frame in chosen[number]]
        states.append(of_piece[:, 0].transpose(0, 1).numpy(), rows, (number + 1) * FRAMES)
        progress(number + 1)
    return states


def _at(states: Tensor, frames: np.ndarray) -> Tensor:
    """Some frames of a layer's [batch, frames, width]."""
    return states[:, frames].float().cpu()


def _about(row: dict, piece: Clip, frame: int, rate: float) -> dict:
    """The labels of the frame after a frame of a piece."""
    second = float(START + (frame + 1) / rate)
    sounding = _sounding(piece.notes, second)
    return {
        **row,
        "second": second,
        "notes": [PITCH_CLASSES[n] for n in sounding],
        "chord": _quality(sounding),
        "keys": _keys(piece.notes, second),
        "mode": piece.mode,
    }


def _hear(row: dict) -> tuple[np.ndarray, int]:
    from musicrfm.data.render import SAMPLE_RATE, render

    piece = render(compose(row["seed"]))
    begin = round(START * SAMPLE_RATE)
    return piece[begin : begin + round(SECONDS * SAMPLE_RATE)], SAMPLE_RATE


def _sounding(notes: list[Note], second: float) -> list[int]:
    """Pitch classes that sound at a moment, without drums."""
    found = {
        n.pitch % 12
        for n in notes
        if n.channel != DRUMS and n.start <= second + 0.01 and second < n.start + n.length
    }
    return sorted(found)


def _keys(notes: list[Note], second: float) -> list[str]:
    """The tonics of the major keys that contain all notes around a moment.

    A minor key or a mode counts as the major key with the same notes. Empty if there are too few
    notes, or no key contains them all.
    """
    begin, end = second - KEY_BEFORE, second + KEY_AFTER
    near = [n for n in notes if n.start < end and n.start + n.length > begin]
    found = {n.pitch % 12 for n in near if n.channel != DRUMS}
    if len(found) < TELLING:
        return []
    return [name for tonic, name in enumerate(PITCH_CLASSES) if found <= key_notes(tonic)]


def _quality(sounding: list[int]) -> str | None:
    """The quality of the triad that the pitch classes form, for any root."""
    for root in sounding:
        shape = tuple(sorted((n - root) % 12 for n in sounding))
        if shape in TRIADS:
            return TRIADS[shape]
    return None
