"""Runs a command of this project in its own virtual environment, which is created on first use.

`python run.py bridge play "piano melody"` works the same in every shell and system, needs only
Python, and does not change the system's packages (many systems refuse `pip install`).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"

PIP = ["-m", "pip", "install", "--disable-pip-version-check"]
# The longest that a log hears nothing while pip works, in seconds.
SILENCE = 20.0

MOST_WORKERS = 4  # each takes a gigabyte

# What a command needs beyond playing, as extras of pyproject.toml.
EXTRAS = {"bridge": "", "musicrfm": "train", "mkdocs": "docs"}
EXTRAS |= dict.fromkeys(("mypy", "python", "pytest", "ruff"), "test")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in EXTRAS:
        print(f"usage: python run.py COMMAND [ARGUMENT]...\nCOMMAND is one of: {', '.join(EXTRAS)}")
        return 2
    if sys.version_info < (3, 10):  # noqa: UP036, as anybody's Python starts this file
        found = ".".join(map(str, sys.version_info[:3]))
        say(f"error: this needs Python 3.10 or newer, and was started with {found}")
        return 2
    try:
        install("train" if arguments[:2] == ["bridge", "prepare"] else EXTRAS[arguments[0]])
        if arguments[0] == "pytest":
            # Not at the top: the project may be installed without its tests.
            from tests import needs

            needs.install(HOME / "apt.txt", say)
            arguments = spread(arguments)
    except subprocess.CalledProcessError as error:
        print(
            f"error: setting up {HOME} failed at {' '.join(map(str, error.cmd))!r}; the lines "
            "above say why (Debian and Ubuntu need `sudo apt install python3-venv` first)",
            file=sys.stderr,
        )
        return 2
    return start(arguments)


def spread(arguments: list[str]) -> list[str]:
    """The arguments of pytest, such that quick tests run on several processors if all are selected.

    Slow tests run one after the other, because some play in real time; so do tests selected by
    name.
    """
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    chosen = any(not word.startswith("-") or word == "--slow" for word in arguments[1:])
    told = any(word.startswith(("-n", "-p", "--dist", "--pdb")) for word in arguments[1:])
    if workers == 1 or chosen or told:
        return arguments
    return [arguments[0], "-n", str(workers), "--dist", "loadfile", *arguments[1:]]


def install(extra: str) -> None:
    """Install the project (editable) with `extra`, unless the environment already has it."""
    recipe = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        recipe.update((ROOT / name).read_bytes())
    digest = recipe.hexdigest()
    stamp = HOME / "installed.txt"
    before, *extras = stamp.read_text().splitlines() if stamp.is_file() else [""]
    # "test" contains "train" and "docs", and all of them contain what playing needs.
    if before == digest and (not extra or extra in extras or "test" in extras):
        return
    say(f"setting up {HOME} (later starts are immediate)")
    if not programs().is_dir():
        try:
            venv.create(HOME, with_pip=True, symlinks=os.name != "nt")
        except subprocess.CalledProcessError:
            shutil.rmtree(HOME)  # half an environment would be taken for a whole one next time
            raise
    wanted = sorted({*extras, extra} - {""})
    target = f"{ROOT}[{','.join(wanted)}]" if wanted else str(ROOT)
    pip_install("-c", str(ROOT / "constraints.txt"), "-e", target)
    stamp.write_text("\n".join([digest, *wanted]) + "\n")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def pip_install(*arguments: str) -> None:
    """Run pip, with its own progress bars on a terminal, and otherwise a line for each stage."""
    command = [program("python"), *PIP, *arguments]
    if sys.stdout.isatty():
        subprocess.run(command, check=True)
        return
    stage, began = "pip starts", time.monotonic()
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(SILENCE):
            say(f"  {time.monotonic() - began:.0f} s: {stage}")

    threading.Thread(target=go_on, daemon=True).start()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as pip:
        for line in pip.stdout:
            if (told := stage_of(line)) is not None and told != stage:
                stage = told
                say(f"  {time.monotonic() - began:.0f} s: {stage}")
    over.set()
    if pip.returncode:
        raise subprocess.CalledProcessError(pip.returncode, command)


def stage_of(line: str) -> str | None:
    """The stage that a line of pip's output shows; None if the line is not worth reporting."""
    if line.startswith("Collecting "):
        return "looking up packages"
    # Only what takes a while: megabytes in two digits or more.
    if match := re.match(
        r"\s*(?:Downloading|Using cached) ([^-\s]+)-.*\((\d{2,}[\d.]* [MG]B)\)", line
    ):
        return f"fetching {match[1]}, {match[2]}"
    if line.startswith("Installing collected packages:"):
        return f"installing {line.count(',') + 1} packages"
    return None


def programs() -> Path:
    return HOME / ("Scripts" if os.name == "nt" else "bin")


def program(name: str) -> str:
    return str(programs() / (f"{name}.exe" if os.name == "nt" else name))


def start(arguments: list[str]) -> int:
    """Replace this process by the command, so that Ctrl-C and the exit status are those of the
    command."""
    command = [program(arguments[0]), *arguments[1:]]
    # As in an activated environment, so that programs the command starts are found there too.
    os.environ["PATH"] = os.pathsep.join([str(programs()), os.environ.get("PATH", "")])
    os.environ["VIRTUAL_ENV"] = str(HOME)
    if os.name != "nt":
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the command got it too, and fades out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
