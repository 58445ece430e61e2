"""The direction in which modules import each other, lazy and typing-only imports included."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("bridge", "musicrfm")
    for path in (ROOT / package).rglob("*.py")
}


def imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else str(node.module)


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """The strongly connected components of more than one node."""
    reached = {node: set(after) for node, after in graph.items()}
    changed = True
    while changed:
        changed = False
        for node, after in reached.items():
            more = after.union(*(reached.get(one, set()) for one in after))
            changed |= more != after
            reached[node] = more
    found = {frozenset(b for b in reached[a] if a in reached.get(b, ())) for a in reached}
    return sorted((set(circle) for circle in found if len(circle) > 1), key=min)


def folder(module: str) -> str:
    """The first two parts of a module's name, such as `bridge.midi`."""
    return ".".join(module.split(".")[:2])


GRAPH = {name: {one for one in imported(name) if one in MODULES} - {name} for name in MODULES}


def test_modules_have_no_circular_imports() -> None:
    assert circles(GRAPH) == []


def test_folders_import_each_other_in_one_direction() -> None:
    folders: dict[str, set[str]] = {}
    for module, others in GRAPH.items():
        mine = folder(module)
        folders.setdefault(mine, set()).update({folder(other) for other in others} - {mine})
    assert circles(folders) == []


def test_musicrfm_does_not_import_the_bridge() -> None:
    back = {
        name
        for name in GRAPH
        if name.startswith("musicrfm") and any(one.startswith("bridge") for one in GRAPH[name])
    }
    assert back == set()


def test_circular_import_is_detected() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]


@pytest.mark.parametrize(
    "package",
    ["musicrfm", "musicrfm.steering", "musicrfm.listening"]
    + ["bridge.controls", "bridge.osc", "bridge.midi"],
)
def test_package_exports_its_public_names(package: str) -> None:
    module = import_module(package)
    assert module.__all__ and set(module.__all__) <= set(dir(module))
    assert all(getattr(module, name).__name__ == name for name in module.__all__)
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute 'nothing'"):
        module.nothing  # noqa: B018
