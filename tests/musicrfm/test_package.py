"""The package's public names, version, type marker and light import."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import musicrfm


def test_completion_shows_the_public_names():
    assert {"Direction", "MusicModel", "MusicStream", "Steering"} <= set(dir(musicrfm))
    assert set(musicrfm.__all__) <= set(dir(musicrfm))


def test_every_public_name_exists():
    for name in musicrfm.__all__:
        assert callable(getattr(musicrfm, name)), name


def test_version_is_valid_and_type_marker_exists():
    assert re.fullmatch(r"\d+\.\d+\.\d+", musicrfm.__version__)
    assert (Path(musicrfm.__file__).parent / "py.typed").is_file()


def test_importing_the_package_loads_no_heavy_packages():
    code = "import sys, musicrfm; print(*{'torch', 'transformers', 'numpy'} & {*sys.modules})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
