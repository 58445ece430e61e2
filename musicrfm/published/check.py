"""Runs the published examples and their notebook, unchanged, on `nano` and rendered SynTheory.

    python -m musicrfm.published.check FOLDER [--quick]

FOLDER is a copy of the published repository. Nothing in it is changed: every script runs in a
process of its own, in which the names of the large model and of the data set mean `nano` and clips
that are rendered here, and `musicrfm` is this package. What ends otherwise than it should, and what
this package's classes take otherwise than theirs, is reported; status 1 if a script fails.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from musicrfm.errors import MusicRFMError

# In an order in which each script finds its inputs: the notebook trains the note C.
SCRIPTS = (
    "notebooks/train_and_gen_cnote.ipynb",
    "examples/01_train_note_direction.py",
    "examples/01_train_interval_direction.py",
    "examples/02_generate_controlled.py",
    "examples/03_temporal_control.py",
    "examples/04_multidirection_control.py",
    "examples/05_regression_direction.py",
    "examples/06_multiclass_direction.py",
)
# Messages after which a script continues although something is missing.
TROUBLE = ("✗ Error", "Concept not found", "Traceback")
KNOWN = (
    "nano has 6 blocks, so of the layers -1 to -47 only -1 to -6 are trained and steered.",
    "RFM bandwidths are in units of a typical distance between the states, not absolute.",
    "RFM directions are eigenvectors of the AGOP computed by eigh, not by lobpcg.",
    "multidirection_generate honours inject_chances, which the published code drops.",
    "save writes a .safetensors beside the .pkl; load never runs code from a pickle.",
)


@dataclass(frozen=True)
class Outcome:
    script: str
    status: int
    seconds: float
    trouble: str
    made: int  # files


def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(
        prog="python -m musicrfm.published.check",
        description="Run the published MusicRFM examples unchanged on this package.",
    )
    p.add_argument("folder", type=Path, help="a copy of the published repository")
    p.add_argument(
        "--quick",
        action="store_true",
        help="few trials and short music: a check that everything runs; the numbers mean nothing",
    )
    p.add_argument("--work", type=Path, help="working and output folder (default: a new folder)")
    p.add_argument("--only", metavar="TEXT", help="only scripts whose name contains this text")
    o = p.parse_args(arguments)
    try:
        return check(o.folder, o.quick, o.work, o.only)
    except MusicRFMError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def check(folder: Path, quick: bool, work: Path | None = None, only: str | None = None) -> int:
    """Run all scripts in the folder; 0 if everything ran, 1 if not."""
    folder = folder.resolve()
    scripts = [s for s in SCRIPTS if (folder / s).is_file() and (only is None or only in s)]
    if not scripts:
        raise MusicRFMError(
            f"{folder} contains none of the published examples: give a copy of the "
            "repository, which has examples/01_train_note_direction.py"
        )
    if work is None:
        import tempfile

        work = Path(tempfile.mkdtemp(prefix="musicrfm-published-"))
    work.mkdir(parents=True, exist_ok=True)
    print(f"running {len(scripts)} scripts of {folder} in {work}")
    if quick:
        print("--quick: few trials and short music, so the numbers mean nothing")
    outcomes = []
    for script in scripts:
        outcomes.append(run(folder, script, work, quick))
        one = outcomes[-1]
        well = "ran" if not (one.status or one.trouble) else "FAILED"
        print(f"{well:6}  {one.script}  {one.seconds:.0f} s, {one.made} files {one.trouble}")
    print("\nwhat differs:")
    for line in [*KNOWN, *differences(folder)]:
        print(f"- {line}")
    return int(any(one.status or one.trouble for one in outcomes))


def run(folder: Path, script: str, work: Path, quick: bool) -> Outcome:
    log = work / f"{Path(script).stem}.log"
    before = {path for path in work.rglob("*") if path.is_file()}
    began = time.monotonic()
    command = [sys.executable, "-m", "musicrfm.published.pointed", str(folder / script)]
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "MUSICRFM_PUBLISHED_QUICK": "1" if quick else "",
        "PYTHONIOENCODING": "utf-8",
    }
    with log.open("wb") as out:
        status = subprocess.run(
            command, cwd=work, stdout=out, stderr=subprocess.STDOUT, env=environment, check=False
        ).returncode
    text = log.read_text("utf-8", "replace")
    said = next((line.strip() for line in text.splitlines() if any(t in line for t in TROUBLE)), "")
    if status:
        said = next((x.strip() for x in reversed(text.splitlines()) if x.strip()), said)
    trouble = f"({said}; see {log})" if status or said else ""
    made = sum(path.is_file() and path not in before for path in work.rglob("*")) - 1
    return Outcome(script, status, time.monotonic() - began, trouble, made)


# ---- signatures ----


def differences(folder: Path) -> list[str]:
    """Classes, methods and arguments of the published package that this package lacks or orders
    differently."""
    from musicrfm.published import controller, toolkits  # they need PyTorch, which starts slowly

    found = []
    for name, methods in _published_classes(folder):
        ours = getattr(controller, name, None) or getattr(toolkits, name, None)
        if ours is None:
            found.append(f"class {name} does not exist")
            continue
        for method, parameters in methods.items():
            here = getattr(ours, method, None)
            if here is None:
                found.append(f"{name} has no {method}")
                continue
            names = list(inspect.signature(here).parameters)
            if missing := [one for one in parameters if one not in names]:
                found.append(f"{name}.{method} does not take {', '.join(missing)}")
            elif [one for one in names if one in parameters] != parameters:
                found.append(f"{name}.{method} takes its arguments in another order")
    return found


def _published_classes(folder: Path) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """(name, method -> its parameters) of the classes that the published package exports."""
    exported = {
        "MusicGenController",
        "MusicRFMToolkit",
        "MusicLinearProbeToolkit",
        "MusicLogisticRegressionToolkit",
    }
    for path in sorted((folder / "musicrfm").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8", "replace")).body:
            if not (isinstance(node, ast.ClassDef) and node.name in exported):
                continue
            functions = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            shown = [f for f in functions if not f.name.startswith("_") or f.name == "__init__"]
            shown += [f for f in functions if f.name == "_compute_directions"]
            yield node.name, {f.name: [a.arg for a in f.args.args] for f in shown}


def cells(notebook: Path) -> str:
    """The code of a notebook, cell after cell, as one script."""
    content = json.loads(notebook.read_text("utf-8"))
    code = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    return "\n\n".join(code)


if __name__ == "__main__":
    sys.exit(main())
