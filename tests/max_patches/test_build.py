"""All clients: the committed files are up to date and use the same controls."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from bridge.controls.controls import namespace
from max_patches.build import HERE, PICTURES, build, main, pictures
from max_patches.panel import SHIPPED, panel
from musicrfm.theory import PITCH_CLASSES

MADE = build()


@pytest.mark.parametrize("name", MADE)
def test_committed_clients_match_the_build(name: str) -> None:
    made, committed = MADE[name], (HERE / name).read_bytes()
    if name.endswith(".tosc"):  # another zlib may pack the same text otherwise
        made, committed = zlib.decompress(made), zlib.decompress(committed)
    assert made == committed, "run python max_patches/build.py"


def test_the_pictures_show_the_committed_clients() -> None:
    for name, made in pictures().items():
        assert made == (PICTURES / name).read_bytes(), "run python max_patches/build.py"


def test_the_build_runs_as_a_file(tmp_path: Path) -> None:
    run = [sys.executable, str(HERE / "build.py"), str(tmp_path / "new")]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {file.name for file in (tmp_path / "new").iterdir()} == {*MADE, *pictures()}


def test_asking_the_build_for_help_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0 and "folder" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_panel_has_twelve_notes_tempo_and_sound_controls() -> None:
    shown = panel()
    assert " ".join(knob.label for knob in shown.notes) == "C C# D D# E F F# G G# A A# B"
    assert {"/steer/tempo", "/gain", "/guidance", "/temperature"} <= set(shown.addresses)
    assert set(shown.addresses) <= {parameter.address for parameter in namespace(SHIPPED)}


def test_shipped_directions_match_the_files_of_nano() -> None:
    files = (Path(HERE.parent) / "directions" / "nano").glob("*.safetensors")
    # The free dials serve the key directions.
    assert {file.stem for file in files if not file.stem.startswith("key_")} == set(SHIPPED)
    assert len(PITCH_CLASSES) == 12
