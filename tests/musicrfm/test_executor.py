"""Jobs run locally or on Ray, survive lost workers, and never run again once finished."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from musicrfm import executor
from musicrfm.errors import MusicRFMError
from musicrfm.executor import Job
from tests import jobs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def workers_end():
    yield
    while executor._processes:
        executor._processes.popitem()[1].shutdown(cancel_futures=True)


def numbered(count: int) -> list[Job]:
    return [Job(f"job-{n}", (n,)) for n in range(count)]


def run(fit, folder: Path, seconds: float = 0.0, count: int = 5, **options) -> Counter[int]:
    """Runs jobs 0 to count - 1 and returns how often each was finished."""
    log = folder / "log"
    executor.run(numbered(count), partial(fit, log, seconds), folder / "store", **options)
    for n in range(count):
        assert executor.result(folder / "store", f"job-{n}")["square"] == n**2
    return Counter(number for number, _ in jobs.lines(log, "end"))


def test_results_are_stored_by_name_and_progress_is_reported(tmp_path):
    seen = []
    assert run(jobs.square, tmp_path, progress=seen.append) == dict.fromkeys(range(5), 1)
    assert seen == [1, 2, 3, 4, 5]
    names = sorted(path.name for path in (tmp_path / "store").iterdir())
    assert names == [f"job-{n}.npz" for n in range(5)]


def test_finished_jobs_are_not_repeated(tmp_path):
    run(jobs.square, tmp_path, count=2)
    seen = []
    assert run(jobs.square, tmp_path, count=4, progress=seen.append) == dict.fromkeys(range(4), 1)
    assert seen == [3, 4]
    (tmp_path / "store" / "job-1.npz").write_bytes(b"half of it")
    assert run(jobs.square, tmp_path, count=4) == {0: 1, 1: 2, 2: 1, 3: 1}


def test_interrupted_run_keeps_finished_jobs(tmp_path):
    def stop(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(jobs.square, tmp_path, progress=stop)
    assert run(jobs.square, tmp_path) == dict.fromkeys(range(5), 1)


def test_jobs_run_in_several_processes_with_one_thread_each(tmp_path):
    assert run(jobs.square, tmp_path, 0.3, workers=2) == dict.fromkeys(range(5), 1)
    workers = {process for _, process in jobs.lines(tmp_path / "log", "end")}
    assert len(workers) == 2 and os.getpid() not in workers
    assert executor.result(tmp_path / "store", "job-0")["threads"] == "1"
    before = len(jobs.lines(tmp_path / "log", "begin"))
    run(jobs.square, tmp_path, workers=2)
    assert len(jobs.lines(tmp_path / "log", "begin")) == before


def test_dead_process_is_replaced_and_its_job_restarted(tmp_path, capsys):
    finished = run(jobs.die_once, tmp_path, 0.1, workers=2)
    assert (tmp_path / "died").exists() and finished == dict.fromkeys(range(5), 1)
    assert "'job-2' lost its worker and is restarted" in capsys.readouterr().err


def test_a_job_that_kills_every_worker_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "RETRIES", 0)
    with pytest.raises(MusicRFMError, match="lost its worker 1 times"):
        run(jobs.die, tmp_path, count=2, workers=1)


@pytest.mark.parametrize("workers", [0, 2])
def test_error_of_a_job_is_reported(tmp_path, workers):
    with pytest.raises(MusicRFMError, match="number 1 cannot be done"):
        run(jobs.refuse, tmp_path, workers=workers)


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(MusicRFMError, match="executor 'slurm' is not one of local, ray"):
        run(jobs.square, tmp_path, executor="slurm")
    with pytest.raises(MusicRFMError, match="1 job ids occur more than once; the first is 'a'"):
        executor.run([Job("a"), Job("a")], jobs.square, tmp_path)
    with pytest.raises(MusicRFMError, match="no result of job 'b'"):
        executor.result(tmp_path, "b")


def test_missing_ray_names_the_package_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MusicRFMError, match=r"musicrfm-bridge\[ray\]"):
        run(jobs.square, tmp_path, executor="ray")


@pytest.fixture(scope="module")
def cluster():
    """A Ray cluster of two workers on this machine."""
    import ray

    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=80 * 2**20,
        log_to_driver=False,
        logging_level="error",
        runtime_env={"env_vars": {"PYTHONPATH": paths}},
    )
    yield
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.needs("ray", "posix")
@pytest.mark.usefixtures("cluster")
class TestRay:
    def test_worker_killed_during_a_run_loses_no_job(self, tmp_path, capsys):
        log, killed = tmp_path / "log", []

        def kill() -> None:
            """Kills a worker just after it begins a job, once two jobs are done."""
            seen = 0
            while not killed:
                time.sleep(0.02)
                begun = jobs.lines(log, "begin") if log.exists() else []
                both = len({process for _, process in begun}) == 2
                if both and len(begun) > max(seen, 2) and len(jobs.lines(log, "end")) >= 2:
                    os.kill(begun[-1][1], signal.SIGKILL)
                    killed.append(begun[-1])
                seen = len(begun)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        finished = run(jobs.square, tmp_path, 0.8, count=8, executor="ray")
        killer.join(5)
        (number, process) = killed[0]
        assert (number, process) not in jobs.lines(log, "end")
        assert f"'job-{number}' lost its worker and is restarted" in capsys.readouterr().err
        assert finished == dict.fromkeys(range(8), 1), "each was finished, and none twice"
        begun = Counter(n for n, _ in jobs.lines(log, "begin"))
        assert begun == dict.fromkeys(range(8), 1) | {number: 2}

    def test_error_of_a_job_is_reported(self, tmp_path):
        with pytest.raises(MusicRFMError, match="number 1 cannot be done"):
            run(jobs.refuse, tmp_path, executor="ray")

    def test_a_job_that_kills_every_worker_is_given_up(self, tmp_path, monkeypatch):
        monkeypatch.setattr(executor, "RETRIES", 0)
        with pytest.raises(MusicRFMError, match="lost its worker 1 times"):
            run(jobs.die, tmp_path, count=1, executor="ray")

    def test_missing_cluster_names_the_start_command(self, tmp_path, monkeypatch):
        import ray

        def unreachable(**_: object) -> None:
            raise ConnectionError("Could not find any running Ray instance")

        monkeypatch.setattr(ray, "is_initialized", lambda: False)
        monkeypatch.setattr(ray, "init", unreachable)
        with pytest.raises(MusicRFMError, match="ray start --head"):
            run(jobs.square, tmp_path, executor="ray")

    def test_fits_on_ray_equal_local_fits(self, tmp_path):
        from musicrfm.data.states import States
        from musicrfm.training import fits, probes

        rng = np.random.default_rng(0)
        labels = rng.integers(0, 2, 120)
        states = rng.normal(size=(120, 2, 8)).astype(np.float32)
        states[:, :, 3] += 3 * labels[:, None]
        kept = States.of(tmp_path / "states", states)
        parts = probes.split(range(120))
        question = probes.Question("binary", labels, parts, parts)
        search = probes.Search(trials=12, iterations=1)
        ray, here = (
            fits.probe(
                kept, tmp_path / kind, question, "rfm", search=search, layers=[0, 1], work=work
            )
            for kind, work in (("ray", fits.Work("ray")), ("here", fits.Work()))
        )
        np.testing.assert_allclose(ray.vectors, here.vectors, atol=1e-4)
        np.testing.assert_allclose(ray.scores, here.scores, atol=1e-6)
        jobs_of_rfm = [*(tmp_path / "ray").glob("rfm-*/*.npz")]
        assert len(jobs_of_rfm) == 2 * 2  # layers, blocks of ten trials
