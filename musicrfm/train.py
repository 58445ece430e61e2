"""Trains directions: labelled clips in, `Direction` files out.

Hidden states are computed once for all targets on the same clips; then every layer is probed
on its own. Works on any model and any labels: notes and tempo are two calls of the same function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from musicrfm import probes, syntheory
from musicrfm.activations import activations, cached, fingerprint
from musicrfm.directions import PITCH_CLASSES, Direction, canonical_name, user_folder
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

PEAK = 0.5  # clips are brought to this peak, near the level of the music that models learn from
DEFAULT_METHOD = "rfm"
NAMES = {
    "notes": "SynTheory notes, rendered with TimGM6mb",
    "tempos": "SynTheory tempos, rendered with TimGM6mb",
    "music": "composed pieces, rendered with TimGM6mb",
}


@dataclass
class Data:
    """Pooled hidden states with their labels' rows.

    states: float32 [clips, layers, width]; rows: one dict per clip; groups: clips of one group go
    to the same part of the split. bases: AGOP eigenvectors by layer, filled on first use.
    """

    name: str
    model: str
    states: np.ndarray
    rows: list[dict]
    groups: list[Hashable]
    pooling: str
    seed: int
    about: dict = field(default_factory=dict)
    bases: dict = field(default_factory=dict)


def note_data(
    model: MusicModel,
    samples: int = 1440,
    seed: int = 0,
    pooling: str = "mean",
    octaves: tuple[int, int] = (0, 8),
    cache: Path | None = None,
) -> Data:
    """Hidden states of SynTheory notes; all twelve pitch classes of an instrument stay together."""
    rows = syntheory.note_rows(samples, seed, octaves)
    clips = partial(syntheory.clips, rows, peak=PEAK)
    about, group = {"octaves": list(octaves)}, ("octave", "midi_program_num")
    return _rendered(model, "notes", len(rows), clips, seed, pooling, about, group, cache)


def tempo_data(
    model: MusicModel,
    samples: int = 1200,
    seed: int = 0,
    pooling: str = "mean",
    cache: Path | None = None,
) -> Data:
    """Hidden states of SynTheory click tracks; excerpts of one track stay together."""
    rows = syntheory.tempo_rows(samples, seed)
    clips = partial(syntheory.clips, rows, peak=PEAK)
    group = ("bpm", "click_config_name")
    return _rendered(model, "tempos", len(rows), clips, seed, pooling, {}, group, cache)


def music_data(
    model: MusicModel,
    samples: int = 1200,
    seed: int = 0,
    pooling: str = "mean",
    cache: Path | None = None,
) -> Data:
    """Hidden states of composed pieces of steady tempo, with their BPM: six seconds of each.

    The pieces are like those that nano learned from, with other seeds.
    """
    from musicrfm.nano.compose import compose
    from musicrfm.nano.render import SAMPLE_RATE, render

    def rows_and_sound():
        count, number = 0, 6_000_000 + 100_000 * seed
        while count < samples:
            piece = compose(number)
            if piece.kind == "music" and len(piece.tempi) == 1:
                row = {"bpm": piece.bpm, "tonic": piece.tonic, "lead": piece.lead, "seed": number}
                yield row, render(piece)[2 * SAMPLE_RATE : 8 * SAMPLE_RATE]
                count += 1
            number += 1

    return _rendered(model, "music", samples, rows_and_sound, seed, pooling, {}, ("seed",), cache)


def clip_data(
    model: MusicModel,
    name: str,
    clips: Iterable[tuple[dict, np.ndarray, int]],
    *,
    groups: Callable[[dict], Hashable] | None = None,
    pooling: str = "mean",
    seed: int = 0,
) -> Data:
    """Hidden states of any clips, given as (row of labels, audio, sample rate).

    `groups` names the group of a row (by default each clip is its own). Nothing is cached.
    """
    rows: list[dict] = []

    def heard():
        for row, audio, sample_rate in clips:
            rows.append(row)
            yield audio, sample_rate

    states = activations(model, heard(), pooling, progress=_counter(name, None))
    keys = [groups(row) for row in rows] if groups else list(range(len(rows)))
    return Data(name, model.name, states, rows, keys, pooling, seed)


def train_note(data: Data, target: str, method: str = DEFAULT_METHOD, **options) -> Direction:
    """`note_<target>` from `note_data`; target in any spelling (C#, Db, Cs). Options as `train`."""
    name = canonical_name(f"note_{target}")
    pitch_class = name.removeprefix("note_")
    if pitch_class not in PITCH_CLASSES:
        raise MusicRFMError(f"{target!r} is not a note: choose one of {', '.join(PITCH_CLASSES)}")
    classes = [row["root_note_pitch_class"] for row in data.rows]
    labels = np.array(classes) == PITCH_CLASSES.index(pitch_class)
    return train(
        data,
        name,
        labels,
        kind="binary",
        method=method,
        classes=classes,
        target=pitch_class,
        concept="note",
        **options,
    )


def train_tempo(data: Data, method: str = DEFAULT_METHOD, **options) -> Direction:
    """`tempo` from `tempo_data`: a regression on standardised BPM. Options as `train`."""
    bpm = np.array([row["bpm"] for row in data.rows], np.float64)
    return train(
        data,
        "tempo",
        bpm,
        kind="regression",
        method=method,
        target="bpm",
        concept="tempo",
        **options,
    )


def train(
    data: Data,
    name: str,
    labels: Sequence[float] | np.ndarray,
    *,
    kind: str,
    method: str = DEFAULT_METHOD,
    classes: Sequence[int] | None = None,
    concept: str | None = None,
    target: str | None = None,
    components: int = 12,
    keep: int = 1,
    search: probes.Search | None = None,
    progress: Callable[[int], None] | None = None,
) -> Direction:
    """A direction for any labels [clips] on `data`, see `probes.probe_layers`.

    classes: class number of every clip, which `rfm-multiclass` tells apart; its RFM is
    fitted once for all targets on the same data. Regression labels are standardised; their mean
    and deviation go into the file.
    """
    labels = np.asarray(labels, np.float64)
    mean, deviation = float(labels.mean()), float(labels.std())
    search = search or probes.Search(seed=data.seed)
    parts = probes.split(data.groups, data.seed)
    bases = None
    if method == "rfm-multiclass" and classes is not None:
        bases = _bases(data, classes, parts, search)
    probe = probes.probe_layers(
        method,
        data.states,
        (labels - mean) / (deviation or 1.0) if kind == "regression" else labels,
        parts,
        kind=kind,
        search=search,
        components=components,
        keep=keep,
        bases=bases,
        progress=progress,
    )
    meta = {
        "concept": concept or name,
        "target": target or name,
        "kind": kind,
        "metric": "auc" if kind == "binary" else "spearman",
        "model": data.model,
        "label_mean": mean,
        "label_std": deviation,
        "pooling": data.pooling,
        "data": {"name": data.name, "clips": len(data.rows), **data.about},
        "seed": data.seed,
        "method": method,
        "range": None,
        # Typical length of a hidden state, for which evaluation chooses coefficients to try.
        "state_norm": float(np.median(np.linalg.norm(data.states, axis=-1), axis=0).mean()),
    }
    vectors, scores = torch.from_numpy(probe.directions), torch.from_numpy(probe.layer_scores)
    return Direction(name, vectors, scores, meta)


def direction_path(direction: Direction, out: Path | None = None) -> Path:
    """`<out>/<model>/<name>.safetensors`; by default in the user's own folder."""
    return (out or user_folder()) / str(direction.model) / f"{direction.name}.safetensors"


def _bases(
    data: Data, classes: Sequence[int], parts: probes.Split, search: probes.Search
) -> list[torch.Tensor]:
    if search not in data.bases:
        numbers = np.unique(classes, return_inverse=True)[1]
        onehot = torch.eye(int(numbers.max()) + 1)[numbers]
        data.bases[search] = [
            probes.agop_basis(
                torch.from_numpy(np.ascontiguousarray(data.states[:, layer])),
                onehot,
                parts,
                "binary",
                search,
            )
            for layer in range(data.states.shape[1])
        ]
    return data.bases[search]


def _rendered(
    model: MusicModel,
    concept: str,
    count: int,
    clips: Callable[[], Iterable[tuple[dict, np.ndarray]]],
    seed: int,
    pooling: str,
    about: dict,
    group: tuple[str, ...],
    cache: Path | None,
) -> Data:
    """Data of clips at 32 kHz that are rendered only if their hidden states are not in the cache.

    `group`: rows that agree in these fields belong to one group.
    """

    def compute() -> tuple[np.ndarray, list[dict]]:
        kept: list[dict] = []

        def heard():
            for row, audio in clips():
                kept.append(row)
                yield audio, syntheory.SAMPLE_RATE

        progress = _counter(f"hearing {concept}", count)
        states = activations(model, heard(), pooling, progress=progress)
        if progress:
            print(file=sys.stderr)
        return states, kept

    key = {
        "model": fingerprint(model),
        "concept": concept,
        "clips": count,
        "seed": seed,
        "pooling": pooling,
        "peak": PEAK,
        "version": 2,
        **about,
    }
    states, kept = cached(key, compute, cache)
    groups = [tuple(row[field_] for field_ in group) for row in kept]
    return Data(NAMES[concept], model.name, states, kept, groups, pooling, seed, about)


def _counter(what: str, total: int | None) -> Callable[[int], None] | None:
    """Writes progress to a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None

    def show(done: int) -> None:
        of = f" of {total}" if total else ""
        print(f"\r{what}: {done}{of} clips ", end="", file=sys.stderr, flush=True)

    return show
