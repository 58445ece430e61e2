"""Finds a direction's knob, that is its range and its curve, by measuring audio.

The top of the knob is the strongest effect that does no damage; the curve puts a moderate effect in
the middle. Every coefficient is played with the same prompts and seeds (common random numbers), so
that few clips show a small difference. The measurements are stored in the direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm.directions import OF_CLASSES, checked_directions, checked_owner
from musicrfm.evaluation.control import DRAWS, Control, controls
from musicrfm.evaluation.perform import PROMPTS, Setting, perform
from musicrfm.evaluation.report import plain
from musicrfm.evaluation.search import Aims, Travel, seek
from musicrfm.evaluation.survey import Survey
from musicrfm.evaluation.takes import NO_FILES, Listener, Play, Recorder, Take
from musicrfm.listening.listeners import CAVEAT, detector_of
from musicrfm.listening.readings import reading
from musicrfm.steering.beat import is_beat

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel

CURVES = (0.4, 4.0)  # outside, the whole effect would lie at one end of the travel
USUAL_NORM = 50.0  # of hidden states, where the direction has no value


@dataclass(frozen=True)
class Calibration:
    """The result for one direction.

    range: raw [low, high]; None if there is none, and `remarks` say why. curve: see
    `Direction.raw`. up, down: the two sides of the knob (down only if both are useful). survey: all
    measurements.
    confirmed: the middle and the top again, with seeds that were not used to choose them; None
    without a range. control: random directions at the top, with these seeds.
    """

    name: str
    range: tuple[float, float] | None
    curve: float
    up: Travel
    down: Travel | None
    survey: Survey
    setting: Setting
    confirmed: Survey | None = None
    control: Control | None = None

    @property
    def remarks(self) -> list[str]:
        """Notes for the reader: what limits the range, and which aims were missed."""
        heard = detector_of(str(self.survey.direction.meta.get("listener", "")))
        caveat = [CAVEAT] if heard else []
        sides = [side for side in (self.up, self.down) if side is not None]
        if self.range is None:
            return [f"no range: {lack}" for lack in dict.fromkeys(s.lack for s in sides)] + caveat
        found = [f"more would spoil {', '.join(side.limit)}" for side in sides if side.limit]
        curves = [c for side in sides if (c := side.curve) is not None]
        if self.control is not None and self.control.remark:
            found.append(f"at the top: {self.control.remark}")
        if abs(self.curve - np.mean(curves)) > 0.3:
            found.append(f"the middle would need a curve of {np.mean(curves):.2g}")
        return found + caveat

    @property
    def marks(self) -> dict[float, str]:
        """Coefficients that mean something, with the word for it."""
        found: dict[float, str] = {}
        for side in (self.down, self.up):
            if side is not None and side.top is not None and side.middle is not None:
                found |= {side.middle: "middle", side.top: "top"}
        return found

    def evidence(self) -> dict[str, Any]:
        """JSON-able: the settings, and the measurements at every coefficient."""
        s = self.setting
        return plain(
            {
                "listener": self.survey.direction.meta.get("listener", "by the concept"),
                "prompts": sorted({t.prompt for t in self.survey.takes}),
                "takes": self.survey.zero.takes,
                "seconds": s.seconds,
                "layers": s.layers,
                "guidance_scale": s.guidance_scale,
                "temperature": s.temperature,
                "top_k": s.top_k,
                "keep_norm": s.keep_norm,
                "quantity": self.survey.response.quantity,
                "unit": self.survey.response.unit,
                "points": _points(self.survey),
                "confirmed": _points(self.confirmed) if self.confirmed else [],
                "control": asdict(self.control) if self.control else None,
                "remarks": self.remarks,
            }
        )

    def write_into(self, direction: Direction, of_class: str | None = None) -> None:
        """Set range, curve, evidence and, if it was chosen, the listener; if no range was found,
        remove the old one. of_class: the class of a multiclass direction that was calibrated."""
        found: dict[str, Any] = {
            "range": list(self.range) if self.range else None,
            "curve": self.curve,
            "calibration": self.evidence(),
        }
        if (spec := self.survey.direction.meta.get("listener")) is not None:
            found["listener"] = spec
        if of_class is None:
            direction.meta |= found
            return
        for table, key in OF_CLASSES.items():
            if key in found:
                others = direction.meta.get(table) or {}
                direction.meta[table] = others | {of_class: found[key]}

    def markdown(self) -> str:
        """A table of all points, and a table of the confirmed ones."""
        found = "no range"
        if self.range:
            low, high = self.range
            found = f"range {low:.3g} to {high:.3g}, curve {self.curve:.2f}"
        lines = [f"## {self.name}: {found}", "", *self._table(self.survey), ""]
        if self.confirmed:
            lines += ["Confirmed with other seeds:", "", *self._table(self.confirmed), ""]
        if self.control:
            lines += [self.control.words, ""]
        return "\n".join([*lines, *(f"- {remark}" for remark in self.remarks)]).rstrip() + "\n"

    def _table(self, survey: Survey) -> list[str]:
        unit, zero = survey.response.unit, survey.zero
        head = ["coefficient", "knob", unit, "onset rate", "pitch classes", "silence", "flatness"]
        head += ["level dB", "prompted instrument", ""]
        rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        for p in survey.response.points:
            odds = p.adherence if p.odds is None else p.odds
            spoiled = survey.spoiled(p) if p.coefficient else ()
            word = self.marks.get(p.coefficient)
            cells = [
                f"{p.coefficient:.3g}",
                f"{self._knob(p.coefficient):.2f}" if self.range else "",
                p.interval.text(survey.response.quantity),
                f"{p.onset_ratio:.0%}",
                f"{p.pitch_classes:.1f} ({p.pitch_classes / max(zero.pitch_classes, 1e-6):.0%})",
                f"{p.silence_share:.1%}",
                f"{p.flatness:.4f}",
                f"{p.level_db:.1f}",
                "" if odds is None else f"{odds:.2f}",
                ", ".join([*([f"**{word}**"] if word else []), *spoiled]),
            ]
            rows.append(f"| {' | '.join(cells)} |")
        return rows

    def _knob(self, raw: float) -> float:
        low, high = self.range or (1.0, 1.0)
        scale = max(abs(low), abs(high))
        if is_beat(self.survey.direction):  # each side has its own end
            scale = abs(low if raw < 0 else high)
        return math.copysign((abs(raw) / scale) ** (1 / self.curve), raw) if raw else 0.0


def calibrate(model: MusicModel, direction: Direction, **options) -> Calibration:
    """Calibrate one direction; options as for `calibrate_all`. The direction is not changed."""
    return calibrate_all(model, [direction], **options)[0]


def calibrate_all(
    model: MusicModel,
    directions: Sequence[Direction],
    setting: Setting | None = None,
    *,
    aims: Aims | None = None,
    folder: Path | None = None,
    instruments: dict[str, str] | None = None,
    hear_instrument: Listener | None = None,
    workers: int = 0,
    draws: int = DRAWS,
    play: Callable[..., np.ndarray] = perform,
    detectors: Mapping[str, Path] = NO_FILES,
) -> list[Calibration]:
    """Calibrate several directions, with their searches side by side.

    The knob of a held beat is a tempo already, so it keeps its range and is only listened to.

    setting: its prompts are played with its number of seeds, chosen from twice as many for sounding
    typical when unsteered. folder: stores the clips, see `Recorder`. workers: processes that play;
    0 for this one only. draws: random directions played beside the top; 0 for none. detectors: see
    `Recorder`. Other options: see `evaluate.evaluate` and `Aims`.

    Raises MusicRFMError for directions of another model, and for concepts that cannot be measured.
    """
    checked_owner(model)
    directions = checked_directions(directions)
    setting = Setting.checked(setting).of(model).hearing(directions)
    aims = aims or Aims()
    instruments = PROMPTS if instruments is None else instruments
    for direction in directions:
        direction.check(model)
        reading(direction)
    with Recorder(
        model,
        setting,
        folder,
        hear_instrument=hear_instrument,
        workers=workers,
        play=play,
        detectors=detectors,
    ) as recorder:
        unsteered = ordinary(recorder)
        surveys = [Survey(d, instruments, list(unsteered)) for d in directions]
        sought = [survey for survey in surveys if not is_beat(survey.direction)]
        found = iter(_searched(recorder, sought, unsteered, aims))
        calibrations = [
            _tempo(survey, setting)
            if is_beat(survey.direction)
            else _calibration(survey, *next(found), setting)
            for survey in surveys
        ]
        return _confirmed(recorder, calibrations, draws)


def _searched(
    recorder: Recorder, surveys: Sequence[Survey], unsteered: Sequence[Take], aims: Aims
) -> list[tuple[Travel, Travel | None]]:
    """The results of the search on both sides of each survey; each round plays all of them
    together."""
    searches = [_both_sides(survey, aims) for survey in surveys]
    asked = {number: next(search) for number, search in enumerate(searches)}
    found: dict[int, tuple[Travel, Travel | None]] = {}
    round_ = 0
    while asked:
        round_ += 1
        plays = {
            number: [
                Play(take.prompt, take.seed, ((surveys[number].direction, raw),))
                for raw in coefficients
                for take in unsteered
            ]
            for number, coefficients in asked.items()
        }
        every = [play for several in plays.values() for play in several]
        takes = iter(recorder.hear(every, f"calibrating, round {round_}"))
        for number, several in plays.items():
            surveys[number].add([next(takes) for _ in several])
            try:
                asked[number] = searches[number].send(surveys[number])
            except StopIteration as end:
                found[number] = end.value
                del asked[number]
    return [found[number] for number in range(len(surveys))]


def ordinary(recorder: Recorder) -> list[Take]:
    """Unsteered takes as the baseline: for each prompt, the most typical seeds.

    Twice as many are played. Silence, a missing pulse and an onset rate far from the prompt's
    median count against a seed, because such clips hide the effect of steering. The choice uses no
    direction, and no criterion that would make unsteered music seem richer than it is.
    """
    s = recorder.setting
    first, many = min(s.seeds), len(s.seeds)
    seeds = range(first, first + 2 * many)
    takes = recorder.hear([Play(p, seed) for p in s.prompts for seed in seeds], "unsteered")
    chosen = []
    for prompt in s.prompts:
        of_prompt = [t for t in takes if t.prompt == prompt]
        usual = float(np.median([t.heard.onset_rate for t in of_prompt]))

        def oddness(take: Take, usual: float = usual) -> float:
            heard = take.heard
            rate = abs(math.log(max(heard.onset_rate, 0.05) / max(usual, 0.05)))
            return rate + 2 * heard.silence_share + (heard.tempo_bpm is None)

        chosen += sorted(sorted(of_prompt, key=oddness)[:many], key=lambda t: t.seed)
    return chosen


def _both_sides(
    survey: Survey, aims: Aims
) -> Generator[list[float], Survey, tuple[Travel, Travel | None]]:
    norm = survey.direction.meta.get("state_norm")
    if not norm:
        norm = survey.direction.scale / 0.05 if survey.direction.range else USUAL_NORM
    up = yield from seek(1, float(norm), survey, aims)
    down = None
    if reading(survey.direction).both_ways:
        down = yield from seek(-1, float(norm), survey, aims)
    return up, down


def _calibration(survey: Survey, up: Travel, down: Travel | None, setting: Setting) -> Calibration:
    up, down = _rounded(up), down and _rounded(down)
    sides = [side for side in (down, up) if side]
    ends = [side.top or 0.0 if side else 0.0 for side in (down, up)]
    curves = [c for side in sides if (c := side.curve) is not None]
    useful = (ends[0], ends[1]) if any(ends) else None
    found = float(f"{np.clip(np.mean(curves), *CURVES):.3g}") if useful else 1.0
    return Calibration(survey.direction.name, useful, found, up, down, survey, setting)


def _tempo(survey: Survey, setting: Setting) -> Calibration:
    """The range of a held beat as it is: both ends and the middles between them and 0."""
    direction = survey.direction
    sides = [
        Travel(end, end / 2) if end else Travel(None, None, lack="its file has none")
        for end in direction.range or (0.0, 0.0)
    ]
    return Calibration(direction.name, direction.range, 1.0, sides[1], sides[0], survey, setting)


def _rounded(travel: Travel) -> Travel:
    """Rounded to four digits; smaller differences are inaudible."""
    top, middle = (c and float(f"{c:.4g}") for c in (travel.top, travel.middle))
    return replace(travel, top=top, middle=middle)


def _confirmed(
    recorder: Recorder, calibrations: Sequence[Calibration], draws: int
) -> list[Calibration]:
    """Play the result with unused seeds, and random directions for comparison."""
    s = recorder.setting
    first, many = min(s.seeds), len(s.seeds)
    fresh = recorder.using(seeds=tuple(range(first + 2 * many, first + 3 * many)))
    plays = {
        number: [fresh.plays((c.survey.direction, raw)) for raw in c.marks]
        for number, c in enumerate(calibrations)
        if c.range
    }
    if not plays:
        return list(calibrations)
    every = fresh.plays() + [p for groups in plays.values() for group in groups for p in group]
    takes = iter(fresh.hear(every, "confirming"))
    unsteered = [next(takes) for _ in fresh.plays()]
    found = list(calibrations)
    for number, groups in plays.items():
        heard = unsteered + [next(takes) for group in groups for _ in group]
        old = calibrations[number].survey
        survey = Survey(old.direction, old.instruments, heard)
        found[number] = replace(calibrations[number], confirmed=survey)
    if draws:
        tops = [(found[n].survey.direction, _furthest(found[n])) for n in plays]
        for number, control in zip(plays, controls(fresh, tops, draws), strict=True):
            found[number] = replace(found[number], control=control)
    return found


def _furthest(calibration: Calibration) -> float:
    """The top of the knob, or its bottom if only that has an effect."""
    return calibration.up.top or max(calibration.marks, key=abs)


def _digits(value: float) -> float:
    """Six significant digits, because the scale of a listener is unknown."""
    return float(f"{value:.6g}")


def _points(survey: Survey) -> list[dict[str, Any]]:
    return [
        {
            "coefficient": p.coefficient,
            "value": _digits(p.value),
            "interval": [_digits(p.low), _digits(p.high)],
            "onset_ratio": round(p.onset_ratio, 3),
            "pitch_classes": round(p.pitch_classes, 2),
            "silence": round(p.silence_share, 4),
            "flatness": round(p.flatness, 5),
            "level_db": round(p.level_db, 1),
            "instrument": p.adherence if p.odds is None else round(p.odds, 3),
            "spoiled": list(survey.spoiled(p)) if p.coefficient else [],
        }
        for p in survey.response.points
    ]
