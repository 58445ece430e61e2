"""Runs many independent jobs in this process, in several processes, or on a Ray cluster, and stores
results; and short work on several threads.

A result is one file named after its job. The worker that computed it writes the file completely or
not at all. An interrupted run continues where it stopped, and a job whose worker was lost is
repeated without affecting others. Workers import this module first, so it imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    import numpy as np
    import torch

T = TypeVar("T")
R = TypeVar("R")

EXECUTORS = ("local", "ray")
RETRIES = 3  # times that one job may lose its worker


@dataclass(frozen=True)
class Job:
    """A unit of work: `id` names its result file, `arguments` are the arguments of `fit`."""

    id: str
    arguments: tuple[Any, ...] = ()


Fit = Callable[..., "dict[str, np.ndarray]"]


def run(
    jobs: Sequence[Job],
    fit: Fit,
    store: Path,
    *,
    executor: str = "local",
    workers: int = 0,
    gpus: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Compute `fit(*job.arguments)`, named arrays, for every job that has no result in `store`.

    executor: "local" for `workers` processes with one thread each (0: one job after the other in
    this process), or "ray" for the cluster that Ray is connected to or finds. There, at most
    `workers` jobs run at a time (0: one per CPU), each with a share `gpus` of a GPU. `fit` must be
    picklable; with Ray, `store` and all files that `fit` reads must be on a disk shared by all
    workers. `progress` is called with the number of finished jobs.

    Raises MusicRFMError for an unknown executor, duplicate job ids, a job that lost its worker more
    than `RETRIES` times, and where Ray is missing or not running; otherwise whatever `fit` raises.
    """
    if executor not in EXECUTORS:
        raise MusicRFMError(f"executor {executor!r} is not one of {', '.join(EXECUTORS)}")
    if twice := [name for name, n in Counter(job.id for job in jobs).items() if n > 1]:
        raise MusicRFMError(f"{len(twice)} job ids occur more than once; the first is {twice[0]!r}")
    store.mkdir(parents=True, exist_ok=True)
    missing = [job for job in jobs if not is_done(store, job.id)]
    done = len(jobs) - len(missing)
    work = partial(_work, fit, store)
    finished: Generator[str, None, None]
    if executor == "ray":
        finished = _on_ray(missing, work, workers, gpus)
    elif workers and len(missing) > 1:
        finished = _in_processes(missing, work, workers)
    else:
        finished = (work(job) for job in missing)
    with contextlib.closing(finished):
        for _ in finished if missing else ():
            done += 1
            if progress is not None:
                progress(done)


