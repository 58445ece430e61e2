"""Every public name has an example in its docstring, and every example of a docstring runs."""

from __future__ import annotations

import doctest
import functools
import importlib
from pathlib import Path

import pytest

import musicrfm
from musicrfm.model import MusicModel

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = {
    test.name: test
    for package in ("bridge", "musicrfm")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
    for test in doctest.DocTestFinder(exclude_empty=True).find(
        importlib.import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
    )
    if test.examples
}


@pytest.fixture(scope="module")
def loaded():
    """Each model of the examples, loaded once: the tests of loading are elsewhere."""
    return functools.cache(MusicModel.load)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_gives_what_it_says(name, loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path / "directions"))
    monkeypatch.setattr(MusicModel, "load", loaded)
    said: list[str] = []
    test = EXAMPLES[name]
    test.globs = {}  # an example imports what it needs
    found = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert found.attempted == len(test.examples) and not found.failed, "".join(said)


@pytest.mark.parametrize("name", musicrfm.__all__)
def test_public_name_has_an_example_and_is_in_the_reference(name):
    thing = getattr(musicrfm, name)
    place = f"{thing.__module__}.{thing.__qualname__}"
    assert EXAMPLES[place].examples
    shown = (ROOT / "docs/api/musicrfm.md").read_text("utf-8").splitlines()
    assert {f"::: {thing.__module__}", f"::: {place}"} & set(shown)
