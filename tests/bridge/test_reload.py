"""Creating and checking a rig file by command, and reloading it while a set plays."""

from __future__ import annotations

import re
from pathlib import Path

import mido
import pytest

from bridge.cli import main
from bridge.controls.controls import Controls, namespace
from bridge.controls.presets import Presets
from bridge.midi.controllers import MidiInput
from bridge.reload import Reloader
from bridge.rig import Rig, load_rig
from bridge.rig_effects import effects

BEFORE = """[engine]
prompt = "piano"
gain = -3
[[steer]]
name = "note_C"
coefficient = 0.5
"""


@pytest.fixture
def stage(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text(BEFORE, encoding="utf-8")
    rig = load_rig(path)
    start = {"/prompt": "piano", "/gain": -3.0, "/steer/note_C": 0.5}
    controls = Controls(namespace(["note_C", "note_G"]), start)
    presets = Presets(controls, path, rig.presets)
    return path, controls, presets, Reloader(rig, controls, presets)


def test_reload_applies_only_changed_entries(stage) -> None:
    path, controls, presets, reloader = stage
    assert not reloader.look()
    controls.set("/gain", -20.0)  # by hand
    text = BEFORE.replace('"piano"', '"a long waltz"').replace("note_C", "note_G")
    path.write_text(text + '[presets.a]\n"/gain" = 0\n', encoding="utf-8")
    assert reloader.look()
    assert controls.get("/prompt") == "a long waltz" and controls.get("/gain") == -20.0
    assert controls.get("/steer/note_G") == 0.5 and controls.get("/steer/note_C") == 0.0
    assert presets.names() == ["a"]
    assert not reloader.look()


def test_stored_presets_cause_no_reload(stage, monkeypatch) -> None:
    path, _, presets, reloader = stage
    read = []
    monkeypatch.setattr("bridge.reload.load_rig", lambda path: read.append(path) or load_rig(path))
    presets.store("a")
    presets.store("b")
    assert not reloader.look() and not read
    path.write_text(path.read_text() + '[presets.c]\n"/gain" = 0\n')  # by hand, and then again
    presets.store("d")
    assert reloader.look() and len(read) == 1
    assert set(presets.names()) == {"a", "b", "c", "d"}
    presets.delete("c")
    assert not reloader.look() and len(read) == 1


def test_invalid_file_changes_nothing_and_names_the_line(stage, caplog) -> None:
    path, controls, _, reloader = stage
    before = controls.snapshot()
    path.write_text(BEFORE.replace("-3", '"loud"'), encoding="utf-8")
    assert not reloader.look()
    path.write_text(BEFORE.replace("note_C", "note_H_is_none"), encoding="utf-8")
    assert not reloader.look()
    path.unlink()
    assert not reloader.look()
    assert controls.snapshot() is before
    assert "line 3" in caplog.text and "note_H_is_none" in caplog.text
    path.write_text(BEFORE.replace("0.5", "0.75"), encoding="utf-8")
    assert reloader.look() and controls.get("/steer/note_C") == 0.75


def test_changes_that_need_a_restart_are_reported(stage, caplog) -> None:
    path, _, _, reloader = stage
    path.write_text(BEFORE + "[osc]\nport = 9100\n", encoding="utf-8")
    assert reloader.look()
    assert "changes to osc take effect at the next start" in caplog.text
    fade = '[[crossfade]]\nfrom = "note_C"\nto = "note_D"\nstart = 60\nseconds = 10\n'
    path.write_text(BEFORE + "[osc]\nport = 9100\n" + fade, encoding="utf-8")
    assert reloader.look()
    assert "changes to crossfade take effect at the next start" in caplog.text


def test_storing_a_preset_does_not_reset_later_changes(stage) -> None:
    _, controls, presets, reloader = stage
    controls.set("/gain", -9.0)
    presets.store("a")
    controls.set("/gain", -8.0)
    reloader.look()
    assert controls.get("/gain") == -8.0 and presets.names() == ["a"]


def test_reload_replaces_the_midi_mappings(stage) -> None:
    path, controls, presets, _ = stage
    path.write_text('[[midi]]\ncc = 1\nto = "/gain"\n', encoding="utf-8")
    rig = load_rig(path)
    midi = MidiInput(controls, rig.midi)
    reloader = Reloader(rig, controls, presets, midi)
    path.write_text('[[midi]]\ncc = 1\nto = "/steer/note_C"\n', encoding="utf-8")
    assert reloader.look()
    midi.handle(mido.Message("control_change", control=1, value=127))
    assert controls.get("/steer/note_C") == 1.0 and controls.get("/gain") == -3.0


def test_rig_init_creates_a_valid_rig_and_check_reports_mistakes(tmp_path, capsys) -> None:
    path = str(tmp_path / "mine.toml")
    assert main(["rig", "init", path]) == 0
    assert main(["rig", "check", path]) == 0
    assert "is valid" in capsys.readouterr().out
    assert main(["rig", "init", path]) == 2
    assert "exists already" in capsys.readouterr().err
    (tmp_path / "mine.toml").write_text('[[midi]]\ncc = 1\nto = "/gian"\n', encoding="utf-8")
    assert main(["rig", "check", path]) == 0
    assert "/gian is not among the controls" in capsys.readouterr().out
    (tmp_path / "mine.toml").write_text("[osc]\nport = 70000\n", encoding="utf-8")
    assert main(["rig", "check", path]) == 2
    assert "line 2" in capsys.readouterr().err


def test_check_lists_the_python_functions_and_files_of_a_rig(tmp_path, capsys) -> None:
    path = tmp_path / "strange.toml"
    ran = tmp_path / "ran"
    (tmp_path / "curves.py").write_text(
        f"open({str(ran)!r}, 'w')\ndef swell(step, base): return 0\n"
    )
    path.write_text(
        '[output]\nto = "out.wav"\nrecord = "sets/a.flac"\n'
        '[[steer]]\nname = "tempo"\nschedule = "python:curves:swell"\n'
        '[[steer]]\nname = "note_C"\nschedule = " python:os.path:join"\n'
        '[presets."\\u001b[2J\\nforged"]\n"/\\u001b[2J" = 1\n'
    )
    assert main(["rig", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert (
        f"{path}: runs the Python curves:swell, os.path:join; writes out.wav, sets/a.flac, "
        f"{Path('sets/a.jsonl')} (control changes), itself (presets and learned controls)\n"
    ) in said
    assert "\x1b" not in said and "\nforged" not in said
    assert not ran.exists()  # nothing was run to find out


def test_effects_of_a_rig_without_python_are_stated_and_of_no_rig_empty(tmp_path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text('[output]\nto = "none"\n')
    assert effects(load_rig(path)) == (
        f"{path}: runs no Python; writes itself (presets and learned controls)"
    )
    assert effects(Rig()) == ""


@pytest.mark.parametrize(
    ("allow", "said"),
    [
        ('"stage"', "line 2: .osc. allow: 'stage' is not an address"),
        ('["10.0.0.0/8", "10.0.0.0/99"]', "'10.0.0.0/99' is not an address"),
        ('[""]', "'' is not an address"),
        ("[]", "must be a text in quotes or a list"),
        ("5", "must be a text in quotes or a list"),
    ],
)
def test_check_refuses_invalid_osc_allow_entries(tmp_path, capsys, allow, said) -> None:
    path = tmp_path / "rig.toml"
    path.write_text(f"[osc]\nallow = {allow}\n")
    assert main(["rig", "check", str(path)]) == 2
    assert re.search(said, capsys.readouterr().err)


def test_control_characters_in_a_rig_error_are_escaped(tmp_path, capsys) -> None:
    path = tmp_path / "rig.toml"
    path.write_text('[presets."\\u001b[2J\\u202e"]\n"/gain" = [1]\n')
    assert main(["rig", "check", str(path)]) == 2
    said = capsys.readouterr().err
    assert "\\x1b" in said and "\x1b" not in said and "\u202e" not in said
