"""Packaging and pages: the wheel, the pinned versions, the README and its commands."""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.metadata
import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import musicrfm
import run
from bridge.commands.clients import PROGRAMS
from bridge.controls.controls import Parameter, namespace

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
FIRST = (ROOT / "docs" / "first.md").read_text("utf-8")
DIRECTIONS = (ROOT / "docs" / "directions.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Import name → distribution.
PROVIDED_AS = {
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "pythonosc": "python-osc",
    "pythonoscquery": "python-oscquery",
    "rtmidi": "python-rtmidi",
}
OPTIONAL = tuple(name for name in PROJECT["optional-dependencies"] if name != "test")
OUR_OWN = {"musicrfm", "bridge", "max_patches", "benchmarks", "tests", "run"}


def requirements(*extras: str) -> list[Requirement]:
    """The direct third-party requirements of the project with these extras."""
    texts = list(PROJECT["dependencies"])
    for extra in extras:
        texts += PROJECT["optional-dependencies"][extra]
    found = [Requirement(text) for text in texts]
    theirs = [one for one in found if one.name != PROJECT["name"]]
    own = {extra for one in found if one.name == PROJECT["name"] for extra in one.extras}
    return theirs + (requirements(*own) if own else [])


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in found}


def applies(requirement: Requirement, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(folder.glob("musicrfm_bridge-*.whl"))) as wheel:
        yield wheel


class TestWheel:
    def test_wheel_contains_directions_patches_and_weights(self, wheel: zipfile.ZipFile) -> None:
        names = set(wheel.namelist())
        notes = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")
        for direction in (*(f"note_{note}" for note in notes), "tempo"):
            assert f"musicrfm/shipped/directions/nano/{direction}.safetensors" in names
        for client in PROGRAMS:
            name = f"bridge/data/max_patches/{client}"
            assert wheel.read(name) == (ROOT / "max_patches" / client).read_bytes()
        weights = ROOT / "musicrfm" / "nano" / "weights"
        assert {path.name for path in weights.iterdir()} >= {"config.json", "model.safetensors"}
        for path in weights.iterdir():
            name = f"musicrfm/nano/weights/{path.name}"
            assert name in names and wheel.getinfo(name).file_size == path.stat().st_size

    def test_wheel_contains_every_module_and_nothing_else(self, wheel: zipfile.ZipFile) -> None:
        names = set(wheel.namelist())
        for package in ("musicrfm", "bridge"):
            for path in (ROOT / package).rglob("*.py"):
                assert path.relative_to(ROOT).as_posix() in names
        tops = {name.split("/")[0] for name in names}
        assert tops == {"musicrfm", "bridge", f"musicrfm_bridge-{musicrfm.__version__}.dist-info"}
        assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]

    def test_wheel_contains_both_commands_and_the_licence(self, wheel: zipfile.ZipFile) -> None:
        info = f"musicrfm_bridge-{musicrfm.__version__}.dist-info"
        entries = wheel.read(f"{info}/entry_points.txt").decode()
        assert "musicrfm = musicrfm.cli:main" in entries
        assert "bridge = bridge.__main__:main" in entries
        assert "MIT License" in wheel.read(f"{info}/licenses/LICENSE").decode()


