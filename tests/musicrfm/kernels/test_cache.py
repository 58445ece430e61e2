"""Damaged files of compiled code, and a disk that is full."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from musicrfm.kernels import cache
from musicrfm.kernels.cache import forgive

pytestmark = pytest.mark.needs("numba")

PROGRAM = """
from numba import njit

@njit(cache=True)
def double(x):
    return 2 * x
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Calls a compiled function as a new process would, with the cache of an earlier one."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    monkeypatch.setattr(cache, "_said", set())
    forgive()

    def run():
        spec = importlib.util.spec_from_file_location("program", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.double(21) == 42
        return module.double.stats

    run()
    return run


def files(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"__pycache__/program.*.{kind}"))


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "spoil", [lambda data: b"", lambda data: data[:-9], lambda data: b"\0" * 90]
)
def test_damaged_cache_files_are_recompiled_with_one_warning(
    program, tmp_path, caplog, kind, spoil
):
    assert sum(program().cache_hits.values()) == 1  # the cache works when intact
    (path,) = files(tmp_path, kind)
    path.write_bytes(spoil(path.read_bytes()))
    caplog.clear()
    assert not sum(program().cache_hits.values())
    (record,) = caplog.records
    assert "is damaged and is compiled again" in record.getMessage()
    assert sum(program().cache_hits.values()) == 1
    assert len(caplog.records) == 1


def test_full_disk_only_prevents_caching(program, tmp_path, caplog, monkeypatch):
    from numba.core.caching import IndexDataCacheFile

    for path in files(tmp_path, "nbi"):
        path.unlink()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "save", full)
    program()
    (record,) = caplog.records
    assert "No space left on device" in record.getMessage()
