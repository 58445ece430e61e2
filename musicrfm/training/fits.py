"""Probes all layers as independent jobs: RFM trials, then directions, then all layers together.

Every job reads the states of one layer from disk and nothing else (clips * features * 4 bytes in
memory, 328 MB for 40,000 clips of 2048; at most three times that during the computation), and
writes one small file. So thousands of jobs can run anywhere, in any order, and finished layers are
not computed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from musicrfm import executor, metrics
from musicrfm.data.states import States
from musicrfm.executor import Fit, Job
from musicrfm.progress import Progress
from musicrfm.training import linear, probes
from musicrfm.training.questions import RFM_METHODS, Question
from musicrfm.training.rfm import Search

VERSION = 3  # of what the jobs leave behind
TRIALS_A_JOB = 10
EIGENVECTORS = 64  # kept of each AGOP
AGGREGATE_ITERATIONS = 10  # as published
PREDICTED = "predicted-"  # and the name of the reader


@dataclass(frozen=True)
class Work:
    """How jobs are run: see `executor.run`."""

    executor: str = "local"
    workers: int = 0
    gpus: float = 0.0
    progress: Callable[[int], None] | None = None  # called with the number of jobs done

    def run(self, jobs: list[Job], fit: Fit, store: Path, what: str) -> None:
        done = sum(executor.is_done(store, job.id) for job in jobs)
        executor.run(
            jobs,
            fit,
            store,
            executor=self.executor,
            workers=self.workers,
            gpus=self.gpus,
            progress=self.progress or Progress(what, len(jobs), "jobs", already=done),
        )


@dataclass(frozen=True)
class Fitted:
    """All layers' answers. vectors [layers, components, features]; scores [layers]; basis: of each
    layer [k, features]; layers: per layer what `probes.Layer` reports, as JSON; spectra: AGOP
    eigenvalues of each layer, empty without an RFM; told: of each layer what its score is measured
    on, see `probes.Layer`; probed: what each layer's probe predicts of the test part (of
    `machines_for` if given); stack: see `_aggregate`; aggregated: test metrics of all layers
    together, by reader; predicted: the readers' predictions of the test part."""

    vectors: np.ndarray
    scores: np.ndarray
    basis: list[np.ndarray]
    layers: list[dict[str, Any]]
    spectra: list[np.ndarray]
    told: list[np.ndarray]
    probed: list[np.ndarray]
    stack: dict[str, np.ndarray]
    aggregated: dict[str, dict[str, float]]
    predicted: dict[str, np.ndarray]


def probe(
    states: States,
    store: Path,
    question: Question,
    method: str,
    *,
    search: Search,
    layers: list[int],
    components: int | None = probes.COMPONENTS,
    keep: int = 1,
    machines_for: Question | None = None,
    aggregate: bool | None = None,
    work: Work | None = None,
) -> Fitted:
    """Fit `question` on each of `layers` (positions in `states`), then on all together.

    machines_for: the question for the RFMs, if it is another one: their AGOPs then serve several
    questions, and are fitted only for the first. aggregate: whether to also fit an RFM on the
    projections of all layers, as published; by default for RFM methods.
    """
    question.check(method)
    work = work or Work()
    machines: Path | None = None
    blocks: list[tuple[int, int]] = []
    if method in RFM_METHODS:
        asked = machines_for or question
        # Trials are drawn one by one: a larger number continues after the finished ones.
        machines = store / f"rfm-{_digest(asked, replace(search, trials=1))}"
        blocks = [
            (first, min(first + TRIALS_A_JOB, search.trials))
            for first in range(0, search.trials, TRIALS_A_JOB)
        ]
        jobs = [Job(_block(n, b), (n, *b)) for n in layers for b in blocks]
        fit = partial(_machine, states.folder, asked, search)
        work.run(jobs, fit, machines, "fitting RFMs")
    settings: dict[str, Any] = {"method": method, "components": components, "keep": keep}
    seed = search.seed if method == "random" else None
    if seed is not None:
        settings["seed"] = seed
    folder = store / f"probe-{_digest(question, search if machines else None, machines, settings)}"
    how = (method, components, keep, machines, blocks, seed)
    answer = partial(_layer, states.folder, question, *how)
    work.run([Job(_name(n), (n,)) for n in layers], answer, folder, "probing layers")
    together = aggregate if aggregate is not None else machines is not None
    final = Job("all" + ("-rfm" if together else "") + _span(layers))
    stacked = partial(_aggregate, folder, layers, question, search if together else None)
    work.run([final], stacked, folder, "all layers together")
    found = [executor.result(folder, _name(n)) for n in layers]
    stack = executor.result(folder, final.id)
    readers = [key for key in stack if key.startswith(PREDICTED)]
    predicted = {key.removeprefix(PREDICTED): stack.pop(key) for key in readers}
    return Fitted(
        vectors=np.stack([f["vectors"] for f in found]),
        scores=np.array([f["score"] for f in found], np.float32),
        basis=[f["basis"] for f in found],
        layers=[json.loads(str(f["about"])) for f in found],
        spectra=[f["eigenvalues"] for f in found],
        aggregated=json.loads(str(stack.pop("about"))),
        told=[f["told"] for f in found],
        probed=[f["predicted"] for f in found],
        stack=stack,
        predicted=predicted,
    )