class TestRequirements:
    def test_every_requirement_is_pinned_within_its_range(self) -> None:
        for requirement in requirements("train", "lora", "test"):
            if not applies(requirement) or canonicalize_name(requirement.name) == "tomli":
                continue  # tomli is for a Python that the pins are not for
            pin = pins().get(canonicalize_name(requirement.name))
            assert pin is not None, f"{requirement.name} has no pin"
            (version,) = (spec.version for spec in pin.specifier)
            assert requirement.specifier.contains(version), f"{pin} is not in {requirement}"

    def test_indirect_requirements_are_pinned(self) -> None:
        """Dependencies are followed through the metadata of the packages installed here."""
        if sys.version_info < (3, 11):
            assert not any(applies(pin) for pin in pins().values())
            return
        reached: set[str] = set()
        waiting = requirements("train", "lora", "test")
        while waiting:
            requirement = waiting.pop()
            name = canonicalize_name(requirement.name)
            if name in reached or not applies(requirement):
                continue
            reached.add(name)
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                waiting += map(Requirement, importlib.metadata.requires(name) or [])
        # Each build of PyTorch pins its GPU packages.
        of_cuda = {name for name in reached if name.startswith(("cuda-", "nvidia-"))} | {"triton"}
        assert reached - set(pins()) - of_cuda == set()

    def test_pinned_versions_accept_the_first_release_of_this_python(self) -> None:
        """Debian 12 has Python 3.11.2, which a package for 3.11.5 and later excludes."""
        first = f"{sys.version_info.major}.{sys.version_info.minor}.0"
        for name, pin in pins().items():
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                accepted = importlib.metadata.metadata(name).get("Requires-Python") or ""
                assert not applies(pin) or SpecifierSet(accepted).contains(first), pin

    @pytest.mark.parametrize("forbidden", ["torchaudio", "torchvision"])
    def test_unneeded_heavy_packages_are_not_pinned(self, forbidden: str) -> None:
        assert forbidden not in pins()
        assert not [name for name in pins() if name.startswith("nvidia-")]

    @pytest.mark.parametrize(
        ("folder", "extras"),
        [("musicrfm", OPTIONAL), ("bridge", ("link",)), ("tests", ("train", "lora", "test"))],
        ids=["musicrfm", "bridge", "tests"],
    )
    def test_every_import_is_declared(self, folder: str, extras: tuple[str, ...]) -> None:
        declared = {canonicalize_name(one.name) for one in requirements(*extras)}
        # The second is there wherever it is imported: in a notebook.
        known = OUR_OWN | set(sys.stdlib_module_names) | {"tomllib", "IPython"}
        for path in (ROOT / folder).rglob("*.py"):
            for name in imported(path) - known:
                distribution = canonicalize_name(PROVIDED_AS.get(name, name))
                assert distribution in declared, f"{path.relative_to(ROOT)} imports {name}"

    def test_playing_needs_no_extra(self) -> None:
        """Every package that loads when the bridge is imported is a core requirement."""
        core = {canonicalize_name(one.name) for one in requirements()}
        seen: set[Path] = set()
        waiting = [*(ROOT / "bridge").rglob("*.py")]
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            tree = ast.parse(path.read_text("utf-8"))
            for node in tree.body:
                for name in names_in(node):
                    waiting += loaded_with(name)
                    top = name.split(".")[0]
                    if top in OUR_OWN or top in sys.stdlib_module_names:
                        continue
                    assert canonicalize_name(PROVIDED_AS.get(top, top)) in core, (path, name)
                if isinstance(node, ast.ImportFrom):
                    for alias in node.names:
                        waiting += loaded_with(f"{node.module}.{alias.name}")
        assert ROOT / "musicrfm" / "stream.py" in seen


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {name.split(".")[0] for node in nodes for name in names_in(node)}


def loaded_with(name: str) -> list[Path]:
    """The project's files that run when a dotted name is imported: the module and its packages."""
    parts = name.split(".")
    packages = [ROOT.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)]
    return [
        path for path in (*packages, ROOT.joinpath(*parts).with_suffix(".py")) if path.is_file()
    ]


def names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []


