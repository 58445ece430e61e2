"""Settings shared by all parts: the model, the folders, the amount of data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from musicrfm.directions import Direction, list_directions
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.perform import PROMPTS, Setting
from musicrfm.evaluation.takes import Listener, Recorder
from musicrfm.listening.readings import reading
from musicrfm.training.fits import Work

if TYPE_CHECKING:
    from musicrfm.model import MusicModel


@dataclass(frozen=True)
class Options:
    """out: folder of the pages. work: folder of intermediate results. names: directions to steer
    with, by default all of the model. samples: clips of each SynTheory set for the probes; whole:
    sets of which all clips are used. executor: of the fits, see `executor.run`; clips are played
    here, by `workers` processes. quick: very little of everything, to test the command. grid: see
    `grid.asked`. command: the command line without `--only`."""

    model: MusicModel
    out: Path
    work: Path
    names: tuple[str, ...] = ()
    setting: Setting = field(default_factory=Setting)
    instruments: dict[str, str] = field(default_factory=lambda: dict(PROMPTS))
    hear_instrument: Listener | None = None
    samples: int = 2400
    whole: tuple[str, ...] = ()
    trials: int = 10
    workers: int = 0
    executor: str = "local"
    seed: int = 0
    quick: bool = False
    grid: str = ""
    fraction: float = 0.12  # the grid's coefficient, in typical norms of a hidden state
    command: str = "musicrfm results"

    @property
    def fitting(self) -> Work:
        """Where and how many fits run at a time."""
        return Work(self.executor, self.workers)

    def recorder(self, directions: Iterable[Direction] = (), **changes) -> Recorder:
        """directions: those whose own listeners shall hear the clips. changes: fields of
        `Setting`."""
        recorder = Recorder(
            self.model,
            self.setting.hearing(directions),
            self.work,
            hear_instrument=self.hear_instrument,
            workers=self.workers,
        )
        return recorder.using(**changes)

    def directions(self) -> list[Direction]:
        """The directions that can be measured; for a multiclass file, each class.

        Raises MusicRFMError if there are none.
        """
        found = []
        for name in self.names or list_directions(self.model.name):
            whole = Direction.load(name, self.model)
            for one in [whole.only(c) for c in whole.classes] or [whole]:
                try:
                    reading(one)
                except MusicRFMError:
                    continue
                found.append(one)
        if not found:
            raise MusicRFMError(
                f"no direction of {self.model.name!r} can be measured in audio: train one first"
            )
        return found

    def calibrated(self) -> list[Direction]:
        """The directions with a useful range. Raises MusicRFMError if there are none."""
        found = [direction for direction in self.directions() if direction.range]
        if not found:
            raise MusicRFMError(
                f"no direction of {self.model.name!r} has a useful range: run `musicrfm calibrate`"
            )
        return found

    def notes(self, count: int) -> list[Direction]:
        """Calibrated notes, spread over the octave, at most this number. Raises MusicRFMError if
        there are none."""
        notes = [d for d in self.calibrated() if reading(d).concept == "note"]
        if not notes:
            raise MusicRFMError(f"no note of {self.model.name!r} has a useful range")
        count = min(count, 1 if self.quick else count, len(notes))
        return [notes[i * len(notes) // count] for i in range(count)]
