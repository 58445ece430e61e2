"""Does the sound really change the way a direction says? Plays it, listens, and reports.

Everything is measured by `musicrfm.listening` on audio from the same `MusicStream` that plays
live; the probe that trained a direction is never asked. Coefficients are raw here, because the
useful range, from which the player's unit follows, is what an evaluation finds.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from musicrfm import listening
from musicrfm.activations import fingerprint
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.stream import MusicStream

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

PROMPTS = {  # prompt -> the instrument it asks for
    "piano melody with drums": "piano",
    "solo guitar melody": "guitar",
    "flute melody with bass and drums": "flute",
    "vibraphone arpeggio": "vibraphone",
}
ONSET_TOLERANCE = 0.30  # still music: onset rate this close to the unsteered one,
LEAST_PITCH_CLASSES = 3  # at least so many pitch classes heard,
MOST_SILENCE = 0.25  # and not so much more silence
# Coefficients to try, as shares of the typical length of a hidden state.
FRACTIONS = (0.01, 0.02, 0.03, 0.045, 0.065, 0.09, 0.125, 0.18)


@dataclass(frozen=True)
class Setting:
    """What is played: every prompt with every seed, `seconds` long, for every coefficient."""

    prompts: tuple[str, ...] = tuple(PROMPTS)
    seeds: tuple[int, ...] = (0, 1)
    seconds: float = 8.0
    layers: str = "all"
    guidance_scale: float = 3.0
    temperature: float = 1.0
    top_k: int = 250


@dataclass(frozen=True)
class Take:
    """One clip that was played and what was heard."""

    coefficient: float  # raw; 0 is unsteered
    prompt: str
    seed: int
    heard: listening.Measurements
    instrument: str | None = None  # as the classifier names it


@dataclass(frozen=True)
class Point:
    """The takes at one raw coefficient, averaged.

    value: mean target-note share (0 to 1) or BPM. onset_ratio: onset rate over the unsteered one.
    adherence: share of takes whose instrument is the prompted one, None if it was not asked.
    musical: whether onset rate, pitch classes and silence stay within limits; a tempo may change
    the onset rate.
    """

    coefficient: float
    takes: int
    value: float
    onset_ratio: float
    pitch_classes: float
    level_db: float
    flatness: float
    silence_share: float
    clipped_share: float
    adherence: float | None
    musical: bool


@dataclass(frozen=True)
class Response:
    """How one direction sounds from its lowest to its highest coefficient.

    readings: (coefficient, value) of every take. spearman: correlation of the two over all takes;
    spread: largest over smallest mean value among the points, minus 1.
    """

    name: str
    method: str
    quantity: str  # "share" or "BPM"
    points: tuple[Point, ...]
    readings: tuple[tuple[float, float], ...]
    spearman: float
    spread: float
    range: tuple[float, float] | None

    @property
    def unsteered(self) -> Point:
        return next(p for p in self.points if p.coefficient == 0)

    @property
    def top(self) -> Point | None:
        """The point played at the top of the range, if one was."""
        if self.range is None:
            return None
        near = min(self.points, key=lambda p: abs(p.coefficient - self.range[1]))
        return near if abs(near.coefficient - self.range[1]) < 0.01 * abs(self.range[1]) else None

    @property
    def best(self) -> Point:
        """The point with the highest value among the musical ones, within the range if known."""
        low, high = self.range or (-np.inf, np.inf)
        allowed = [
            p for p in self.points if p.musical and low - 1e-6 <= p.coefficient <= high + 1e-6
        ]
        return max(allowed or [self.unsteered], key=lambda p: p.value)


def perform(
    model: MusicModel,
    prompt: str,
    *,
    seed: int = 0,
    seconds: float = 8.0,
    changes: Iterable[tuple[float, Direction, float]] = (),
    layers: str = "all",
    **settings,
) -> np.ndarray:
    """Plays `seconds` offline: float32 [samples, channels].

    changes: (second, direction, raw coefficient) in any order, each taking effect within a tenth of
    a second. settings: those of `MusicStream`.
    """
    stream = MusicStream(model, prompt, seed=seed, chunk_frames=5, **settings)
    waiting = sorted(changes, key=lambda change: change[0])
    for _, direction, _ in waiting:
        if direction.name not in stream.steering.names():
            stream.steering.add(direction, 0.0, layers=layers)
    frames = max(1, round(seconds * model.frame_rate))
    chunks = []
    while stream.frame < frames:
        while waiting and waiting[0][0] * model.frame_rate <= stream.frame:
            _, direction, raw = waiting.pop(0)
            stream.steering.set(direction.name, direction.coefficient(raw))
        chunks.append(next(stream))
    chunks.append(stream.finish())
    return np.concatenate(chunks)[: frames * model.frame_size]


def reading(direction: Direction) -> tuple[str, Callable[[listening.Measurements], float | None]]:
    """(quantity, how to read it off the measurements) for a note or a tempo direction.

    Raises MusicRFMError for other concepts, for which nothing measures the sound yet.
    """
    concept, _, target = direction.name.partition("_")
    if concept == "note" and target in listening.PITCH_CLASSES:
        number = listening.PITCH_CLASSES.index(target)
        return "share", lambda heard: heard.note_share[number]
    if direction.meta.get("concept", concept) == "tempo":
        return "BPM", lambda heard: heard.tempo_bpm
    raise MusicRFMError(
        f"direction {direction.name!r} cannot be evaluated: only notes (note_C) and tempo can be "
        "measured on the sound"
    )


def coefficients_to_try(direction: Direction, calibrate: bool = False) -> tuple[float, ...]:
    """Raw coefficients for an evaluation, without 0.

    Within and a little beyond the useful range if there is one, unless `calibrate`; otherwise a
    wide net relative to the length of the model's hidden states. Tempo goes both ways.
    """
    both_ways = reading(direction)[0] == "BPM"
    if direction.range and not calibrate:
        low, high = direction.range
        steps = [f * high for f in (0.25, 0.5, 0.75, 1.0, 1.25)]
        return tuple(([f * low for f in (1.0, 0.67, 0.33)] if low < 0 else []) + steps)
    norm = float(direction.meta.get("state_norm") or 50.0)
    up = tuple(float(f"{f * norm:.3g}") for f in FRACTIONS)
    return tuple(-c for c in reversed(up)) + up if both_ways else up


def evaluate(
    model: MusicModel,
    directions: Sequence[Direction],
    setting: Setting | None = None,
    *,
    coefficients: Sequence[float] | None = None,
    calibrate: bool = False,
    folder: Path | None = None,
    instruments: dict[str, str] | None = None,
    hear_instrument: Callable[[np.ndarray, int], str] | None = None,
) -> list[Response]:
    """Plays every direction over its coefficients and measures; one Response per direction.

    coefficients: raw, for all directions; by default `coefficients_to_try`. calibrate: look for the
    useful range anew instead of keeping the direction's. folder: takes are kept in its
    `takes.jsonl` as they come, so that an interrupted evaluation goes on where it stopped.
    hear_instrument: names the instrument of a clip (audio [samples], sample rate), which is
    compared with `instruments[prompt]`.
    """
    setting = setting or Setting()
    instruments = PROMPTS if instruments is None else instruments
    plan = {
        id(d): tuple(coefficients) if coefficients else coefficients_to_try(d, calibrate)
        for d in directions
    }
    for direction in directions:
        direction.check(model)
    recorder = _Recorder(
        model,
        setting,
        folder,
        hear_instrument,
        len(setting.prompts)
        * len(setting.seeds)
        * (1 + sum(len({c for c in plan[id(d)] if c}) for d in directions)),
    )
    unsteered = recorder.takes(None, 0.0)
    responses = []
    for direction in directions:
        takes = list(unsteered)
        for coefficient in sorted({c for c in plan[id(direction)] if c}, key=lambda c: (abs(c), c)):
            takes += recorder.takes(direction, coefficient)
        known = None if calibrate else direction.range
        responses.append(summarise(direction, takes, instruments, known))
    return responses


def summarise(
    direction: Direction,
    takes: Sequence[Take],
    instruments: dict[str, str],
    known: tuple[float, float] | None = None,
) -> Response:
    """Averages takes by coefficient; takes at 0 are the reference. `known`: range to keep."""
    from scipy.stats import spearmanr

    quantity, read = reading(direction)
    unsteered = [t for t in takes if t.coefficient == 0]
    if not unsteered:
        raise MusicRFMError("an evaluation needs unsteered takes to compare with")
    points = tuple(
        _point(c, [t for t in takes if t.coefficient == c], unsteered, quantity, read, instruments)
        for c in sorted({t.coefficient for t in takes})
    )
    readings = tuple(
        (t.coefficient, float(value)) for t in takes if (value := read(t.heard)) is not None
    )
    varied = len({c for c, _ in readings}) > 1 and len({v for _, v in readings}) > 1
    values = [p.value for p in points if np.isfinite(p.value)]
    response = Response(
        direction.name,
        str(direction.meta.get("method", "unknown")),
        quantity,
        points,
        readings,
        float(spearmanr(*zip(*readings, strict=True)).statistic) if varied else 0.0,
        max(values) / max(min(values), 1e-3) - 1 if values else 0.0,
        None,
    )
    found = known or find_range(response)
    return Response(**{**vars(response), "range": found})


def find_range(response: Response) -> tuple[float, float] | None:
    """The useful raw coefficients (lowest, highest), or None if the sound does not follow.

    From 0 outwards as long as the result is still music. The top is the smallest coefficient that
    comes within 0.02 (2 BPM) of the best value reached; it must gain 0.1 (or 3 %, for a tempo) on
    the unsteered value. Notes start at 0; a tempo reaches down in the same way.
    """
    zero = response.unsteered
    bpm = response.quantity == "BPM"
    tolerance, gain = (2.0, 0.03 * zero.value) if bpm else (0.02, 0.1)

    def reach(side: int) -> list[Point]:
        outwards = sorted(
            (p for p in response.points if side * p.coefficient > 0),
            key=lambda p: abs(p.coefficient),
        )
        kept = [zero]
        for point in outwards:
            if not (point.musical and np.isfinite(point.value)):
                break
            kept.append(point)
        return kept

    up = reach(1)
    highest = max(p.value for p in up)
    top = next(p for p in up if p.value >= highest - tolerance)
    if not bpm:
        return (0.0, top.coefficient) if top.value - zero.value >= gain else None
    down = reach(-1)
    lowest = min(p.value for p in down)
    bottom = next(p for p in down if p.value <= lowest + tolerance)
    return (bottom.coefficient, top.coefficient) if top.value - bottom.value >= gain else None


def reaching(response: Response, share: float) -> tuple[float, float] | None:
    """(0, the coefficient at which a note has this share of the sound), or None if it never has.

    The points are smoothed to a rising curve (isotonic regression) and read off between them, so
    that a lucky take moves the answer little. How musical it still is there is not asked: this is
    for a knob whose end is meant to be a pedal note.
    """
    from sklearn.isotonic import isotonic_regression

    points = [p for p in response.points if p.coefficient >= 0 and np.isfinite(p.value)]
    smooth = isotonic_regression([p.value for p in points])
    if response.quantity != "share" or smooth[-1] < share or smooth[0] >= share:
        return None
    after = int(np.argmax(smooth >= share))
    (x0, y0), (x1, y1) = ((points[i].coefficient, smooth[i]) for i in (after - 1, after))
    return 0.0, float(x0 + (x1 - x0) * (share - y0) / (y1 - y0))


def write_report(
    folder: Path, responses: Sequence[Response], setting: Setting, model_name: str
) -> Path:
    """Writes `evaluation.json`, `evaluation.md` and the plots into `folder`; returns the table."""
    from musicrfm import plots

    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "model": model_name,
        "setting": asdict(setting),
        "directions": [asdict(r) | {"best": asdict(r.best)} for r in responses],
    }
    (folder / "evaluation.json").write_text(json.dumps(_plain(data), indent=1) + "\n", "utf-8")
    several = len({r.method for r in responses}) > 1
    for response in responses:
        name = f"{response.name}_{response.method}" if several else response.name
        plots.response_curve(folder / f"response_{name}.png", response)
    if len(responses) > 1:
        plots.response_overview(folder / "responses.png", responses)
    if several:
        plots.methods(folder / "methods.png", responses)
    table = folder / "evaluation.md"
    table.write_text(markdown(responses, setting, model_name), "utf-8")
    return table


def markdown(responses: Sequence[Response], setting: Setting, model_name: str) -> str:
    """The results as a page of Markdown."""
    lines = [
        f"# Steering `{model_name}`, measured on the sound",
        "",
        f"{len(setting.prompts)} prompts × {len(setting.seeds)} seeds × {setting.seconds:g} s per "
        f"coefficient, layers `{setting.layers}`, guidance {setting.guidance_scale:g}, "
        f"temperature {setting.temperature:g}, top-k {setting.top_k}. Best: the highest value at "
        "which it is still music (onset rate within 30 % of unsteered, at least three pitch "
        "classes, no added silence), within the useful range. Coefficients are raw.",
        "",
    ]
    for quantity, unit in (("share", "target-note share"), ("BPM", "BPM")):
        group = [r for r in responses if r.quantity == quantity]
        if group:
            lines += [*_table(group, unit), ""]
    methods = sorted({r.method for r in responses if r.quantity == "share"})
    if len(methods) > 1:
        lines += [
            "| method | notes | mean best share | worst note | below 0.6 |",
            "|---|---|---|---|---|",
        ]
        for method in methods:
            best = {
                r.name: r.best.value
                for r in responses
                if r.method == method and r.quantity == "share"
            }
            worst = min(best, key=best.get)
            lines.append(
                f"| {method} | {len(best)} | {np.mean(list(best.values())):.2f} | {worst} "
                f"{best[worst]:.2f} | {sum(v < 0.6 for v in best.values())} |"
            )
        lines.append("")
    return "\n".join(lines)


def _table(responses: Sequence[Response], unit: str) -> list[str]:
    bpm = responses[0].quantity == "BPM"
    asked = any(r.best.adherence is not None for r in responses)
    head = ["direction", "method", "useful range", f"{unit} unsteered"]
    head += ["lowest to highest", "spread", "Spearman"] if bpm else ["best", "at", "onset rate"]
    head += ["pitch classes"] + (["prompted instrument heard"] if asked else [])
    head += [] if bpm else ["at the top: share, onset rate, pitch classes"]
    rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for r in responses:
        zero, best = r.unsteered, r.best
        cells = [r.name, r.method, f"{r.range[0]:.3g} to {r.range[1]:.3g}" if r.range else "none"]
        if bpm:
            values = [p.value for p in r.points if np.isfinite(p.value)] or [float("nan")]
            cells += [f"{zero.value:.0f}", f"{min(values):.0f} to {max(values):.0f}"]
            cells += [f"{r.spread:.0%}", f"{r.spearman:.2f}"]
        else:
            cells += [f"{zero.value:.2f}", f"{best.value:.2f}", f"{best.coefficient:.3g}"]
            cells.append(f"{best.onset_ratio:.0%}")
        cells.append(f"{best.pitch_classes:.1f}")
        if asked:
            cells.append(f"{zero.adherence:.2f} → {best.adherence:.2f}")
        if not bpm:
            top = r.top
            cells.append(
                f"{top.value:.2f}, {top.onset_ratio:.0%}, {top.pitch_classes:.1f}" if top else ""
            )
        rows.append(f"| {' | '.join(cells)} |")
    if len(responses) > 1 and not bpm:
        before, after = (
            np.mean([getattr(r, at).value for r in responses]) for at in ("unsteered", "best")
        )
        cells = ["**mean**", "", "", f"{before:.2f}", f"{after:.2f}"]
        if asked:
            cells += [""] * (len(head) - 7)
            kept = [
                np.mean([getattr(r, at).adherence for r in responses])
                for at in ("unsteered", "best")
            ]
            cells.append(f"{kept[0]:.2f} → {kept[1]:.2f}")
        else:
            cells += [""] * (len(head) - 6)
        tops = [r.top for r in responses if r.top]
        cells.append(
            ", ".join(
                form.format(np.mean([getattr(t, of) for t in tops]))
                for of, form in (
                    ("value", "{:.2f}"),
                    ("onset_ratio", "{:.0%}"),
                    ("pitch_classes", "{:.1f}"),
                )
            )
            if tops
            else ""
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _point(
    coefficient: float,
    takes: Sequence[Take],
    unsteered: Sequence[Take],
    quantity: str,
    read: Callable[[listening.Measurements], float | None],
    instruments: dict[str, str],
) -> Point:
    def mean(of: str, among: Sequence[Take] = takes) -> float:
        return float(np.mean([getattr(t.heard, of) for t in among]))

    values = [v for t in takes if (v := read(t.heard)) is not None]
    named = [t for t in takes if t.instrument is not None and t.prompt in instruments]
    ratio = mean("onset_rate") / max(mean("onset_rate", unsteered), 1e-6)
    musical = mean("pitch_classes") >= LEAST_PITCH_CLASSES
    musical &= mean("silence_share") <= mean("silence_share", unsteered) + MOST_SILENCE
    musical &= quantity == "BPM" or abs(ratio - 1) <= ONSET_TOLERANCE
    return Point(
        coefficient,
        len(takes),
        float(np.mean(values)) if values else float("nan"),
        ratio,
        mean("pitch_classes"),
        mean("level_db"),
        mean("flatness"),
        mean("silence_share"),
        mean("clipped_share"),
        float(np.mean([t.instrument == instruments[t.prompt] for t in named])) if named else None,
        bool(musical) or coefficient == 0,
    )


def _plain(value: object) -> object:
    """For JSON, which has no NaN."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


