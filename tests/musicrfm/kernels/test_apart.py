"""Kernels are compiled by another process, so that the first start plays the same as later ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("numba")

CHAIN = """
from musicrfm.kernels import apart, clock
{before}
print(clock.chain(3, 7))
print(sum(clock.chain.stats.cache_hits.values()), sum(clock.chain.stats.cache_misses.values()))
"""
PIECE = """
import hashlib
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
stream = MusicStream(MusicModel.load("nano", device="cpu", dtype="int8"), "flute melody", seed=7000)
for _ in range(100):
    next(stream)
print(hashlib.sha256(stream.codes.numpy().tobytes()).hexdigest())
"""


def run(program: str, folder: Path, **changes: str) -> list[str]:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)} | changes
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=600
    ).stdout.splitlines()


def test_kernel_is_loaded_even_by_the_process_that_is_first(tmp_path):
    first, again = (run(CHAIN.format(before=""), tmp_path) for _ in range(2))
    assert first == again and first[1] == "1 0"


@pytest.mark.parametrize(
    "before", ["apart.sys.executable = '/nonexistent'", "apart.CHILD = 'raise SystemExit(3)'"]
)
def test_kernel_is_compiled_here_if_no_other_process_can(tmp_path, before):
    result, loaded = run(CHAIN.format(before=before), tmp_path)
    assert result == run(CHAIN.format(before=""), tmp_path / "other")[0]
    assert loaded == "0 1"


def test_functions_of_others_are_compiled_here(monkeypatch):
    from musicrfm.kernels import apart

    monkeypatch.setattr(apart.subprocess, "run", None)
    assert not apart.compile_apart(test_functions_of_others_are_compiled_here, ())


@pytest.mark.slow
def test_first_start_plays_the_same_as_later_ones(tmp_path):
    first, again = (run(PIECE, tmp_path) for _ in range(2))
    assert first == again
