"""The container file, as far as it can be checked without building it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.cli import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]


def instructions() -> list[tuple[str, str]]:
    """(keyword, arguments) of each Dockerfile instruction, in order, continued lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]


def of(wanted: str) -> list[str]:
    return [rest for word, rest in instructions() if word == wanted]


def test_docker_context_holds_all_inputs_of_the_wheel():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines and all((ROOT / name).exists() for name in let_in)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [
        *wheel["packages"],
        *wheel["force-include"],
        project["tool"]["hatch"]["version"]["path"],
    ]
    needed += ["pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]]
    needed += re.findall(r"\b[\w/]+\.(?:txt|toml|py)\b", " ".join(of("RUN")).replace("/tmp/", "//"))
    for name in needed:
        if not name.startswith("//"):
            assert any(name == one or name.startswith(f"{one}/") for one in let_in), name


@pytest.mark.needs("posix")
@pytest.mark.parametrize("command", of("RUN"), ids=lambda command: command.split()[0])
def test_each_run_step_is_valid_shell(command):
    done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("posix")
@pytest.mark.parametrize(("torch", "packages"), [("cpu", ["python3-torch"]), ("cuda", [])])
def test_build_argument_selects_the_pytorch_source(torch, packages):
    (default,) = (rest for rest in of("ARG") if rest.startswith("TORCH="))
    assert default == "TORCH=cpu"
    (choice,) = re.findall(r"\$\(\[ .*?\)", of("RUN")[0])
    done = subprocess.run(
        ["sh", "-c", f"echo {choice}"], env={"TORCH": torch}, capture_output=True, text=True
    )
    assert done.stdout.split()[:1] == packages


def test_container_serves_the_web_page_without_audio_output(monkeypatch):
    played = []
    monkeypatch.setattr("bridge.session.play", lambda settings: played.append(settings) or 0)
    (entry,), (command,) = (map(json.loads, of(word)) for word in ("ENTRYPOINT", "CMD"))
    assert entry == ["bridge"] and main(command) == 0
    (settings,) = played
    assert settings.web == ("0.0.0.0", 8000) and settings.output == "none"
    assert "8000" in of("EXPOSE")[0].split() and of("STOPSIGNAL") == ["SIGINT"]
