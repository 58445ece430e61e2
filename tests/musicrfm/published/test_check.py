"""The check that runs the published examples unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from musicrfm.published import pointed
from musicrfm.published.check import differences, main

LARGE = """
import datasets, torch
from transformers import AutoProcessor, EncodecModel, MusicgenForConditionalGeneration
from musicrfm import MusicGenController

model = MusicgenForConditionalGeneration.from_pretrained("facebook/musicgen-large")
assert model.config.decoder.num_hidden_layers == 6
assert EncodecModel.from_pretrained("facebook/encodec_32khz").config.sampling_rate == 32000
clips = datasets.load_dataset("meganwei/syntheory", "notes")["train"].shuffle(seed=1)
first = clips.select(range(2))[0]
assert first["audio"]["sampling_rate"] == 32000 and first["root_note_name"]
tokens = AutoProcessor.from_pretrained("facebook/musicgen-large")(["piano"], return_tensors="pt")
made = model.generate(**tokens, max_new_tokens=1500)
assert made.shape[-1] <= 40 * 640
open("made.txt", "w").write("sound")
"""


def copy_of_the_repository(folder: Path, **scripts: str) -> Path:
    for name in ("examples", "notebooks", "musicrfm"):
        (folder / name).mkdir(parents=True)
    for name, text in scripts.items():
        (folder / "examples" / f"{name}.py").write_text(text)
    return folder


def test_folder_without_examples_is_refused(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "contains none of the published examples" in capsys.readouterr().err


def test_missing_methods_and_arguments_are_reported(tmp_path):
    copy = copy_of_the_repository(tmp_path / "copy")
    (copy / "musicrfm" / "control.py").write_text(
        "class MusicGenController:\n"
        "    def generate(self, prompts, layers_to_control, loudness): ...\n"
        "    def detect(self, text): ...\n"
        "    def dance(self): ...\n"
        "    def _private(self): ...\n"
        "class Unrelated:\n"
        "    def sing(self): ...\n"
    )
    assert differences(copy) == [
        "MusicGenController.generate does not take loudness",
        "MusicGenController.detect does not take text",
        "MusicGenController has no dance",
    ]


def test_rendered_clips_have_the_interface_of_a_data_set(monkeypatch):
    monkeypatch.setenv("MUSICRFM_PUBLISHED_QUICK", "1")
    clips = pointed.load_dataset("meganwei/syntheory", "notes")["train"]
    names = clips["root_note_name"]
    assert len(clips) == len(names) == 12 * pointed.PER_CLASS
    assert {names.count(name) for name in set(names)} == {pointed.PER_CLASS}
    mixed = clips.shuffle(seed=3)
    assert mixed["root_note_name"] == clips.shuffle(seed=3)["root_note_name"] != names
    few = mixed.select([5, 0])
    assert [row["root_note_name"] for row in few] == [mixed["root_note_name"][n] for n in (5, 0)]
    assert few[0]["audio"]["array"].shape == (4 * few[0]["audio"]["sampling_rate"],)


@pytest.mark.slow
def test_scripts_run_on_nano_and_failures_are_reported(tmp_path, capsys):
    copy = copy_of_the_repository(
        tmp_path / "copy",
        **{"01_train_note_direction": LARGE},
        **{"02_generate_controlled": "print('Concept not found: note_C')"},
        **{"03_temporal_control": "raise ValueError('no such thing')"},
    )
    cells = [
        {"cell_type": "markdown", "source": ["# A title"]},
        {"cell_type": "code", "source": ["from IPython.display import Audio\n", "x = 3"]},
        {"cell_type": "code", "source": ["display(Audio('a.wav'))\n", "assert x == 3"]},
    ]
    notebook = copy / "notebooks" / "train_and_gen_cnote.ipynb"
    notebook.write_text(json.dumps({"cells": cells}))
    assert main([str(copy), "--quick", "--work", str(tmp_path / "work")]) == 1
    lines = [
        line for line in capsys.readouterr().out.splitlines() if ".py" in line or ".ipynb" in line
    ]
    assert [line.split()[0] for line in lines] == ["ran", "ran", "FAILED", "FAILED"]
    assert "1 files" in lines[1] and (tmp_path / "work" / "made.txt").exists()
    assert "Concept not found: note_C" in lines[2]
    assert "ValueError: no such thing" in lines[3]
