"""Finds what a direction's knob should stand for: its range and its curve, by listening.

The top of the travel is the strong effect, as far as nothing is spoiled; the curve puts a musical
lean in the middle of it. Every coefficient is played with the same prompts and seeds (common random
numbers), so a few takes tell a small difference; what was heard goes into the direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicrfm.perform import PROMPTS, Setting, perform
from musicrfm.reach import Aims, Search, Survey, Travel, seek
from musicrfm.readings import reading
from musicrfm.report import plain
from musicrfm.takes import Listener, Play, Recorder, Take

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel

CURVES = (0.4, 4.0)  # less or more cannot be played: all would happen at one end of the travel
USUAL_NORM = 50.0  # of hidden states, where the direction does not say


@dataclass(frozen=True)
class Calibration:
    """What was found for one direction.

    range: raw [low, high], None if the sound does not answer. curve: see `Direction.raw`. up, down:
    the two sides of the knob (down only where both are of use). survey: all that was heard.
    """

    name: str
    range: tuple[float, float] | None
    curve: float
    up: Travel
    down: Travel | None
    survey: Survey
    setting: Setting

    @property
    def remarks(self) -> list[str]:
        """What a reader should know: what limits the range, what the aims were and were missed."""
        if self.range is None:
            return ["the sound does not answer: no range"]
        found = []
        for side in (self.up, self.down):
            if side is not None and side.limit:
                found.append(f"more would spoil {', '.join(side.limit)}")
        curves = [c for side in (self.up, self.down) if side and (c := side.curve) is not None]
        if not curves:
            found.append("nothing was heard between no effect and the top: the curve is straight")
        elif abs(self.curve - np.mean(curves)) > 0.3:
            found.append(f"the middle would need a curve of {np.mean(curves):.2g}")
        return found

    def evidence(self) -> dict[str, Any]:
        """JSON-able: how it was played, and what was heard at every coefficient."""
        s, zero = self.setting, self.survey.zero
        return plain(
            {
                "prompts": sorted({t.prompt for t in self.survey.takes}),
                "takes": zero.takes,
                "seconds": s.seconds,
                "layers": s.layers,
                "guidance_scale": s.guidance_scale,
                "temperature": s.temperature,
                "top_k": s.top_k,
                "keep_norm": s.keep_norm,
                "unit": self.survey.response.unit,
                "points": [
                    {
                        "coefficient": p.coefficient,
                        "value": round(p.value, 4),
                        "onset_ratio": round(p.onset_ratio, 3),
                        "pitch_classes": round(p.pitch_classes, 2),
                        "silence": round(p.silence_share, 4),
                        "flatness": round(p.flatness, 5),
                        "level_db": round(p.level_db, 1),
                        "instrument": p.adherence if p.odds is None else round(p.odds, 3),
                        "spoiled": list(self.survey.spoiled(p)) if p.coefficient else [],
                    }
                    for p in self.survey.response.points
                ],
                "remarks": self.remarks,
            }
        )

    def write_into(self, direction: Direction) -> None:
        """Sets range, curve and evidence; without a range the old one goes too."""
        direction.meta["range"] = list(self.range) if self.range else None
        direction.meta["curve"] = self.curve
        direction.meta["calibration"] = self.evidence()

    def markdown(self) -> str:
        """A table of all points; the ends and middles of the travel are marked."""
        marks = {}
        for side in (self.up, self.down):
            for word in ("middle", "top"):
                point = getattr(side, word, None)
                if point is not None:
                    marks[point.coefficient] = f"**{word}**"
        unit = self.survey.response.unit
        head = ["coefficient", "knob", unit, "onset rate", "pitch classes", "silence", "flatness"]
        head += ["level dB", "prompted instrument", ""]
        rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        zero = self.survey.zero
        for p in self.survey.response.points:
            odds = p.adherence if p.odds is None else p.odds
            spoiled = self.survey.spoiled(p) if p.coefficient else ()
            cells = [
                f"{p.coefficient:.3g}",
                f"{self._knob(p.coefficient):.2f}" if self.range else "",
                f"{p.value:.1f}" if unit == "BPM" else f"{p.value:.2f}",
                f"{p.onset_ratio:.0%}",
                f"{p.pitch_classes:.1f} ({p.pitch_classes / max(zero.pitch_classes, 1e-6):.0%})",
                f"{p.silence_share:.1%}",
                f"{p.flatness:.4f}",
                f"{p.level_db:.1f}",
                "" if odds is None else f"{odds:.2f}",
                ", ".join([*filter(None, [marks.get(p.coefficient)]), *spoiled]),
            ]
            rows.append(f"| {' | '.join(cells)} |")
        found = "no range"
        if self.range:
            low, high = self.range
            found = f"range {low:.3g} to {high:.3g}, curve {self.curve:.2f}"
        about = [f"## {self.name}: {found}", "", *rows, ""]
        return "\n".join([*about, *(f"- {remark}" for remark in self.remarks)]).rstrip() + "\n"

    def _knob(self, raw: float) -> float:
        scale = max(map(abs, self.range or (1.0, 1.0)))
        return math.copysign((abs(raw) / scale) ** (1 / self.curve), raw) if raw else 0.0


def calibrate(model: MusicModel, direction: Direction, **options) -> Calibration:
    """One direction; options as `calibrate_all`. The direction is not changed."""
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
    play: Callable[..., np.ndarray] = perform,
) -> list[Calibration]:
    """Calibrations of several directions, whose searches go on side by side.

    setting: its prompts are played with as many seeds each as it has, chosen among twice as many
    for how ordinary they sound unsteered. folder: takes are kept there, see `Recorder`. workers:
    processes that play, 0 for none but this one. The rest: see `evaluate.evaluate` and `Aims`.

    Raises MusicRFMError for directions of another model and for what cannot be measured.
    """
    setting, aims = setting or Setting(), aims or Aims()
    instruments = PROMPTS if instruments is None else instruments
    for direction in directions:
        direction.check(model)
        reading(direction)
    options = {"hear_instrument": hear_instrument, "workers": workers, "play": play}
    with Recorder(model, setting, folder, **options) as recorder:
        unsteered = ordinary(recorder)
        surveys = [Survey(d, instruments, list(unsteered)) for d in directions]
        searches = [_both_sides(s, aims) for s in surveys]
        asked = {number: next(search) for number, search in enumerate(searches)}
        found: dict[int, tuple[Travel, Travel | None]] = {}
        round_ = 0
        while asked:
            round_ += 1
            plays = {
                number: [
                    Play(take.prompt, take.seed, ((directions[number], raw),))
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
    return [_calibration(survey, *found[number], setting) for number, survey in enumerate(surveys)]


def ordinary(recorder: Recorder) -> list[Take]:
    """Unsteered takes to compare with: of each prompt the seeds that sound most ordinary.

    Twice as many are played. Silence, few pitch classes, a missing pulse and an onset rate far from
    the prompt's median count against a seed: such clips hide what steering does. The choice knows
    nothing of any direction.
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
            few = max(0, 3 - heard.pitch_classes)
            return rate + few + 2 * heard.silence_share + (heard.tempo_bpm is None)

        chosen += sorted(sorted(of_prompt, key=oddness)[:many], key=lambda t: t.seed)
    return chosen


def _both_sides(survey: Survey, aims: Aims) -> Search:
    norm = survey.direction.meta.get("state_norm")
    if not norm:
        norm = survey.direction.scale / 0.05 if survey.direction.range else USUAL_NORM
    up = yield from seek(1, float(norm), survey, aims)
    down = None
    if reading(survey.direction).both_ways:
        down = yield from seek(-1, float(norm), survey, aims)
    return up, down


def _calibration(survey: Survey, up: Travel, down: Travel | None, setting: Setting) -> Calibration:
    ends = [side.top.coefficient if side and side.top else 0.0 for side in (down, up)]
    curves = [c for side in (up, down) if side and (c := side.curve) is not None]
    curve = float(np.clip(np.mean(curves), *CURVES)) if curves else 1.0
    useful = (ends[0], ends[1]) if any(ends) else None
    curve = float(f"{curve:.3g}") if useful else 1.0
    return Calibration(survey.direction.name, useful, curve, up, down, survey, setting)