class _Recorder:
    """Plays and measures takes, and keeps them in a file."""

    def __init__(
        self,
        model: MusicModel,
        setting: Setting,
        folder: Path | None,
        hear_instrument: Callable[[np.ndarray, int], str] | None,
        total: int,
    ) -> None:
        self.model, self.setting, self.hear_instrument = model, setting, hear_instrument
        self.path = folder / "takes.jsonl" if folder else None
        self.kept: dict[str, dict] = {}
        self.done, self.total, self.started = 0, total, time.monotonic()
        self.fingerprint = fingerprint(model)
        if self.path and self.path.exists():
            text = self.path.read_text("utf-8")
            for line in text.splitlines():
                try:
                    row = json.loads(line)
                except ValueError:  # the line that was being written when it was interrupted
                    continue
                self.kept[row.pop("key")] = row
            if text and not text.endswith("\n"):
                self._append("")

    def takes(self, direction: Direction | None, coefficient: float) -> list[Take]:
        s = self.setting
        return [self._take(direction, coefficient, p, seed) for p in s.prompts for seed in s.seeds]

    def _take(self, direction: Direction | None, raw: float, prompt: str, seed: int) -> Take:
        key = self._key(direction, raw, prompt, seed)
        if key not in self.kept:
            self.kept[key] = row = self._record(direction, raw, prompt, seed)
            if self.path:
                self._append(json.dumps({"key": key, **row}))
        self.done += 1
        if sys.stderr.isatty():
            minutes = (time.monotonic() - self.started) / 60
            print(
                f"\rheard {self.done}/{self.total} clips in {minutes:.1f} min",
                end="\n" if self.done == self.total else "",
                file=sys.stderr,
                flush=True,
            )
        row = self.kept[key]
        heard = row["heard"] | {"note_share": tuple(row["heard"]["note_share"])}
        return Take(raw, prompt, seed, listening.Measurements(**heard), row["instrument"])

    def _append(self, line: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _record(self, direction: Direction | None, raw: float, prompt: str, seed: int) -> dict:
        s = self.setting
        audio = perform(
            self.model,
            prompt,
            seed=seed,
            seconds=s.seconds,
            changes=[(0.0, direction, raw)] if direction is not None else (),
            layers=s.layers,
            guidance_scale=s.guidance_scale,
            temperature=s.temperature,
            top_k=s.top_k,
        )
        named = None
        if self.hear_instrument is not None:
            named = str(self.hear_instrument(audio.mean(1), self.model.sample_rate))
        heard = listening.measure(audio, self.model.sample_rate)
        return {
            "direction": direction.name if direction is not None else None,
            "coefficient": raw,
            "prompt": prompt,
            "seed": seed,
            "heard": heard.as_dict(),
            "instrument": named,
        }

    def _key(self, direction: Direction | None, raw: float, prompt: str, seed: int) -> str:
        """Everything that decides the sound and how it was listened to."""
        digest = hashlib.sha256(self.fingerprint.encode())
        s = self.setting
        digest.update(repr((raw, prompt, seed, s.seconds, self.hear_instrument is None)).encode())
        digest.update(repr((s.guidance_scale, s.temperature, s.top_k)).encode())
        if direction is not None:
            digest.update(repr((direction.name, s.layers)).encode())
            digest.update(direction.vectors.numpy().tobytes())
            digest.update(direction.layer_scores.numpy().tobytes())
        return digest.hexdigest()[:24]
