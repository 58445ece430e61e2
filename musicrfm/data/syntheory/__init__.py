"""SynTheory: labelled clips of seven concepts of music theory, rendered here or from the hub.

Rows carry the published field names and values and follow the published rules, so that directions
trained here and on the hub's `meganwei/syntheory` mean the same; the sound is rendered with the
same soundfont (TimGM6mb) and synthesiser (rustysynth). Source: Wei, Freeman, Donahue and Sun, "Do
Music Generation Models Encode Music Theory?", ISMIR 2024.

    set                  clips   concept
    notes                 9936   pitch class, on every pitch of nine octaves
    intervals            39744   1 to 12 semitones
    scales               15456   seven modes
    chords               13248   major, minor, augmented, diminished
    simple_progressions  20976   19 progressions of four chords (also: chord_progressions)
    tempos                4025   50 to 210 BPM
    time_signatures       1200   eight meters
"""

from __future__ import annotations

from functools import partial
from typing import Any

from musicrfm.data.clips import ClipSet
from musicrfm.data.syntheory import choose
from musicrfm.data.syntheory.clicks import SECONDS
from musicrfm.data.syntheory.sets import LABELS, SETS, find
from musicrfm.data.syntheory.sound import PEAK, SAMPLE_RATE, hear, render
from musicrfm.data.syntheory.spec import ConceptSet
from musicrfm.errors import MusicRFMError

__all__ = [
    "LABELS",
    "PEAK",
    "SAMPLE_RATE",
    "SECONDS",
    "SETS",
    "ConceptSet",
    "clip_set",
    "find",
    "render",
]

SOURCES = ("render", "hub")


def clip_set(
    name: str,
    count: int | None = None,
    seed: int = 0,
    *,
    source: str = "render",
    label: str | None = None,
    **filters: Any,
) -> ClipSet:
    """Labelled clips of one set: four seconds each, scaled to a peak of 0.5.

    count: number of clips, balanced over `label` (by default the set's concept), see
    `choose.balanced`; None for all, in the published order. seed: of that choice, and of the click
    tracks' offsets. source: "render" synthesises clips on demand; "hub" downloads the published
    clips now, see `hub.fetch`. filters: fields and the values to keep, such as
    `midi_program_num=range(8)` or, for notes, `octaves=(3, 6)`, see `choose.filtered`.

    Clips for which the soundfont has no sample are excluded before the choice, and counted in
    `silent`. Raises MusicRFMError for names, fields and values that do not exist.
    """
    concept_set = find(name)
    if source not in SOURCES:
        raise MusicRFMError(f"source {source!r} is not one of {', '.join(SOURCES)}")
    rows = concept_set.rows(seed)
    among = choose.filtered(concept_set, rows, filters)
    sounding = [i for i in among if not concept_set.silent(rows[i])]
    label = label or concept_set.label
    chosen = choose.balanced(
        concept_set, rows, sounding, len(rows) if count is None else count, label, seed
    )
    silent = len(among) - len(sounding)
    if not chosen:
        raise MusicRFMError(f"all remaining {len(among)} clips of {concept_set.name} are silent")
    if source == "hub":
        from musicrfm.data.syntheory.hub import fetch

        return fetch(concept_set, rows, chosen, silent)
    picked = [rows[i] for i in chosen]
    return ClipSet(
        name=f"SynTheory {concept_set.name}, rendered with TimGM6mb",
        rows=picked,
        groups=[concept_set.group(row) for row in picked],
        about={
            "set": concept_set.name,
            "source": "render",
            "seed": seed,
            "seconds": SECONDS,
            "sample_rate": SAMPLE_RATE,
            "peak": PEAK,
            "version": 2,
        },
        hear=partial(hear, concept_set.name),
        silent=silent,
    )
