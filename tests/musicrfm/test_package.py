"""What the package shows: names for completion, a version, its types."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import musicrfm


def test_completion_shows_the_public_names():
    assert {"Direction", "MusicModel", "MusicStream", "Steering"} <= set(dir(musicrfm))
    assert set(musicrfm.__all__) <= set(dir(musicrfm))


def test_every_public_name_is_there():
    for name in musicrfm.__all__:
        assert callable(getattr(musicrfm, name)), name


def test_the_version_is_one_and_types_are_told():
    assert re.fullmatch(r"\d+\.\d+\.\d+", musicrfm.__version__)
    assert (Path(musicrfm.__file__).parent / "py.typed").is_file()


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, musicrfm; print(*{'torch', 'transformers', 'numpy'} & {*sys.modules})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