def commands_in(text: str) -> list[list[str]]:
    """Every command line in a page's plain code blocks, `python3 run.py` left off."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = [line for kind, block in blocks if not kind for line in block.splitlines()]
    return [shlex.split(line.removeprefix("python3 run.py ")) for line in lines]


# Addresses that the OSC server handles besides the controls.
SERVER_ADDRESSES = {"/ping", "/get", "/list", "/reply_port", "/subscribe", "/unsubscribe"}


class TestReadme:
    """The README and the two pages that a reader opens next."""

    @pytest.mark.parametrize("words", commands_in(README + FIRST + DIRECTIONS), ids=" ".join)
    def test_command_in_a_page_is_accepted_by_the_parser(
        self, words: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command, *arguments = words
        assert command in {"bridge", "musicrfm", "oscsend", "pytest"}
        if command in ("bridge", "musicrfm"):
            assert parsed(command, arguments, monkeypatch)
        elif command == "oscsend":
            _, _, address, kinds, *values = arguments
            parameter = next(p for p in namespace(["note_C"]) if p.address == address)
            assert kinds == parameter.type and len(values) == 1

    def test_readme_begins_with_playing_and_testing(self) -> None:
        commands = [words[0] for words in commands_in(README)[:2]]
        assert commands == ["bridge", "pytest"]
        assert set(commands) <= set(run.EXTRAS)

    def test_continuous_integration_runs_the_test_command_of_the_readme(self) -> None:
        assert "python3 run.py pytest" in README
        assert "python3 run.py pytest" in (ROOT / ".ci" / "run").read_text("utf-8")

    def test_table_of_controls_matches_the_code(self) -> None:
        """docs/controls.md lists all controls; docs/first.md shows some, with the same rows."""
        known = {parameter.address: table_row(parameter) for parameter in namespace(["NAME"])}
        rows = re.findall(r"^\| `(/[^` ]*).*$", FIRST, re.MULTILINE)
        lines = re.findall(r"^\| `/.*$", FIRST, re.MULTILINE)
        shown = dict(zip(rows, lines, strict=True))
        assert {"/prompt", "/gain", "/steer/NAME"} <= shown.keys()
        for address, line in shown.items():
            if address not in SERVER_ADDRESSES:
                assert line == known[address]

    def test_readme_names_the_licence_of_metas_weights(self) -> None:
        assert "CC-BY-NC 4.0" in README


PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *(ROOT / folder / "README.md" for folder in ("benchmarks", "directions", "examples")),
]


SCRIPTS = sorted((ROOT / ".ci").iterdir())


@pytest.mark.parametrize(
    "file", [*PAGES, *SCRIPTS], ids=lambda file: file.relative_to(ROOT).as_posix()
)
class TestCommands:
    """Commands and modules that pages and scripts start exist."""

    def test_run_py_knows_the_command(self, file: Path) -> None:
        named = set(re.findall(r"python3? run\.py ([\w-]+)", file.read_text("utf-8")))
        assert named <= set(run.EXTRAS)

    def test_module_started_by_a_page_exists(self, file: Path) -> None:
        for name in re.findall(r"python3? -m ([\w.]+)", file.read_text("utf-8")):
            if name.split(".")[0] in OUR_OWN:
                place = ROOT.joinpath(*name.split("."))
                program = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
                assert program.is_file(), name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_test_files_named_by_ci_exist(script: Path) -> None:
    for line in re.findall(r"\btests/[\w./{},]+", script.read_text("utf-8")):
        for name in braces(line):
            assert (ROOT / name).exists(), name


def braces(text: str) -> list[str]:
    """The words that a shell makes of `a/{b,c}`."""
    match = re.search(r"\{([^{}]*)\}", text)
    if match is None:
        return [text]
    parts = match[1].split(",")
    return [
        one for part in parts for one in braces(text[: match.start()] + part + text[match.end() :])
    ]


def test_braces_are_expanded_as_in_a_shell() -> None:
    assert braces("tests/{a,b}/c_{d,e}.py") == [
        *("tests/a/c_d.py", "tests/a/c_e.py", "tests/b/c_d.py", "tests/b/c_e.py")
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
class TestPages:
    def test_links_of_a_page_have_targets(self, page: Path) -> None:
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
            name, _, part = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), link
            if part:
                assert part in anchors(target), link

    def test_files_named_in_a_page_exist(self, page: Path) -> None:
        named = re.findall(r"`((?:[\w.-]+/)+(?:[\w-]+\.\w+)?)`", page.read_text("utf-8"))
        code = {"musicrfm", "bridge", "tests", "max_patches", "benchmarks"}
        for name in named:
            if name.split("/")[0] in code:
                assert (ROOT / name).exists(), name


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def parsed(command: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the parser of the command accepts the arguments; the command does not run."""

    class Parsed(Exception):
        pass

    original = argparse.ArgumentParser.parse_args

    def parse_only(self: argparse.ArgumentParser, *args: object, **kwargs: object) -> None:
        original(self, *args, **kwargs)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    monkeypatch.setattr(sys, "argv", [command, *arguments])
    main = importlib.import_module(f"{command}.cli").main
    with pytest.raises(Parsed):
        main()
    return True


def table_row(parameter: Parameter) -> str:
    """A control as a row of the table in docs/first.md."""
    kinds = {"f": "number", "i": "whole number", "s": "text", "trigger": "none"}
    kinds |= {"ssf": "two texts, number", "sf": "text, number"}
    spread = "" if parameter.low is None else f"{parameter.low:g} … {parameter.high:g}"
    default = "" if parameter.type == "trigger" or parameter.default == "" else parameter.default
    shown = f"{default:g}" if isinstance(default, (int, float)) else default
    unit = f" {parameter.unit}" if parameter.unit and spread else ""
    cells = (f"`{parameter.address}`", kinds[parameter.type], spread + unit, shown, parameter.help)
    return "| " + " | ".join(cells) + " |"


