"""docs/architecture.md and CONTRIBUTING.md match the code; functions and folders stay small."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from functools import reduce
from pathlib import Path

import pytest

from musicrfm.runtime.defaults import DEFAULT_PROMPT

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
def test_function_named_in_a_page_exists(file: str, name: str) -> None:
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert (ROOT / file).is_file()
    assert reduce(getattr, name.split("."), importlib.import_module(module)) is not None


@pytest.mark.parametrize("page", PAGES)
def test_files_named_in_a_page_exist(page: str) -> None:
    named = FILE.findall(PAGES[page])
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("package", ["musicrfm", "bridge"])
def test_every_folder_is_described_in_the_architecture_page(package: str) -> None:
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
def test_both_call_paths_are_complete_and_in_order(file: str, start: str, end: str) -> None:
    names = [name for _, name in re.findall(r"`(\S+\.py):([\w.]+)`", PAGES[file])]
    assert names.index(start) < names.index(end)


MOST_LINES = 60  # of a function, without its signature and its docstring
MOST_CLASS_LINES = 350
MOST_MODULES = 15  # in one folder
# Parsers and tables, with one option or parameter per line.
LISTS = {
    ("bridge/cli.py", "_parser"),
    ("bridge/controls/parameters.py", "of_direction"),
    ("musicrfm/commands/generate.py", "add"),
    ("musicrfm/commands/train.py", "add"),
    ("musicrfm/commands/training.py", "training_arguments"),
}
MODULES = [path for package in ("bridge", "musicrfm") for path in (ROOT / package).rglob("*.py")]


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_short() -> None:
    long = {
        (path.relative_to(ROOT).as_posix(), node.name)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and lines(node) > MOST_LINES
    }
    assert long <= LISTS


def test_classes_are_short() -> None:
    long = [
        (path.relative_to(ROOT).as_posix(), node.name)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_CLASS_LINES
    ]
    assert long == []


def test_folders_hold_few_modules() -> None:
    modules = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert [folder for folder, count in modules.items() if count > MOST_MODULES] == []


def test_function_length_counts_only_the_body() -> None:
    tree = ast.parse('def f(\n    a,\n):\n    """Two\n    lines."""\n    b = a\n    return b\n')
    assert isinstance(tree.body[0], ast.FunctionDef) and lines(tree.body[0]) == 2


def test_the_default_prompt_is_written_down_once() -> None:
    homes = [path.name for path in MODULES if DEFAULT_PROMPT in path.read_text("utf-8")]
    assert homes == ["defaults.py"]
