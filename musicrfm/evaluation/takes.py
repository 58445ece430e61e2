"""Plays and measures clips, in this process or in workers, and stores each result in a file.

The key of a result contains everything that determines the audio and its measurement. An
interrupted run therefore continues where it stopped, and several runs can share a folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from copy import copy
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.perform import Setting, perform
from musicrfm.executor import one_thread
from musicrfm.listening import listeners, measure
from musicrfm.listening.listeners import detector_of, listener
from musicrfm.progress import Progress
from musicrfm.training.detect import Detector, detect, detector_file
from musicrfm.weights.fingerprint import fingerprint

if TYPE_CHECKING:
    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel

FILE = "takes.jsonl"
WINDOW, FINE = 0.5, 0.1  # seconds per measurement over time
NO_FILES: Mapping[str, Path] = MappingProxyType({})
CEPSTRA = 20  # mel cepstra of each tenth of a second
# Names the instrument of a clip (audio [samples], sample rate), or gives the likelihood of each.
Listener = Callable[[np.ndarray, int], "str | dict[str, float]"]


@dataclass(frozen=True)
class Play:
    """One clip to play. steers: directions with their raw coefficients, from the start.

    fade: (second, seconds), a crossfade from the first direction to the second, whose coefficient
    is then not set. over_time: whether to measure the pitch classes of each half second. span:
    (second, second) between which the clip is steered; None for all of it. fine: as over_time, for
    each tenth of a second, and with its timbre.
    """

    prompt: str
    seed: int
    steers: tuple[tuple[Direction, float], ...] = ()
    fade: tuple[float, float] | None = None
    over_time: bool = False
    span: tuple[float, float] | None = None
    fine: bool = False

    @property
    def changes(self) -> list[tuple[float, Direction, float]]:
        if self.span is not None:
            begin, end = self.span
            turned = [(begin, direction, raw) for direction, raw in self.steers]
            return turned + [(end, direction, 0.0) for direction, _ in self.steers]
        if self.fade is None:
            return [(0.0, direction, raw) for direction, raw in self.steers]
        (direction, raw), _ = self.steers
        return [(0.0, direction, raw)]

    @property
    def fades(self) -> list[tuple[float, Direction, Direction, float]]:
        if self.fade is None:
            return []
        (one, _), (other, _) = self.steers
        return [(self.fade[0], one, other, self.fade[1])]


@dataclass(frozen=True)
class Take:
    """One measured clip.

    coefficient: raw, of the first direction; 0 is unsteered. instrument: by the classifier; odds:
    likelihood of each instrument, if the classifier gives it. over_time: if requested, the note
    share [12] of each half second (tenth, if `fine`). timbre: mel cepstra of each tenth.
    """

    coefficient: float
    prompt: str
    seed: int
    heard: measure.Measurements
    instrument: str | None = None
    odds: dict[str, float] | None = None
    over_time: tuple[tuple[float, ...], ...] | None = None
    timbre: tuple[tuple[float, ...], ...] | None = None

    def likelihood(self, instruments: Mapping[str, str]) -> float | None:
        """Likelihood of the prompted instrument; None without a prompt for one, or a classifier."""
        asked = instruments.get(self.prompt)
        if asked is None or self.instrument is None:
            return None
        return self.odds.get(asked, 0.0) if self.odds else float(self.instrument == asked)


class Recorder:
    """Plays and measures takes of one setting, and stores them in `folder`, if given.

    workers: processes that play, each with a copy of the model and one thread; 0 plays in this
    process. play: the function that plays a clip, such as `perform`; picklable if there are
    workers. detectors: files of the detectors that listen, by the text of the listener; others are
    found by name in the folders of the model. Use it in a `with` block, which ends the processes.

    Raises MusicRFMError if there is no such detector.
    """

    def __init__(
        self,
        model: MusicModel,
        setting: Setting,
        folder: Path | None = None,
        *,
        hear_instrument: Listener | None = None,
        workers: int = 0,
        play: Callable[..., np.ndarray] = perform,
        detectors: Mapping[str, Path] = NO_FILES,
    ) -> None:
        self.model, self.setting, self.hear_instrument = model, setting, hear_instrument
        self._workers, self._play = _Workers(workers), play
        named = {spec: told for spec in setting.listeners if (told := detector_of(spec))}
        self._detectors = {
            spec: detectors.get(spec) or detector_file(name, model)
            for spec, (name, _) in named.items()
        }
        self._digests = {spec: _digest(path) for spec, path in self._detectors.items()}
        self.path = folder / FILE if folder else None
        self._fingerprint = fingerprint(model.hf)
        self._kept: dict[str, dict] = {}
        if self.path and self.path.exists():
            self._read(self.path)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._workers.close()

    def using(self, **changes) -> Recorder:
        """A recorder of another setting that shares everything else, including the processes."""
        other = copy(self)
        other.setting = replace(self.setting, **changes)
        return other

    def plays(self, *steers: tuple[Direction, float], **options) -> list[Play]:
        """Every prompt with every seed of the setting; options: fields of `Play`."""
        s = self.setting
        return [Play(p, seed, steers, **options) for p in s.prompts for seed in s.seeds]

    def hear(self, plays: Sequence[Play], what: str = "playing") -> list[Take]:
        """A take of each play, in the same order; stored takes are not played again.

        Raises MusicRFMError if a worker process ends unexpectedly; finished takes remain stored.
        """
        keys = [self._key(play) for play in plays]
        missing = {k: p for k, p in zip(keys, plays, strict=True) if k not in self._kept}
        done = len(set(keys)) - len(missing)
        progress = Progress(what, len(set(keys)), "clips", already=done)
        play = self._in_workers if self._workers.count and missing else self._here
        for key, row in play(missing):
            self._kept[key] = row
            if self.path:
                _append(self.path, json.dumps({"key": key, **row}))
            done += 1
            progress(done)
        return [_take(play, self._kept[key]) for key, play in zip(keys, plays, strict=True)]

    def _here(self, missing: dict[str, Play]) -> Iterator[tuple[str, dict]]:
        for key, play in missing.items():
            yield key, _record(self.model, *self._how, play)

    @property
    def _how(
        self,
    ) -> tuple[Setting, Listener | None, Callable[..., np.ndarray], Mapping[str, Path]]:
        """The arguments of `_record` that are the same for all plays."""
        return self.setting, self.hear_instrument, self._play, self._detectors

    def _in_workers(self, missing: dict[str, Play]) -> Iterator[tuple[str, dict]]:
        source = _Source.of(self.model, self._fingerprint)
        what = (source, *self._how)
        try:
            pool = self._workers.pool()
            running = {pool.submit(_in_worker, *what, play): key for key, play in missing.items()}
            for future in as_completed(running):
                yield running[future], future.result()
        except BrokenProcessPool as error:
            self.close()
            raise MusicRFMError(
                f"one of {self._workers.count} worker processes ended unexpectedly, perhaps "
                "because memory ran out: start again with fewer workers; finished "
                "measurements are kept"
            ) from error
        except BaseException:
            self.close()
            raise

    def _read(self, path: Path) -> None:
        text = path.read_text("utf-8")
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self._kept[row.pop("key")] = row
            except (ValueError, KeyError):  # a line that an interruption left incomplete
                continue
        if text and not text.endswith("\n"):
            _append(path, "")

    def _key(self, play: Play) -> str:
        """Everything that determines the audio and its measurement."""
        s = self.setting
        digest = hashlib.sha256(f"{self._fingerprint} {measure.VERSION}".encode())
        unsteered = (s.seconds, s.guidance_scale, s.temperature, s.top_k)
        judge = self.hear_instrument
        heard_by = (getattr(judge, "__qualname__", judge is not None), getattr(judge, "version", 1))
        asked = (play.prompt, play.seed, unsteered, heard_by, play.fade, play.over_time)
        digest.update(repr(asked).encode())
        if play.fine:
            digest.update(repr((play.fine, play.span)).encode())
        for spec in s.listeners:
            heard_as = self._digests.get(spec) or listener(spec).digest
            digest.update(f"{spec} {heard_as}".encode())
        digest.update(self.model.precision.encode())
        for direction, raw in play.steers if any(raw for _, raw in play.steers) else ():
            better = direction.meta.get("metric_higher_is_better")
            digest.update(repr((direction.name, raw, better, sorted(s.how.items()))).encode())
            if (
                play.fade is not None or s.schedule != "constant"
            ):  # these act on the knob, not on the raw coefficient
                digest.update(
                    repr((direction.raw(-1.0), direction.raw(1.0), direction.curve)).encode()
                )
            digest.update(direction.vectors.numpy().tobytes())
            digest.update(direction.layer_scores.numpy().tobytes())
        return digest.hexdigest()[:24]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


class _Workers:
    """Worker processes, started on first use."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            spawn = get_context("spawn")  # the threads of this process would not survive a fork
            self._pool = ProcessPoolExecutor(self.count, spawn, initializer=one_thread)
        return self._pool

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


