"""The GPU benchmark rehearsed on a CPU: it resumes, keeps its time limit, names disagreements."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import parity
from benchmarks.gpu.stages import STAGES, Bench, Stage


def stages(done: list[str], wrong: str = "") -> tuple[Stage, ...]:
    def of(name: str) -> Stage:
        def run(bench: Bench, deadline: float) -> dict:
            done.append(name)
            if wrong == "raises" and name == "second":
                raise RuntimeError("CUDA error: out of memory\nmore of it")
            return {"disagrees": ["they differ"] if wrong == "differs" else []}

        return Stage(name, run, 20)

    return tuple(map(of, ("first", "second", "third")))


@pytest.fixture
def bench() -> Bench:
    return Bench(torch.device("cpu"), quick=True)


def read(folder: Path) -> dict:
    return json.loads((folder / "gpu.json").read_text())


def test_agreeing_stages_run_once(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    done: list[str] = []
    monkeypatch.setattr(command, "STAGES", stages(done))
    assert command.run(bench, tmp_path, time.monotonic() + 100) == 0
    assert done == ["first", "second", "third"]
    assert "all agreed" in capsys.readouterr().out
    assert command.run(bench, tmp_path, time.monotonic() + 100) == 0
    assert len(done) == 3  # nothing is done twice
    assert "| first | agrees |" in (tmp_path / "README.md").read_text()


def test_failing_stage_stops_no_other_and_is_retried(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    done: list[str] = []
    monkeypatch.setattr(command, "STAGES", stages(done, "raises"))
    assert command.run(bench, tmp_path, time.monotonic() + 100) == 1
    assert done == ["first", "second", "third"]
    said = read(tmp_path)["stages"]["second"]["disagrees"]
    assert said == ["it raised RuntimeError: CUDA error: out of memory"]
    assert "DISAGREED: second" in capsys.readouterr().out
    monkeypatch.setattr(command, "STAGES", stages(done))
    assert command.run(bench, tmp_path, time.monotonic() + 100) == 0
    assert done[3:] == ["second"]


def test_stages_without_time_left_run_in_the_next_call(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    done: list[str] = []
    monkeypatch.setattr(command, "STAGES", stages(done))
    assert command.run(bench, tmp_path, time.monotonic()) == 0
    assert not done and "not run: first, second, third" in capsys.readouterr().out
    assert command.run(bench, tmp_path, time.monotonic() + 100) == 0
    assert len(done) == 3
    assert "left_out" not in read(tmp_path)["stages"]["first"]


def test_changed_device_or_mode_repeats_all_stages(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(command, "STAGES", stages(done))
    assert command.run(bench, tmp_path, time.monotonic() + 100) == 0
    assert command.run(Bench(bench.device), tmp_path, time.monotonic() + 100) == 0
    assert len(done) == 6


def test_missing_gpu_suggests_the_cpu_rehearsal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command.main(["--out", str(tmp_path / "gpu")]) == 2
    assert "--device cpu --quick rehearses without a GPU" in capsys.readouterr().err


def test_training_stage_is_off_by_default(bench: Bench) -> None:
    wanted = [stage.name for stage in STAGES if stage.wanted(bench)]
    assert "training" not in wanted and "endless" in wanted and len(wanted) == 10
    assert sum(stage.seconds for stage in STAGES if stage.wanted(bench)) < command.LIMIT


def test_decoder_steps_match_transformers() -> None:
    found = parity.compare(torch.device("cpu"), quick=True)
    assert found["disagrees"] == []
    nats = {row["dtype"]: row["nats"] for row in found["rows"]}
    assert abs(nats["float32"]) < 1e-6 and set(nats) == {"float32", "bfloat16", "float16"}


@pytest.mark.slow
@pytest.mark.needs("numba")
def test_all_stages_pass_in_the_cpu_rehearsal(tmp_path: Path) -> None:
    assert command.main(["--device", "cpu", "--quick", "--out", str(tmp_path)]) == 0
    told = read(tmp_path)
    assert all(stage["ok"] for stage in told["stages"].values())
    assert len(told["stages"]) == 10