class TestLauncher:
    """`run.py`, with stand-ins for pip and venv: which extras it installs, and when."""

    @pytest.fixture
    def calls(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The targets that pip was asked to install."""
        calls: list[str] = []

        def pip(*arguments: str) -> None:
            assert arguments[-2] == "-e"
            calls.append(arguments[-1].removeprefix(str(ROOT)))

        def create(folder: Path, **_: object) -> None:
            run.programs().mkdir(parents=True)

        monkeypatch.setattr(run, "HOME", tmp_path / ".venv")
        monkeypatch.setattr(run, "pip_install", pip)
        monkeypatch.setattr(run.venv, "create", create)
        return calls

    def test_only_missing_extras_are_installed_and_only_once(self, calls: list[str]) -> None:
        for extra in ("", "", "train", "", "train", "test", "train", ""):
            run.install(extra)
        assert calls == ["", "[train]", "[test,train]"]

    def test_changed_requirements_are_installed_again(self, calls: list[str]) -> None:
        run.install("test")
        stamp = run.HOME / "installed.txt"
        stamp.write_text(stamp.read_text().replace(stamp.read_text()[:8], "outdated", 1))
        run.install("")
        run.install("")
        assert calls == ["[test]", "[test]"]

    def test_incomplete_environment_is_removed(
        self, calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
    ) -> None:
        def fail(folder: Path, **_: object) -> None:
            run.programs().mkdir(parents=True)
            raise subprocess.CalledProcessError(1, ["python", "-m", "ensurepip"])

        monkeypatch.setattr(run.venv, "create", fail)
        assert run.main(["bridge", "devices"]) == 2
        assert not run.HOME.exists() and calls == []
        assert "python3-venv" in capsys.readouterr().err

    def test_default_pytest_run_uses_several_processors(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
        spread = ["pytest", "-n", "2", "--dist", "loadfile"]
        assert run.spread(["pytest"]) == spread
        assert run.spread(["pytest", "--durations=5"]) == [*spread, "--durations=5"]
        for chosen in (["--slow"], ["tests/live"], ["-k", "midi"], ["-n0"], ["-p", "no:xdist"]):
            assert run.spread(["pytest", *chosen]) == ["pytest", *chosen]
        monkeypatch.setattr(os, "cpu_count", lambda: 1)
        assert run.spread(["pytest"]) == ["pytest"]

    def test_unknown_command_lists_the_known_ones(
        self, calls: list[str], capsys: pytest.CaptureFixture
    ) -> None:
        assert run.main(["dance"]) == 2 and run.main([]) == 2
        assert "bridge" in capsys.readouterr().out and calls == []

    def test_installation_progress_and_failure_are_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
    ) -> None:
        pip = tmp_path / "pip.py"
        pip.write_text(
            "import sys, time\n"
            "print('Collecting torch==2.13.0')\n"
            "print('Collecting numpy==2.4.6')\n"
            "print('  Downloading numpy-2.4.6-cp311-x86_64.whl (900 kB)')\n"
            "print('Downloading torch-2.13.0-cp311-x86_64.whl (191.2 MB)')\n"
            "print('Installing collected packages: torch, numpy, six', flush=True)\n"
            "time.sleep(0.5)\n"
            "sys.exit(int(sys.argv[-1]))\n"
        )
        monkeypatch.setattr(run, "program", lambda name: sys.executable)
        monkeypatch.setattr(run, "PIP", [str(pip)])
        monkeypatch.setattr(run, "SILENCE", 0.3)
        run.pip_install("0")
        told = [line.split(" s: ")[1] for line in capfd.readouterr().err.splitlines()]
        stages = ["looking up packages", "fetching torch, 191.2 MB", "installing 3 packages"]
        # Under load, a first line may appear before pip prints anything.
        assert [stage for stage in dict.fromkeys(told) if stage != "pip starts"] == stages
        assert told.count("installing 3 packages") > 1, "a stage that lasts is told again"
        with pytest.raises(subprocess.CalledProcessError):
            run.pip_install("1")

    def test_old_python_is_refused_naming_the_required_version(
        self, calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
    ) -> None:
        monkeypatch.setattr(sys, "version_info", (3, 9, 18))
        assert run.main(["bridge", "play"]) == 2 and calls == []
        assert "3.10 or newer, and was started with 3.9.18" in capsys.readouterr().err

    def test_extras_of_the_launcher_exist(self) -> None:
        assert set(run.EXTRAS.values()) <= {"", *PROJECT["optional-dependencies"]}