def result(store: Path, job_id: str) -> dict[str, np.ndarray]:
    """The arrays of a job in `store`. Raises MusicRFMError if there are none."""
    import numpy as np

    try:
        with np.load(_path(store, job_id), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise MusicRFMError(f"{store} has no result of job {job_id!r}: {error}") from error


def is_done(store: Path, job_id: str) -> bool:
    """Whether the result is complete. A damaged file (after a full disk, for example) does not
    count."""
    path = _path(store, job_id)
    return path.is_file() and zipfile.is_zipfile(path)


def one_thread() -> None:
    """Limit this process to one thread, as the workers share the CPUs."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def each_alone(work: Callable[[T], R], pieces: Sequence[T]) -> list[R]:
    """`work` of each piece, on as many threads as PyTorch has; each thread computes alone.

    Otherwise PyTorch shares each operation among all threads and waits for the slowest of them.
    Beside another program, short operations then wait longer than they compute.
    """
    import torch

    threads = min(torch.get_num_threads(), len(pieces))
    if threads < 2:
        return [work(piece) for piece in pieces]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, pieces))
    finally:
        torch.set_num_threads(before)


def in_turn(work: Callable[[T], R], pieces: Iterable[T], device: torch.device) -> Iterator[R]:
    """`work` of each piece, in order; on a CPU some at a time, see `each_alone`."""
    import torch

    waiting = iter(pieces)
    at_once = torch.get_num_threads() if device.type == "cpu" else 1
    while some := list(islice(waiting, at_once)):
        yield from each_alone(work, some)


def _path(store: Path, job_id: str) -> Path:
    return store / f"{job_id}.npz"


def _work(fit: Fit, store: Path, job: Job) -> str:
    """Run one job in this process and store its result; returns the job's id."""
    import numpy as np

    if not store.is_dir():
        raise MusicRFMError(
            f"a worker cannot access the folder {str(store)!r}: put results on a disk "
            "shared by all machines of the cluster"
        )
    if not is_done(store, job.id):  # a lost worker may have finished it
        arrays: dict[str, Any] = fit(*job.arguments)
        unfinished = store / f".{job.id}.{uuid.uuid4().hex}.npz"
        np.savez(unfinished, **arrays)
        unfinished.replace(_path(store, job.id))
    return job.id


def _in_processes(
    jobs: Sequence[Job], work: Callable[[Job], str], workers: int
) -> Generator[str, None, None]:
    """Run jobs in processes, each in a pool of one, so that a crash affects one job only."""
    waiting, lost = deque(jobs), Counter[str]()
    running: dict[Future[str], tuple[Job, int]] = {}
    idle = list(range(min(workers, len(jobs))))
    try:
        while waiting or running:
            while waiting and idle:
                job, lane = waiting.popleft(), idle.pop()
                running[_submit(lane, work, job)] = job, lane
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job, lane = running.pop(future)
                idle.append(lane)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    _processes.pop(lane).shutdown(wait=False)
                    _note_loss(lost, job)
                    waiting.append(job)
    finally:
        for future in running:
            future.cancel()


_processes: dict[int, ProcessPoolExecutor] = {}  # reused by the next run, as starting takes seconds


def _submit(lane: int, work: Callable[[Job], str], job: Job) -> Future[str]:
    """Submit to a spawned process, because this process's threads would not survive a fork."""
    for _ in range(2):
        if lane not in _processes:
            spawn = get_context("spawn")
            _processes[lane] = ProcessPoolExecutor(1, spawn, initializer=one_thread)
        try:
            return _processes[lane].submit(work, job)
        except BrokenProcessPool:  # it died while it waited
            _processes.pop(lane).shutdown(wait=False)
    raise MusicRFMError(f"no process can be started for job {job.id!r}: free some memory")


def _on_ray(
    jobs: Sequence[Job], work: Callable[[Job], str], workers: int, gpus: float
) -> Generator[str, None, None]:
    """Run jobs as tasks with one CPU each. Lost ones are repeated here rather than by Ray, so that
    a repeated job first looks for its result."""
    ray = _connected()
    task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=0)(_on_worker)
    shared = ray.put(work)
    waiting, lost = deque(jobs), Counter[str]()
    running: dict[Any, Job] = {}
    try:
        while waiting or running:
            at_once = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            while waiting and len(running) < at_once:
                job = waiting.popleft()
                running[task.remote(shared, job)] = job
            (ready, *_), _ = ray.wait(list(running), num_returns=1)
            job = running.pop(ready)
            try:
                yield ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, MusicRFMError):
                    raise error.cause from error
                raise
            except ray.exceptions.RayError:  # the worker is gone: crashed, killed, out of memory
                _note_loss(lost, job)
                waiting.append(job)
    finally:
        for reference in running:
            with contextlib.suppress(Exception):
                ray.cancel(reference)


def _on_worker(work: Callable[[Job], str], job: Job) -> str:
    one_thread()
    return work(job)


def _connected() -> Any:
    """The module ray, connected to a running cluster."""
    try:
        import ray
    except ImportError as missing:
        raise MusicRFMError(
            "executor 'ray' needs the package ray: pip install 'musicrfm-bridge[ray]'"
        ) from missing
    if not ray.is_initialized():
        try:
            ray.init(address="auto", log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise MusicRFMError(
                "no Ray cluster answers: start one with `ray start --head`, or set the environment "
                "variable RAY_ADDRESS to its address"
            ) from error
    return ray


def _note_loss(lost: Counter[str], job: Job) -> None:
    lost[job.id] += 1
    if lost[job.id] > RETRIES:
        raise MusicRFMError(
            f"job {job.id!r} lost its worker {lost[job.id]} times, perhaps because memory ran out"
        )
    print(f"job {job.id!r} lost its worker and is restarted", file=sys.stderr, flush=True)
