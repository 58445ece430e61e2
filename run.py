"""Runs a command of this project in a virtual environment of its own, made on first use.

`python run.py bridge play "piano melody"` works the same in every shell of every system, needs
nothing but Python, and leaves the system's own packages alone (many refuse `pip install`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"

# What a command needs beyond playing, as extras of pyproject.toml.
EXTRAS = {"bridge": "", "musicrfm": "train", "python": "test", "pytest": "test", "ruff": "test"}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in EXTRAS:
        print(f"usage: python run.py COMMAND [ARGUMENT]...\nCOMMAND is one of: {', '.join(EXTRAS)}")
        return 2
    try:
        install(EXTRAS[arguments[0]])
    except subprocess.CalledProcessError as error:
        print(
            f"error: setting up {HOME} failed at {' '.join(map(str, error.cmd))!r}; the lines "
            "above say why (Debian and Ubuntu need `sudo apt install python3-venv` first)",
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
    stamp = HOME / "installed.txt"
    before, *extras = stamp.read_text().splitlines() if stamp.is_file() else [""]
    # "test" contains "train", and both contain what playing needs.
    if before == digest and (not extra or extra in extras or "test" in extras):
        return
    print(f"setting up {HOME} (later starts are immediate)", file=sys.stderr, flush=True)
    if not programs().is_dir():
        try:
            venv.create(HOME, with_pip=True, symlinks=os.name != "nt")
        except subprocess.CalledProcessError:
            shutil.rmtree(HOME)  # half an environment would be taken for a whole one next time
            raise
    wanted = sorted({*extras, extra} - {""})
    target = f"{ROOT}[{','.join(wanted)}]" if wanted else str(ROOT)
    pip = [program("python"), "-m", "pip", "install", "--disable-pip-version-check"]
    if not sys.stdout.isatty():
        pip.append("--quiet")  # a person sees that it goes on; a log needs only what is wrong
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), "-e", target], check=True)
    stamp.write_text("\n".join([digest, *wanted]) + "\n")


def programs() -> Path:
    return HOME / ("Scripts" if os.name == "nt" else "bin")


def program(name: str) -> str:
    return str(programs() / (f"{name}.exe" if os.name == "nt" else name))


def start(arguments: list[str]) -> int:
    """Hand over to the command, so that Ctrl-C and the exit status are its own."""
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
