"""Runs `bridge bench torture`: injects faults into a bridge that plays and records.

Without `--minutes`, every fault happens once. With it, the bridge plays for that time, and a fault
drawn at random happens every minute. The bridge runs in a process of its own and plays to a
stand-in for a sound card, so that silences are measured on any computer.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bridge.bench.report import Options, Report
from bridge.bench.torture.endings import ENDED, ENDINGS, Ending, free_port
from bridge.bench.torture.faults import FAULTS, GROUPS, Fault
from bridge.bench.torture.meeting import met
from bridge.bench.torture.outcome import COLUMNS, Outcome
from bridge.bench.torture.soak import soak_report
from bridge.bench.torture.stage import PROMPT, NotPlaying, Stage
from musicrfm.errors import MusicRFMError

F = TypeVar("F", Fault, Ending)
TOKEN = "torture-torture"
WARM_SECONDS = 5.0
PLAYED_SECONDS = 3.0  # before the end of a set


def run(options: Options) -> Report:
    if os.name != "posix":
        raise MusicRFMError("bench torture needs Linux or macOS: it stops and kills processes")
    faults = chosen(FAULTS, options.only)
    endings = chosen(ENDINGS, options.only)
    if not faults and not endings:
        raise MusicRFMError(
            f"no fault has {' or '.join(map(repr, options.only))} in its name; the faults are: "
            + "; ".join([*(one.name for one in FAULTS), *(one.name for one in ENDINGS)])
        )
    heed_interrupts()
    with tempfile.TemporaryDirectory(prefix="bridge-torture-") as folder:
        if options.minutes is not None:
            stage = playing(Path(folder), options)
            try:
                return soak_report(stage, options)
            finally:
                stage.kill()
        return _report(options, _all(Path(folder), options, faults, endings))


def heed_interrupts() -> None:
    """Undo that a shell lets its background jobs ignore Ctrl-C: the bridges started here would
    inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def chosen(faults: Sequence[F], only: Sequence[str]) -> list[F]:
    """The faults with one of these texts in their names; without texts, all."""
    return [one for one in faults if not only or any(text in one.name for text in only)]


def _all(
    folder: Path, options: Options, faults: Sequence[Fault], endings: Sequence[Ending]
) -> Iterable[Outcome]:
    if faults:
        (folder / "set").mkdir()
        yield from suffer(playing(folder / "set", options), faults, random.Random(options.seed))
    for number, ending in enumerate(endings):
        (folder / str(number)).mkdir()
        yield end(folder / str(number), ending, options)


def playing(folder: Path, options: Options, **how: Any) -> Stage:
    """A bridge that has played for a while. Raises MusicRFMError if it does not play."""
    (folder / "rig.toml").write_text(f'[engine]\nprompt = "{PROMPT}"\n')
    arguments = ["--model", options.model, "--seed", str(options.seed)]
    for name, value in (("--device", options.device), ("--dtype", options.dtype)):
        arguments += [name, value] if value else []
    arguments += ["--lookahead", str(1000 * options.lookahead)]
    arguments += ["--record", "set.flac", "--rig", "rig.toml", "--clock", "midi", "--clock-tempo"]
    arguments += ["--web", "127.0.0.1:0", "--web-host", "torture.invalid"]
    how.setdefault("port", 0)
    how["env"] = {"BRIDGE_WEB_TOKEN": TOKEN, **how.get("env", {})}
    try:
        stage = Stage(folder, arguments, **how)
    except NotPlaying as error:
        raise MusicRFMError(f"the bridge did not play; its output was:\n{error}") from None
    if how.get("wait", True):
        time.sleep(WARM_SECONDS)
    return stage


def suffer(stage: Stage, faults: Iterable[Fault], draw: random.Random) -> list[Outcome]:
    """Cause each fault in the same set; returns an outcome for each and for the set."""
    outcomes, spans = [], []
    try:
        for fault in faults:
            began = stage.logged()
            outcomes.append(meet(stage, fault, draw))
            spans.append((began, stage.logged() + 1.0))
            if stage.process.poll() is not None:
                break
        status, took = stage.end()
    finally:
        stage.kill()
    for outcome, span in zip(outcomes, spans, strict=True):
        outcome.missing = stage.lacking(*span)
        outcome.status = status
    whole = Outcome("the end of that set", ended=took, status=status)
    unsaid = stage.logged() - stage.recorded() - sum(outcome.missing or 0.0 for outcome in outcomes)
    whole.missing = max(0.0, unsaid)
    whole.held = status == 0 and whole.missing <= 0.05
    return [*outcomes, whole]


def meet(stage: Stage, fault: Fault, draw: random.Random) -> Outcome:
    """Cause one fault in a playing set; returns its outcome."""
    time.sleep(fault.before)
    one = met(stage, fault, draw)
    back = max([0.0, *(at - one.since for at in ([one.ended] if one.gap else []) + one.watch.late)])
    said = one.said if fault.says else None
    late, asked = len(one.watch.late), one.watch.asked
    outcome = Outcome(fault.name, one.gap, said, back, late=late, asked=asked)
    outcome.held = one.gap <= fault.gap + 0.002 and said is not False and not one.silent
    outcome.held &= stage.process.poll() is None
    return outcome


def end(folder: Path, ending: Ending, options: Options) -> Outcome:
    """A set of its own that ends by a fault, or in spite of it."""
    how = {"env": ending.prepare(folder), "wrap": ending.wrap, "wait": ending.plays}
    if ending.unread:
        how["port"] = free_port()
    try:
        stage = playing(folder, options, **how)
    except MusicRFMError as error:
        return Outcome(ending.name, said=False, held=False, words=str(error)[-2000:])
    try:
        since = time.monotonic()
        gap, _ = stage.gaps(since - PLAYED_SECONDS, since)
        status, took = ending.do(stage)
    finally:
        stage.kill()
    said = re.search(ending.says, stage.text()) is not None if ending.says else None
    outcome = Outcome(ending.name, gap, said, ended=took, status=status)
    if ending.plays:
        outcome.missing = max(0.0, stage.sounded() - stage.recorded())
    outcome.held = status in ending.statuses and said is not False and took <= ending.within
    outcome.held &= (outcome.missing or 0.0) <= ending.missing and "Traceback" not in stage.text()
    return outcome


def _report(options: Options, outcomes: Iterable[Outcome]) -> Report:
    found = []
    for outcome in outcomes:
        found.append(outcome)
        print(" | ".join(map(str, outcome.row())), file=sys.stderr, flush=True)
    failed = [outcome.name for outcome in found if not outcome.held]
    held = f"{len(found) - len(failed)} of {len(found)} faults held"
    words = [f"{held}{': not ' + ', '.join(failed) if failed else ''}."]
    groups = {fault.name: group for group, faults in GROUPS.items() for fault in faults}
    data = {"outcomes": [{"group": groups.get(one.name, ENDED), **one.data()} for one in found]}
    rows = [outcome.row() for outcome in found]
    return Report(f"Torture, {Path(options.model).name}", COLUMNS, rows, words, data)