def _machine(
    states: Path, question: Question, search: Search, layer: int, first: int, last: int
) -> dict[str, np.ndarray]:
    """The best RFM of a block of trials on one layer."""
    x = torch.from_numpy(States.load(states).layer(layer))
    found = probes.machine(x, question, search, first, last)
    labels = question.labels[question.parts.test]
    about = {
        "predictor": metrics.measure(question.kind, labels, found.predicted),
        "draw": asdict(found.draw),
    }
    return {
        "basis": found.basis[:, :EIGENVECTORS].numpy(),
        "eigenvalues": found.eigenvalues.numpy(),
        "value": np.float64(found.value),
        "predicted": found.predicted,
        "about": np.array(json.dumps(about)),
    }


def _layer(
    states: Path,
    question: Question,
    method: str,
    components: int | None,
    keep: int,
    machines: Path | None,
    blocks: list[tuple[int, int]],
    seed: int | None,
    layer: int,
) -> dict[str, np.ndarray]:
    """Directions of one layer, from the best of its RFMs if the method uses one."""
    x = torch.from_numpy(States.load(states).layer(layer))
    basis, about, eigenvalues, predicted = None, {}, np.empty(0, np.float32), None
    if machines is not None:
        results = [executor.result(machines, _block(layer, b)) for b in blocks]
        best = max(results, key=lambda r: metrics.utility(question.tuning, float(r["value"])))
        basis, eigenvalues = torch.from_numpy(best["basis"]), best["eigenvalues"]
        about = {"validation": float(best["value"])} | json.loads(str(best["about"]))
        predicted = best["predicted"]
    if seed is not None:
        basis = probes.drawn(x.shape[1], question.targets.shape[1], seed, layer)
    found = probes.answer(method, x, question, basis, components, keep)
    about = {
        "score": found.score,
        "predictor": about.pop("predictor", found.predictor),
        "direction": found.direction,
        "chosen": found.chosen | about,
        "state_norm": float(x.norm(dim=1).median()),
    }
    return {
        "vectors": found.vectors,
        "basis": found.basis,
        "projections": found.projections,
        "told": found.told,
        "predicted": found.predicted if predicted is None else predicted,
        "score": np.asarray(found.score, np.float64),
        "eigenvalues": eigenvalues,
        "about": np.array(json.dumps(about)),
    }


def _aggregate(
    folder: Path, layers: list[int], question: Question, search: Search | None
) -> dict[str, np.ndarray]:
    """Test scores of all layers together, and the linear stack that a detector needs.

    `linear` stacks the projections of all layers by logistic regression (classes) or ridge
    regression: centre, scale [columns], weights [columns, outputs], bias [outputs]. `rfm`, if there
    is a `search`, is the published aggregation: one more RFM on those projections, tuned for
    accuracy or squared error.
    """
    z = np.concatenate([executor.result(folder, _name(n))["projections"] for n in layers], 1)
    parts, labels = question.parts, question.labels
    truth = labels[parts.test]
    centre, scale = z[parts.train].mean(0), np.maximum(z[parts.train].std(0), 1e-12)
    z = (z - centre) / scale
    weights, bias = (
        linear.ridge_stack if question.kind == "regression" else linear.logistic_stack
    )(z, question)
    told = linear.outputs(z[parts.test] @ weights + bias, question.kind)
    predicted = {"linear": told}
    if search is not None:
        metric = "mse" if question.kind == "regression" else "accuracy"
        search = replace(search, iterations=AGGREGATE_ITERATIONS, metric=metric)
        machine = probes.machine(torch.from_numpy(z), replace(question, metric=metric), search)
        predicted["rfm"] = machine.predicted
    aggregated = {
        name: metrics.measure(question.kind, truth, read) for name, read in predicted.items()
    }
    return {
        **{PREDICTED + name: np.asarray(read, np.float32) for name, read in predicted.items()},
        "centre": centre.astype(np.float32),
        "scale": scale.astype(np.float32),
        "weights": weights.astype(np.float32),
        "bias": bias.astype(np.float32),
        "about": np.array(json.dumps(aggregated)),
    }


def _digest(*parts: Any) -> str:
    """A short name for the jobs' inputs: equal names mean equal results."""
    found = hashlib.sha256(f"version {VERSION}".encode())

    def add(part: Any) -> None:
        if isinstance(part, Question):
            add([part.kind, part.classes, part.metric])
            arrays = [part.labels, *asdict(part.parts).values(), *asdict(part.every).values()]
            for array in arrays:
                found.update(np.ascontiguousarray(array, np.float64).tobytes())
        elif isinstance(part, Search):
            add({k: v for k, v in asdict(part).items() if k != "device"})
        elif isinstance(part, Path):
            add(part.name)
        else:
            found.update(json.dumps(part, sort_keys=True).encode())

    for part in parts:
        add(part)
    return found.hexdigest()[:20]


def _name(layer: int) -> str:
    return f"layer-{layer:03d}"


def _block(layer: int, block: tuple[int, int]) -> str:
    return f"layer-{layer:03d}-trials-{block[0]:04d}-{block[1]:04d}"


def _span(layers: list[int]) -> str:
    """The part of a job's name for its layers."""
    return "-" + hashlib.sha256(json.dumps(layers).encode()).hexdigest()[:8]
