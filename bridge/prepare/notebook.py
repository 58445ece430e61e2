"""What `bridge prepare` has done so far, in a JSON file: a run that was broken off goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from musicrfm.files.writing import write_text

FILE = "prepare.json"


@dataclass
class Step:
    """One that is done. key: all that decides what it makes. seconds: that it took. result:
    JSON-able."""

    key: list[str]
    seconds: float
    result: Any = None


@dataclass
class Notebook:
    """steps: by name, in the order they were done. left_out: concepts, and why."""

    folder: Path
    model: str = ""
    steps: dict[str, Step] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    peak_memory: float = 0.0  # MiB, of the whole process

    @classmethod
    def open(cls, folder: Path) -> Notebook:
        """What is there; a new one if there is none, or it cannot be read."""
        try:
            told = json.loads((folder / FILE).read_text("utf-8"))
            steps = {name: Step(**step) for name, step in told.pop("steps").items()}
            return cls(folder, **told, steps=steps)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls(folder)

    def done(self, name: str, key: list[str]) -> Step | None:
        step = self.steps.get(name)
        return step if step is not None and step.key == key else None

    def save(self) -> None:
        told = {k: v for k, v in asdict(self).items() if k != "folder"}
        write_text(self.folder / FILE, json.dumps(told, indent=1) + "\n")