@dataclass(frozen=True)
class _Source:
    """The source from which a worker loads the model, since a loaded model cannot be pickled."""

    folder: str
    name: str
    device: str
    dtype: str
    graphs: bool
    fingerprint: str

    @classmethod
    def of(cls, model: MusicModel, found: str) -> _Source:
        folder = str(model.hf.name_or_path)
        return cls(folder, model.name, str(model.device), model.precision, model.graphs, found)

    def load(self) -> MusicModel:
        from musicrfm.model import MusicModel

        model = MusicModel.load(self.folder, self.device, self.dtype)
        if fingerprint(model.hf) != self.fingerprint:
            raise MusicRFMError(
                f"model {self.name!r} differs from the files in {self.folder!r}, so worker "
                "processes cannot play it: save it there first, or use 0 workers"
            )
        model.name, model.graphs = self.name, self.graphs
        return model


_loaded: tuple[_Source, MusicModel] | None = None  # of a worker


def _in_worker(source: _Source, *what) -> dict:
    global _loaded
    if _loaded is None or _loaded[0] != source:
        _loaded = None
        one_thread()  # PyTorch was not imported yet when the process started
        _loaded = source, source.load()
    return _record(_loaded[1], *what)


def _record(
    model: MusicModel,
    setting: Setting,
    hear_instrument: Listener | None,
    play_clip: Callable[..., np.ndarray],
    detectors: Mapping[str, Path],
    play: Play,
) -> dict:
    fades = {"fades": play.fades} if play.fade else {}
    audio = play_clip(
        model, play.prompt, seed=play.seed, changes=play.changes, **fades, **setting.how
    )
    listened = {
        spec: measured_by(spec, model, audio, detectors.get(spec)) for spec in setting.listeners
    }
    row: dict = {
        "steers": [[direction.name, raw] for direction, raw in play.steers],
        "prompt": play.prompt,
        "seed": play.seed,
        "heard": measure.measure(audio, model.sample_rate).as_dict() | {"listened": listened},
        "instrument": None,
    }
    if hear_instrument is not None:
        named = hear_instrument(audio.mean(1), model.sample_rate)
        odds = named if isinstance(named, dict) else None
        row["instrument"] = max(odds, key=odds.__getitem__) if odds else str(named)
        row["odds"] = odds
    if play.over_time or play.fine:
        window = FINE if play.fine else WINDOW
        shares = measure.note_share_over_time(audio, model.sample_rate, window)
        row["over_time"] = shares.round(4).tolist()
    if play.fine:
        row["timbre"] = measure.cepstra_over_time(audio, model.sample_rate, FINE, CEPSTRA).tolist()
    return row


