"""Runs one published script with replaced names: `check` starts it as a process.

The large model becomes `nano`, the data set is rendered, and a notebook's players do nothing.
"""

from __future__ import annotations

import os
import random
import runpy
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from musicrfm.checkpoints.finding import NANO
from musicrfm.data.syntheory import SAMPLE_RATE, choose, find
from musicrfm.data.syntheory.sound import render
from musicrfm.published.check import cells

# Clips of a set, balanced over its concept. With few of them all layers may score the same, and the
# published scripts divide by the difference between the best and the worst layer.
PER_CLASS = 40
QUICK_TOKENS, QUICK_TRIALS, QUICK_ITERATIONS = 40, 3, 2
LONGEST = 390  # tokens that nano's positions reach


class Clip(dict):
    """A row whose audio is rendered on access."""

    def __init__(self, concept_set: Any, row: dict[str, Any]) -> None:
        super().__init__(row)
        self._set = concept_set

    def __getitem__(self, key: str) -> Any:
        if key == "audio" and key not in self:
            sound = render(self._set, dict(self))
            self["audio"] = {"array": sound.astype(np.float64), "sampling_rate": SAMPLE_RATE}
        return super().__getitem__(key)


class Clips:
    """The part of the `datasets.Dataset` interface that the scripts use."""

    def __init__(self, rows: Sequence[Clip]) -> None:
        self._rows = list(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self._rows)

    def __getitem__(self, key: int | slice | str) -> Any:
        return [row[key] for row in self] if isinstance(key, str) else self._rows[key]

    def shuffle(self, seed: int | None = None) -> Clips:
        return Clips(random.Random(seed).sample(self._rows, len(self)))

    def select(self, numbers: Iterable[int]) -> Clips:
        return Clips([self._rows[n] for n in numbers])


def load_dataset(path: str, name: str, **settings: Any) -> dict[str, Clips]:
    """Some clips of a SynTheory set, balanced over its classes."""
    concept_set = find(name)
    rows = concept_set.rows()
    sounding = [n for n, row in enumerate(rows) if not concept_set.silent(row)]
    classes = min(len({row[concept_set.label] for row in rows}), 24)
    count = classes * PER_CLASS
    chosen = choose.balanced(concept_set, rows, sounding, count, concept_set.label)
    return {"train": Clips([Clip(concept_set, rows[n]) for n in chosen])}


class Processor:
    """Processes texts and audio, like both results of `AutoProcessor`."""

    def __init__(self) -> None:
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(NANO)
        self.sound = transformers.AutoFeatureExtractor.from_pretrained(NANO)

    def __call__(self, text: Any = None, raw_audio: Any = None, **settings: Any) -> Any:
        if raw_audio is not None:
            return self.sound(raw_audio=raw_audio, **settings)
        return self.tokenizer(text, **settings)


def quick() -> bool:
    return bool(os.environ.get("MUSICRFM_PUBLISHED_QUICK"))


def point() -> None:
    """Replace the names in this process."""
    loaded = transformers.MusicgenForConditionalGeneration.from_pretrained
    model = transformers.MusicgenForConditionalGeneration
    longest = QUICK_TOKENS if quick() else LONGEST
    model.from_pretrained = staticmethod(lambda name, *_, **__: loaded(NANO).float().eval())
    model.generate = _shorter(model.generate, longest)
    codec = staticmethod(lambda name, *_, **__: loaded(NANO).float().audio_encoder.eval())
    transformers.EncodecModel.from_pretrained = codec
    transformers.AutoProcessor.from_pretrained = staticmethod(lambda name, *_, **__: Processor())
    datasets: Any = types.ModuleType("datasets")
    datasets.load_dataset = load_dataset
    sys.modules["datasets"] = datasets
    ipython: Any = sys.modules.setdefault("IPython", types.ModuleType("IPython"))
    display: Any = types.ModuleType("IPython.display")
    display.Audio = lambda *_, **__: None
    sys.modules["IPython.display"] = ipython.display = display
    if quick():
        _fewer_trials()


def _shorter(generate: Callable, longest: int) -> Callable:
    def shorter(self: Any, *given: Any, max_new_tokens: int = longest, **settings: Any) -> Any:
        return generate(self, *given, max_new_tokens=min(max_new_tokens, longest), **settings)

    return shorter


def _fewer_trials() -> None:
    from musicrfm.published.controller import MusicGenController

    controller: Any = MusicGenController
    compute, make = controller.compute_directions, controller.__init__

    def made(self: Any, *given: Any, rfm_iters: int = 8, **settings: Any) -> None:
        make(self, *given, rfm_iters=min(rfm_iters, QUICK_ITERATIONS), **settings)

    def computed(self: Any, *given: Any, hyperparam_samples: int = 100, **settings: Any) -> Any:
        few = min(hyperparam_samples, QUICK_TRIALS)
        return compute(self, *given, hyperparam_samples=few, **settings)

    controller.__init__, controller.compute_directions = made, computed


def main(script: Path) -> None:
    torch.manual_seed(0)
    point()
    sys.argv = [str(script)]
    if script.suffix == ".ipynb":
        code = compile(cells(script), str(script), "exec")
        exec(code, {"__name__": "__main__", "display": lambda *_: None})
    else:
        runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
