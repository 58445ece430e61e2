"""Runs a command of this project in a virtual environment of its own, made on first use.

`python run.py bridge play "warm piano"` works the same in every shell of every system, needs
nothing but Python, and leaves the system's own packages alone (many refuse `pip install`).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")
STAMP = HOME / "installed.txt"

# What a command needs beyond playing, as extras of pyproject.toml.
EXTRAS = {"bridge": "", "musicrfm": "train", "python": "test", "pytest": "test", "ruff": "test"}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in EXTRAS:
        commands = ", ".join(EXTRAS)
        print(f"usage: python run.py COMMAND [ARGUMENT]...\nCOMMAND is one of: {commands}")
        return 2
    try:
        install(EXTRAS[arguments[0]])
    except subprocess.CalledProcessError as error:
        print(
            f"error: setting up {HOME} stopped at {error.cmd[1:]}; the lines above say why "
            "(Debian and Ubuntu need `apt install python3-venv` first)",
            file=sys.stderr,
        )
        return 2
    return start(arguments)


def install(extra: str) -> None:
    """Install the project (editable) with `extra`, unless the environment already has it."""
    recipe = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        recipe.update((ROOT / name).read_bytes())
    digest = recipe.hexdigest()
    digest_before, *extras = STAMP.read_text().splitlines() if STAMP.is_file() else [""]
    # "test" contains "train", which contains what playing needs.
    if digest_before == digest and (extra in extras or "test" in extras or not extra):
        return
    if not python().is_file():
        print(f"setting up {HOME} (once; later starts are immediate)", file=sys.stderr)
        venv.create(HOME, with_pip=True)
    wanted = sorted({*extras, extra} - {""})
    target = f"{ROOT}[{','.join(wanted)}]" if wanted else str(ROOT)
    pip = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), "-e", target], check=True)
    STAMP.write_text("\n".join([digest, *wanted]) + "\n")


def python() -> Path:
    return BIN / ("python.exe" if os.name == "nt" else "python")


def start(arguments: list[str]) -> int:
    """Hand over to the command, so that Ctrl-C and its exit status are its own."""
    command = [str(BIN / arguments[0]), *arguments[1:]]
    # As in an activated environment, so that programs the command starts are found there too.
    os.environ["PATH"] = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
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
