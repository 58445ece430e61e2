"""The GPU benchmark rehearsed on a CPU: it resumes, keeps its time limit, names disagreements."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import torch

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import parity
from benchmarks.gpu import stages as stages_
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


def test_tests_stage_runs_only_those_that_need_cuda(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "14 passed in 1 s\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    found = stages_.tests(Bench(bench.device), time.monotonic() + 100)
    assert found["summary"] == "14 passed in 1 s" and found["disagrees"] == []
    monkeypatch.undo()
    (command,) = commands
    root = Path(__file__).parents[2]
    listed = subprocess.run(
        [*command, "--collect-only"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    names = {line.partition("::")[2].partition("[")[0] for line in listed.splitlines()} - {""}
    source = (root / stages_.CUDA_TESTS).read_text()
    needing = re.findall(r"@needs_gpu\n(?:@.*\n)*def (\w+)", source)
    assert needing and names == set(needing)


def test_all_tests_that_need_cuda_are_in_the_file_of_the_tests_stage() -> None:
    root, here = Path(__file__).parents[2], Path(__file__).name
    files = [path for path in (root / "tests").rglob("test_*.py") if path.name != here]
    found = [path for path in files if 'needs("cuda")' in path.read_text("utf-8")]
    assert found == [root / stages_.CUDA_TESTS]


LARGE = {"dtype": "float16", "layers": 48, "graphs": True, "memory_gib": 9.0}


@pytest.mark.parametrize(
    ("found", "states"),
    [
        ({"realtime": 6.0, "share_of_floor": 0.5, "against_generate": 8.0}, ["reached"] * 3),
        (
            {"realtime": 5.9, "share_of_floor": 0.6, "against_generate": 7.9},
            ["missed", "reached", "missed"],
        ),
        ({"realtime": 9, "share_of_floor": 1, "against_generate": 9, "graphs": False}, None),
        ({"realtime": 9, "share_of_floor": 1, "against_generate": 9, "layers": 1}, None),
        ({"left_out": "3 s were left"}, None),
    ],
)
def test_targets_are_reached_missed_or_not_measured(
    found: dict, states: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(bench: Bench, deadline: float) -> dict:
        return {**LARGE, **found} if "realtime" in found else dict(found)

    monkeypatch.setattr(command, "STAGES", (Stage("speed of musicgen-large", run, 20),))
    command.run(Bench(torch.device("cpu")), tmp_path, time.monotonic() + 100)
    targets = read(tmp_path)["targets"]
    assert [row["state"] for row in targets] == (states or ["not measured"] * 3)
    assert [row["least"] for row in targets] == [6.0, 0.5, 8.0]
    page = (tmp_path / "README.md").read_text()
    assert page.count("| not measured |") == (0 if states else 3)
    if states:
        speed = f"{found['realtime']:.2f}"
        assert f"| speed with guidance, × real time | 6.00 | {speed} | {states[0]} |" in page


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
