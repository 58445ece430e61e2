"""Measures two directions at once: crossfades of notes, and a note together with the tempo."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import numpy as np

from musicrfm import intervals
from musicrfm.directions import Direction
from musicrfm.evaluation.control import random_directions
from musicrfm.evaluation.plots import curves
from musicrfm.evaluation.takes import WINDOW
from musicrfm.evaluation.together import Handover, Together, both_at_once, handovers
from musicrfm.intervals import Interval
from musicrfm.listening.readings import reading
from musicrfm.results.options import Options
from musicrfm.results.page import Page, Table

FADE, LEAD = 10.0, 4.0  # seconds of a crossfade, and before and after it
QUICK_FADE, QUICK_LEAD = 2.0, 1.0
ON_TIME = 2.0  # seconds from the middle
LEAST = (0.1, 3.0)  # least effect alone (share, BPM) for a meaningful ratio


def page(options: Options) -> Page:
    notes = options.notes(12)
    count = len(notes)
    step = count // 2 or 1
    pairs = [(notes[i], notes[(i + step) % count]) for i in range(0, count, 2 if count > 3 else 1)]
    pairs = [(one, other) for one, other in pairs if one.name != other.name]
    if options.quick and not pairs:  # a quick run uses one note, but a crossfade needs two
        several = [d for d in options.calibrated() if reading(d).concept == "note"]
        pairs = [(several[0], several[-1])] if len(several) > 1 else []
    tempi = [d for d in options.calibrated() if reading(d).concept == "tempo"]
    fade, lead = (QUICK_FADE, QUICK_LEAD) if options.quick else (FADE, LEAD)
    tables, pictures, told = [], [], []
    faded: list[Handover] = []
    random: list[Handover] = []
    beside: list[Together] = []
    with options.recorder() as recorder:
        if pairs:
            longer = recorder.using(seconds=fade + 2 * lead)
            faded = handovers(longer, pairs, fade)
            random = handovers(longer, _random(pairs), fade)
        for tempo in tempi:
            for note in notes[:: max(1, count // 4)]:
                for knob in (1.0,) if options.quick else (0.5, 1.0):
                    beside.append(both_at_once(recorder, note, tempo, knob))
    if faded:
        tables.append(_handed("Crossfades", faded))
        tables.append(_handed("Crossfades of random directions of the same length", random))
        told.append(
            f"In {_on_time(faded)} of {len(faded)} crossfades, the second note takes over within "
            f"{ON_TIME:g} s of the middle, and its share afterwards is {_after(faded)}; with "
            f"random directions, in {_on_time(random)}, and it is {_after(random)}."
        )
        series = {
            name: ((np.arange(len(mean)) * WINDOW + WINDOW / 2).tolist(), mean.tolist())
            for name, mean in zip(("first note", "second note"), _mean(faded).T, strict=True)
        }
        path = options.out / "crossfade.png"
        curves(path, series, "seconds", "share, mean of all pairs", bands=[(lead, lead + fade)])
        pictures.append(path.name)
    if beside:
        tables.append(_kept(beside))
        told.append(_told([t for t in beside if t.knobs[0] == 1.0]))
    return Page(
        "Two directions at once",
        f"{options.setting.size}; crossfades last {fade:g} s, in the middle of clips of "
        f"{fade + 2 * lead:g} s, from the top of one note's range to the top of another's. Late: "
        "time from the middle until the second note takes over, in seconds. The effect of a note "
        "is the rise of its share, that of the tempo the difference in BPM between the ends of its "
        "knob. Kept: the effect beside the other direction, relative to the effect alone. The "
        "intervals of 95 % are over crossfades, or over pairs.",
        tables,
        " ".join(told),
        pictures,
        {
            "crossfades": [asdict(f) for f in faded],
            "random": [asdict(f) for f in random],
            "together": [asdict(t) for t in beside],
        },
    )


def _random(pairs: list[tuple[Direction, Direction]]) -> list[tuple[Direction, Direction]]:
    """Random directions in place of each pair, all different."""
    return [
        (random_directions(one, 1, 2 * i)[0], random_directions(other, 1, 2 * i + 1)[0])
        for i, (one, other) in enumerate(pairs)
    ]


def _on_time(faded: list[Handover]) -> int:
    """The number of crossfades whose second note takes over near the middle."""
    return sum(_is_on_time(f) for f in faded)


def _is_on_time(faded: Handover) -> bool:
    return faded.late is not None and abs(faded.late) <= ON_TIME


def _after(faded: list[Handover]) -> Interval:
    """The mean share of the second note after its crossfade, and its interval over crossfades."""
    return intervals.mean([f.after for f in faded])


def _handed(title: str, faded: list[Handover]) -> Table:
    rows = [
        [
            f.first,
            f.second,
            "never" if f.late is None else f"{f.late:+.1f}",
            _is_on_time(f),
            f.before,
            f.after,
        ]
        for f in faded
    ]
    columns = ["from", "to", "late", f"within {ON_TIME:g} s", "first before", "second after"]
    return Table(title, columns, rows)


def _kept(beside: list[Together]) -> Table:
    rows = []
    for t in beside:
        shown = [
            f"{kept:.0%}" if kept is not None and abs(alone) >= least else "no effect alone"
            for kept, alone, least in zip(t.kept, t.alone, LEAST, strict=True)
        ]
        rows.append(
            [
                " + ".join(t.names),
                f"{t.knobs[0]:g}",
                t.alone[0],
                t.both[0],
                shown[0],
                f"{t.alone[1]:.1f}",
                f"{t.both[1]:.1f}",
                shown[1],
            ]
        )
    columns = ["together", "knobs", "note alone", "beside", "kept"]
    return Table("Effects", [*columns, "BPM alone", "beside", "kept"], rows)


def _told(beside: list[Together]) -> str:
    """The effects that note and tempo keep: sums over all pairs, together relative to alone."""
    words = []
    for number, what in enumerate(("note", "tempo")):
        there = [t for t in beside if abs(t.alone[number]) >= LEAST[number]]
        if not there:
            words.append(f"the {what} has no effect alone")
            continue
        both, alone = (
            np.array([getattr(t, of)[number] for t in there]) for of in ("both", "alone")
        )
        kept = intervals.statistic(partial(_ratio, both, alone), len(there))
        words.append(f"the {what} keeps {kept.text('part')} of its effect")
    return f"When a note and the tempo are steered together, {' and '.join(words)}."


def _ratio(both: np.ndarray, alone: np.ndarray, rows: np.ndarray) -> float:
    return float(both[rows].sum() / alone[rows].sum())


def _mean(faded: list[Handover]) -> np.ndarray:
    length = min(len(f.shares) for f in faded)
    return np.mean([f.shares[:length] for f in faded], 0)