def measured_by(
    spec: str, model: MusicModel, audio: np.ndarray, file: Path | None = None
) -> float | None:
    """The measure that a listener makes of audio [samples, channels]; None if there is nothing to
    measure. file: of a detector; by default the one of its name. Raises MusicRFMError if the
    listener does not exist or returns no number."""
    named = detector_of(spec)
    if named is None:
        return listeners.listened(spec, audio, model.sample_rate)
    name, target = named
    detector = Detector.load(file or name, model)
    target = target or detector.answers[-1]
    if target not in detector.answers:
        raise MusicRFMError(
            f"detector {name!r} has no class {target!r}: choose one of "
            f"{', '.join(detector.answers)}"
        )
    if not audio.any():
        return None
    told = dict(detect(model, audio, model.sample_rate, detector))[target]
    if not spec.startswith("-"):
        return told
    return -told if detector.meta["kind"] == "regression" else 1 - told


def _take(play: Play, row: dict) -> Take:
    over_time = row.get("over_time")
    return Take(
        play.steers[0][1] if play.steers else 0.0,
        play.prompt,
        play.seed,
        measure.Measurements.of(row["heard"]),
        row["instrument"],
        row.get("odds"),
        tuple(map(tuple, over_time)) if over_time else None,
        tuple(map(tuple, row["timbre"])) if row.get("timbre") else None,
    )
