"""The finished steps of `bridge prepare`, in a JSON file, so that an interrupted run continues."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from musicrfm.files.writing import write_text

FILE = "prepare.json"


@dataclass
class Step:
    """A finished step. key: everything that decides its result. seconds: time it took. result:
    JSON-able."""

    key: list[str]
    seconds: float
    result: Any = None


@dataclass
class Chosen:
    """How much of a concept is made. asked: what decided that. sizes, knobs: see `budget.Share`.
    made: whether all of it is finished."""

    asked: list[str]
    sizes: str
    knobs: int | None = None
    made: bool = False


@dataclass
class Notebook:
    """steps: by name, in the order in which they finished. dtype: the precision of
    training, None before the first start. chosen: by concept. smaller: concepts
    that are not made as a whole, with what is missing. left_out: concepts with reasons."""

    folder: Path
    model: str = ""
    dtype: str | None = None
    steps: dict[str, Step] = field(default_factory=dict)
    chosen: dict[str, Chosen] = field(default_factory=dict)
    smaller: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    peak_memory: float = 0.0  # MiB, of all processes

    @classmethod
    def open(cls, folder: Path) -> Notebook:
        """The notebook in a folder; a new one if there is none, or it cannot be read."""
        try:
            told = json.loads((folder / FILE).read_text("utf-8"))
            steps = {name: Step(**step) for name, step in told.pop("steps").items()}
            chosen = {name: Chosen(**one) for name, one in told.pop("chosen", {}).items()}
            return cls(folder, **told, steps=steps, chosen=chosen)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls(folder)

    def done(self, name: str, key: list[str]) -> Step | None:
        step = self.steps.get(name)
        return step if step is not None and step.key == key else None

    def save(self) -> None:
        told = {k: v for k, v in asdict(self).items() if k != "folder"}
        write_text(self.folder / FILE, json.dumps(told, indent=1) + "\n")
