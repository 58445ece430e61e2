"""The benchmarks run and report what happened; their speed is not tested here."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from bridge.bench import flat, knob, load, step
from bridge.bench.report import Options, Report, percentiles
from bridge.cli import main
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel


@pytest.fixture
def playable(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tiny model with one direction that changes everything."""
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    model = MusicModel.load(checkpoint, device="cpu")
    vectors = torch.randn(model.layers, 1, model.width, generator=torch.Generator().manual_seed(1))
    note = Direction("note_C", vectors, torch.ones(model.layers), {"model": model.name})
    note.meta["range"] = [0, 50]
    note.save(tmp_path / model.name / "note_C.safetensors")
    return str(checkpoint)


def test_step_benchmark_compares_the_stream_with_generate(playable: str) -> None:
    report = step.run(Options(playable, "cpu", "float32", minutes=0.01))
    assert [row[0] for row in report.rows] == ["generate", "stream", "file"]
    assert report.records[0]["against_generate"] == 1.0
    names = {"what", "dtype", "threads", "realtime", "against_generate", "share_of_floor"}
    for row, record in zip(report.rows, report.records, strict=True):
        assert set(record) == names and record["dtype"] == "float32"
        assert row[-2] <= record["realtime"] <= row[-1] and record["share_of_floor"] > 0
    assert len(report.data["turns"][0]) == step.ROUNDS
    assert "Instructions" in report.words[0] and "GB/s on" in report.words[0]


@pytest.mark.parametrize(
    "dtype",
    ["bfloat16", "int8", pytest.param("int4", marks=pytest.mark.needs("numba"))],
)
def test_step_benchmark_compares_every_precision_with_generate_in_float32(
    dtype: str, playable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "ROUNDS", 1)
    monkeypatch.setattr(step, "bandwidth", lambda device, threads: 1e10)
    place = tmp_path / "step.json"
    words = ["bench", "step", "--model", playable, "--device", "cpu", "--dtype", dtype]
    assert main([*words, "--minutes", "0.005", "--json", str(place)]) == 0
    rows = json.loads(place.read_text())["rows"]
    assert [(r["what"], r["dtype"]) for r in rows] == [
        ("generate", "float32"),
        ("stream", dtype),
        ("file", dtype),
    ]
    for row in rows:
        assert min(row["realtime"], row["against_generate"], row["share_of_floor"]) > 0


@pytest.mark.slow
@pytest.mark.needs("numba")
def test_step_benchmark_plays_a_shape_with_random_weights(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = MusicModel.load(checkpoint, device="cpu")

    def random_model(name: str, dtype: torch.dtype = torch.float32, *rest: object) -> MusicModel:
        return MusicModel(name, tiny.hf, tiny.tokenizer)

    monkeypatch.setattr(step, "random_model", random_model)
    monkeypatch.setattr(step, "SHAPE_MUSIC", 0.1)
    report = step.run(Options(device="cpu", shape="musicgen-small", threads=2))
    rows = [(r["what"], r["dtype"], r["threads"]) for r in report.records]
    assert rows == [
        ("generate", "float32", 2),
        ("stream", "float32", 2),
        ("stream", "int4", 2),
        ("stream", "int4", 1),
        ("stream", "int8", 2),
        ("stream", "int8", 1),
    ]
    assert all(r["realtime"] > 0 for r in report.records)
    told = json.loads(report.json("step", Options()))
    assert told["rows"] == report.records and told["machine"]["instructions"]


def test_step_of_a_shape_is_timed_in_a_shorter_window(model: MusicModel) -> None:
    for window, positions in ((None, model.window), (1.0, 50)):
        stage = step.OnStage(model, window)
        stream = stage._begun()
        assert stream.window == positions
        take = min(round(8 * model.frame_rate), positions // 2)  # of a stream that continues
        assert take < stream.frame <= take + step.SHAPE_WARM + 8
        assert stage._turning > 0


def test_unknown_shape_is_refused() -> None:
    with pytest.raises(
        MusicRFMError, match="shape 'musicgen-tiny' does not exist: choose one of musicgen-small"
    ):
        step.run(Options(shape="musicgen-tiny"))


def test_flat_benchmark_reports_time_and_memory_at_each_mark(playable: str) -> None:
    report = flat.run(Options(playable, "cpu", minutes=0.05))
    assert [row[0] for row in report.rows] == [1 / 60, 0.05]
    assert all(0 < row[1] <= row[2] <= row[3] and row[5] > 10 for row in report.rows)


@pytest.mark.slow
def test_knob_benchmark_times_every_change(playable: str) -> None:
    report = knob.run(Options(playable, "cpu", changes=3, output="none"))
    ((by, sound, moves, count, p50, p95, worst, buffered),) = report.rows
    assert by == "reported by the output" and sound == "exact" and moves == 0 and 1 <= count <= 3
    assert 0 < p50 <= p95 <= worst < 2000 and buffered > 0
    assert len(report.data["delays"]) == count


@pytest.mark.slow
def test_load_benchmark_reports_changes_memory_and_audio(
    playable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(load, "STORM_SECONDS", 0.5)
    monkeypatch.setattr(load, "STORM_BYTES", 2**20)
    report = load.run(Options(playable, "cpu", minutes=0.03, output="none"))
    row = dict(zip(report.columns, report.rows[0], strict=True))
    assert row["minutes"] == 0.03 and row["changes"] > 50 and row["peak MiB"] > 10
    assert report.data["audio_seconds"] == pytest.approx(1.8, abs=0.1)


def test_report_is_given_as_text_and_json(tmp_path: Path) -> None:
    report = Report("A title", ["what", "ms"], [["one", 1.23456]], ["A word."], {"raw": [1.0]})
    assert "| one | 1.23 |" in report.text() and "A word." in report.text()
    told = json.loads(report.json("step", Options()))
    assert told["rows"] == [["one", 1.23456]] and told["machine"]["torch"] == torch.__version__
    assert told["options"]["model"] == "nano"


def test_percentiles_are_median_p95_and_maximum() -> None:
    p50, p95, worst = percentiles(range(101))
    assert (p50, p95, worst) == (50.0, 95.0, 100.0) and not math.isnan(p95)


def test_bench_command_writes_its_report_and_refuses_zero_minutes(
    playable: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "flat.json"
    words = ["bench", "flat", "--model", playable, "--minutes", "0.02", "--json", str(out)]
    assert main(words) == 0
    assert "A frame's cost over time" in capsys.readouterr().out
    assert json.loads(out.read_text())["benchmark"] == "flat"
    assert main(["bench", "flat", "--minutes", "0"]) == 2
    assert "--minutes 0 must be above 0" in capsys.readouterr().err
