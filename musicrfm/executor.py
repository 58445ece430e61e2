"""Runs many independent jobs, in this process, in several, or on a Ray cluster, and keeps results.

A result is one file named after its job, written whole or not at all, by the worker that computed
it. So a run that was interrupted goes on where it stopped, and a job whose worker was lost is
repeated without touching the others. Nothing heavy is imported here: workers start with this.
"""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    import numpy as np

EXECUTORS = ("local", "ray")
RETRIES = 3  # how often one job may lose its worker


@dataclass(frozen=True)
class Job:
    """One piece of work: `id` names its result file, `arguments` is what `fit` is called with."""

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
    """Sees to it that `store` holds the result of every job: `fit(*job.arguments)`, named arrays.

    Jobs with a result there are not run again. executor: "local" for `workers` processes of one
    thread each (0: one job after the other in this process), or "ray" for the cluster that Ray is
    connected to or finds by itself. There at most `workers` jobs are under way (0: as many as it
    has CPUs), each with `gpus` of a GPU. `fit` must be picklable, and with Ray `store` and all
    files that `fit` reads must lie on a disk that all workers share. `progress` is called with the
    number of jobs done.

    Raises MusicRFMError for an unknown executor, two jobs of one id, a job that lost its worker
    more than `RETRIES` times, and where Ray is missing or not running; otherwise what `fit` raises.
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
    """The arrays that a job left in `store`; raises MusicRFMError if there are none."""
    import numpy as np

    try:
        with np.load(_path(store, job_id), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise MusicRFMError(f"{store} has no result of job {job_id!r}: {error}") from error


def is_done(store: Path, job_id: str) -> bool:
    """Whether there is a whole result. A damaged file (a full disk, say) counts as none."""
    path = _path(store, job_id)
    return path.is_file() and zipfile.is_zipfile(path)


def one_thread() -> None:
    """One thread for this process: workers share the CPUs by being many."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _path(store: Path, job_id: str) -> Path:
    return store / f"{job_id}.npz"


def _work(fit: Fit, store: Path, job: Job) -> str:
    """Runs one job where it is and keeps its result; returns the job's id."""
    import numpy as np

    if not store.is_dir():
        raise MusicRFMError(
            f"a worker cannot access the folder {str(store)!r}: put results on a disk "
            "shared by all machines of the cluster"
        )
    if not is_done(store, job.id):  # a worker that was lost may have come this far
        arrays: dict[str, Any] = fit(*job.arguments)
        unfinished = store / f".{job.id}.{uuid.uuid4().hex}.npz"
        np.savez(unfinished, **arrays)
        unfinished.replace(_path(store, job.id))
    return job.id


def _in_processes(
    jobs: Sequence[Job], work: Callable[[Job], str], workers: int
) -> Generator[str, None, None]:
    """Jobs in processes of their own, each a pool of one: what kills it leaves the others alone."""
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


_processes: dict[int, ProcessPoolExecutor] = {}  # kept for the next run: starting takes seconds


def _submit(lane: int, work: Callable[[Job], str], job: Job) -> Future[str]:
    """To a spawned process: the threads of this one would not survive a fork."""
    for _ in range(2):
        if lane not in _processes:
            spawn = get_context("spawn")
            _processes[lane] = ProcessPoolExecutor(1, spawn, initializer=one_thread)
        try:
            return _processes[lane].submit(work, job)
        except BrokenProcessPool:  # it died while it waited
            _processes.pop(lane).shutdown(wait=False)
    raise MusicRFMError(f"no process can be started for job {job.id!r}: free some memory")


def close() -> None:
    """Ends the worker processes that are kept for the next run; without it they end with this."""
    while _processes:
        _processes.popitem()[1].shutdown(cancel_futures=True)


def _on_ray(
    jobs: Sequence[Job], work: Callable[[Job], str], workers: int, gpus: float
) -> Generator[str, None, None]:
    """Jobs as tasks of one CPU each. Repeating lost ones is done here, not left to Ray, so that a
    job that is repeated looks for its result first."""
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
    """The module ray, connected to a cluster that runs already."""
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
