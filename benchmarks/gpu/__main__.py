"""Measures and tests everything that needs a GPU, in at most nine minutes.

    python -m benchmarks.gpu --out gpu

Writes gpu/gpu.json after every stage, and gpu/README.md. A second run continues with the stages
that are missing or failed. The exit status is 0 if all results agree; a
missed target does not change it. --device cpu --quick
rehearses everything without a GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.page import text
from benchmarks.gpu.stages import STAGES, Bench
from benchmarks.gpu.targets import compared
from musicrfm.errors import MusicRFMError, first_line
from musicrfm.files.writing import check_folder, write_text
from musicrfm.runtime.devices import device_of
from musicrfm.selfcheck import MOST_WORDS, identity

LIMIT = 540.0  # seconds
TRAIN_LIMIT = 3600.0  # with --train


def main(argv: list[str] | None = None) -> int:
    o = _parser().parse_args(argv)
    try:
        bench = Bench(device_of(o.device or "cuda"), o.quick, o.train)
        check_folder(o.out)
    except MusicRFMError as error:
        print(f"error: {error} (--device cpu --quick rehearses without a GPU)", file=sys.stderr)
        return 2
    return run(bench, Path(o.out), time.monotonic() + (TRAIN_LIMIT if o.train else LIMIT))


def run(bench: Bench, folder: Path, deadline: float) -> int:
    """Run the stages that are not done, until the deadline (monotonic seconds); returns the exit
    status."""
    key = f"{identity(bench.device)}{'-quick' if bench.quick else ''}"
    told = _before(folder, key)
    for stage in STAGES:
        if not stage.wanted(bench) or told["stages"].get(stage.name, {}).get("ok"):
            continue
        left = deadline - time.monotonic()
        if left < stage.least(bench):
            told["stages"][stage.name] = {"ok": False, "left_out": f"{left:.0f} s were left"}
            print(f"{stage.name}: no time left; run it again to go on", file=sys.stderr)
            continue
        print(f"{stage.name} …", file=sys.stderr, flush=True)
        began = time.monotonic()
        found: dict[str, Any]
        try:
            found = stage.run(bench, deadline)
        except Exception as error:  # one stage less, and all others
            traceback.print_exc()
            found = {
                "disagrees": [f"it raised {type(error).__name__}: {first_line(error, MOST_WORDS)}"]
            }
        _let_go(bench.device)
        found["seconds"] = round(time.monotonic() - began, 1)
        found["ok"] = not found.setdefault("disagrees", [])
        told["stages"][stage.name] = found
        _write(folder, told)
        for words in found["disagrees"]:
            print(f"  {words}", file=sys.stderr)
    _write(folder, told)
    wrong = [name for name, found in told["stages"].items() if found.get("disagrees")]
    late = [name for name, found in told["stages"].items() if "left_out" in found]
    print(f"{folder / 'README.md'}")
    print("all agreed" if not wrong else f"DISAGREED: {', '.join(wrong)}", end="")
    print(f"; not run: {', '.join(late)}" if late else "")
    return 1 if wrong else 0


def _before(folder: Path, key: str) -> dict[str, Any]:
    """The results of an earlier run of the same kind on this device."""
    try:
        told = json.loads((folder / "gpu.json").read_text("utf-8"))
        if told["key"] == key and isinstance(told["stages"], dict):
            return told
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return {"key": key, "stages": {}}


def _write(folder: Path, told: dict[str, Any]) -> None:
    told["targets"] = compared(told["stages"])
    write_text(folder / "gpu.json", json.dumps(told, indent=1) + "\n")
    write_text(folder / "README.md", text(told))


def _let_go(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="benchmarks.gpu", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    p.add_argument("--device", help="cuda (default), cuda:1, or cpu for a rehearsal")
    p.add_argument("--quick", action="store_true", help="little of everything")
    p.add_argument("--train", action="store_true", help="also train the built-in model, quickly")
    p.add_argument("--out", default="gpu", metavar="FOLDER", help="default %(default)s")
    return p


if __name__ == "__main__":
    sys.exit(main())
