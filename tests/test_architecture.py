"""docs/architecture.md and CONTRIBUTING.md name files and functions that are there."""

from __future__ import annotations

import importlib
import re
from functools import reduce
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    name: (ROOT / name).read_text("utf-8") for name in ("docs/architecture.md", "CONTRIBUTING.md")
}
STEPS = sorted(
    {step for text in PAGES.values() for step in re.findall(r"`(\S+\.py):([\w.]+)`", text)}
)
FILE = re.compile(
    r"`((?:bridge|musicrfm|max_patches|tests|docs|examples|benchmarks|directions|\.ci)/[\w./-]+)[`:]"
)


@pytest.mark.parametrize(("file", "name"), STEPS, ids=":".join)
def test_a_function_is_where_the_page_says(file: str, name: str) -> None:
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert (ROOT / file).is_file()
    assert reduce(getattr, name.split("."), importlib.import_module(module)) is not None


@pytest.mark.parametrize("page", PAGES)
def test_the_files_it_names_are_there(page: str) -> None:
    named = FILE.findall(PAGES[page])
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("package", ["musicrfm", "bridge"])
def test_every_folder_has_its_line(package: str) -> None:
    text = PAGES["docs/architecture.md"].split(f"\n`{package}/`\n")[1]
    listed = re.match(r"(?:\n(?:- .*\n)+)", text)
    assert listed is not None
    there = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert set(re.findall(r"^- `(\w+)`: \w", listed[0], re.MULTILINE)) == there


@pytest.mark.parametrize(
    ("file", "start", "end"),
    [
        ("docs/architecture.md", "Controls.set", "serve"),
        ("docs/architecture.md", "train_set", "namespace"),
    ],
)
def test_both_ways_are_whole(file: str, start: str, end: str) -> None:
    names = [name for _, name in re.findall(r"`(\S+\.py):([\w.]+)`", PAGES[file])]
    assert names.index(start) < names.index(end)
