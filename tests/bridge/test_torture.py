"""The torture benchmark measures dropouts, messages, answers and missing recording."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bridge.bench import torture
from bridge.bench.report import Options
from bridge.bench.torture import again, attacks, heard, inject, page, running, soak, stage
from bridge.bench.torture.card import BLOCK, BLOCK_MS, QUIET, sounds
from bridge.bench.torture.endings import ENDINGS, Ending
from bridge.bench.torture.faults import FAULTS, GROUPS, Fault
from bridge.bench.torture.outcome import COLUMNS, Outcome
from musicrfm.errors import MusicRFMError
from tests.osc import parse

ALL = (1 << BLOCK_MS) - 1


def blocks(*told: tuple[float, int]) -> np.ndarray:
    return np.array(list(told), BLOCK)


# ---- dropouts ----


def test_block_mask_marks_each_millisecond_with_sound():
    out = np.zeros((320, 2), np.float32)
    out[32:64, 1], out[319, 0] = 0.1, -2 * QUIET
    assert sounds(out) == 0b10_0000_0010
    assert sounds(np.full((320, 1), 0.5 * QUIET, np.float32)) == 0


def test_dropouts_are_found_within_blocks_and_between_them():
    told = blocks((1.0, ALL), (1.01, 0b1111), (1.02, ALL), (2.0, ALL))
    found = heard.gaps(told, until=2.5)
    assert found.begins == pytest.approx([1.014, 1.03, 2.01])
    assert found.ends == pytest.approx([1.02, 2.0, 2.5])
    assert found.within(1.0, 1.025) == pytest.approx((0.006, 1.02))
    assert found.within(1.0, 2.005) == pytest.approx((0.97, 2.0))
    assert found.within(0.0, 1.005) == (0.0, 0.0)
    assert found.within(1.5, 2.2) == pytest.approx((0.5, 2.2))


def test_truncated_card_log_is_read_up_to_the_last_block(tmp_path):
    told = blocks((1.0, ALL), (1.01, 0))
    (tmp_path / "card").write_bytes(told.tobytes() + b"half")
    assert np.array_equal(heard.read(tmp_path / "card"), told)
    assert np.array_equal(heard.read(tmp_path / "card", 1), told[1:])
    assert len(heard.read(tmp_path / "nothing")) == 0 == len(heard.gaps(blocks(), 1.0).begins)


# ---- faults ----


@pytest.fixture
def place(monkeypatch):
    """A function that can be made to fail, by the name "step"."""

    class Owner:
        @staticmethod
        def act(value):
            return np.full((4, 1), value, np.float32)

    monkeypatch.setattr(inject, "_armed", {})
    return inject._able_to_fail("step", Owner.act)


def test_fault_lasts_for_its_count_or_its_seconds(place):
    assert place(2.0).sum() == 8.0
    inject.arm("step", "raise", error="MemoryError", times=2)
    for _ in range(2):
        with pytest.raises(MemoryError):
            place(1.0)
    assert place(1.0).sum() == 4.0
    inject.arm("step", "raise", error="ENOSPC", seconds=0.05)
    with pytest.raises(OSError, match="No space left on device"):
        place(1.0)
    time.sleep(0.06)
    assert place(1.0).sum() == 4.0


@pytest.mark.parametrize(
    ("act", "sees"),
    [
        ("nothing", lambda made: made is None),
        ("nan", lambda made: np.isnan(made).all()),
        ("loud", lambda made: made.max() == 100.0),
        ("turned", lambda made: made.shape == (1, 4)),
        ("empty", lambda made: made.shape == (0, 1)),
    ],
)
def test_fault_changes_the_returned_value_once(place, act, sees):
    inject.arm("step", act, times=1)
    assert sees(place(1.0)) and place(1.0).shape == (4, 1)


def test_hang_fault_ends_after_its_limit(place):
    inject.arm("step", "hang", times=1, most=0.1)
    began = time.monotonic()
    assert place(1.0).sum() == 4.0 and time.monotonic() - began >= 0.1


def test_every_place_can_be_made_to_fail(monkeypatch):
    seen = []
    monkeypatch.setattr(
        inject, "_able_to_fail", lambda name, original: seen.append(name) or original
    )
    inject.prepare()
    assert seen == list(inject.PLACES)


def test_thread_fault_interrupts_a_worker_thread():
    over, raised = threading.Event(), []

    def work() -> None:
        try:
            while not over.is_set():
                time.sleep(0.001)
        except RuntimeError:
            raised.append(1)

    worker = threading.Thread(target=work)
    worker.start()
    others = [one for one in threading.enumerate() if one not in (worker,)]
    spared = {one.ident for one in others}
    real = threading.enumerate
    threading.enumerate = lambda: [
        one for one in real() if one.ident not in spared or one is worker
    ]
    try:
        inject.arm("threads", "raise", error="RuntimeError")
        worker.join(5.0)
    finally:
        threading.enumerate = real
        over.set()
    assert raised == [1]


def test_attack_packets_are_valid_where_they_should_be():
    draw = random.Random(1)
    for made in (attacks.known(draw), attacks.unknown(), attacks.presets(draw)):
        messages, faults = parse(next(made))
        assert len(messages) == 1 and not faults
    listing, _ = parse(next(attacks.lists()))
    assert {message.address for message in listing} == {"/list"} and len(listing) > 2000
    for packet, _ in zip(attacks.garbage(draw), range(40), strict=False):
        parse(packet)
        assert len(packet) <= attacks.LARGEST + 20_000


def test_fault_names_are_unique_and_every_fault_has_a_group():
    names = [one.name for one in (*FAULTS, *ENDINGS)]
    assert len(set(names)) == len(names) > 40
    assert {type(one) for one in (*FAULTS, *ENDINGS)} == {Fault, Ending}
    assert sum(map(len, GROUPS.values())) == len(FAULTS)


# ---- outcomes ----


class Fake:
    """A fake stage with given dropout, log text, answers and survival."""

    def __init__(self, gap=(0.0, 0.0), text="", answers=True, lives=True) -> None:
        self._gap, self._text, self._answers = gap, text, answers
        self.process = SimpleNamespace(poll=lambda: None if lives else 1, pid=1)
        self.did, self.at = [], 0.0

    def gaps(self, since, until):
        length, ago = self._gap
        return length, until - ago

    def text(self, since=0.0):
        return self._text

    def answers(self):
        return self._answers

    def logged(self):
        self.at += 5.0
        return self.at

    def lacking(self, since, until):
        return 1.5 if since <= 6.0 <= until else 0.0

    def recorded(self):
        return self.at - 1.5

    def end(self):
        return 0, 0.4

    def kill(self):
        self.did.append("kill")


def nothing(stage, draw) -> None:
    pass


@pytest.mark.parametrize(
    ("fake", "fault", "held"),
    [
        (Fake(), Fault("calm", nothing, after=0.0), True),
        (Fake((0.3, 1.0)), Fault("a gap", nothing, gap=0.2, after=0.0), False),
        (Fake((0.3, 1.0)), Fault("a gap", nothing, gap=0.4, after=0.0), True),
        (Fake((0.3, 0.0)), Fault("still silent", nothing, gap=0.4, after=0.0), False),
        (Fake(text="one"), Fault("unsaid", nothing, "two", after=0.0), False),
        (Fake(text="the disk"), Fault("said", nothing, "disk", after=0.0), True),
        (Fake(lives=False), Fault("gone", nothing, after=0.0), False),
    ],
)
def test_outcome_depends_on_gap_message_and_survival(fake, fault, held):
    outcome = running.meet(fake, fault, random.Random(0))
    assert outcome.held is held
    assert outcome.said == (None if not fault.says else fault.says in fake.text())


def test_unanswered_requests_count_as_late():
    fault = Fault("deaf", nothing, after=0.4)
    outcome = running.meet(Fake(answers=False), fault, random.Random(0))
    assert outcome.late == outcome.asked > 1 and 0.1 < outcome.back < 0.6


def test_missing_seconds_are_assigned_to_the_fault_that_lost_them():
    fake = Fake()
    faults = [Fault(name, nothing, after=0.0) for name in ("a", "b")]
    outcomes = running.suffer(fake, faults, random.Random(0))
    assert [outcome.missing for outcome in outcomes] == [1.5, 0.0, 0.0]
    assert [outcome.status for outcome in outcomes] == [0, 0, 0] and outcomes[-1].ended == 0.4
    assert fake.did == ["kill"]


def test_set_that_never_played_counts_as_failed(tmp_path, monkeypatch):
    def silent(*_: object, **__: object) -> None:
        raise running.MusicRFMError("the bridge did not play; its output was:\nboom")

    monkeypatch.setattr(running, "playing", silent)
    outcome = running.end(tmp_path, ENDINGS[0], Options())
    assert not outcome.held and "boom" in outcome.words


def test_outcome_row_matches_the_columns():
    outcome = Outcome("x", 0.1234, True, 0.01, 2.04, status=1, ended=1.26)
    assert outcome.row() == ["x", "123", "yes", "0", "2.0", "1, after 1.3 s", "yes"]
    assert len(outcome.row()) == len(COLUMNS) == len(Outcome("y").row())


def report() -> dict:
    outcomes = [Outcome("a", 0.2, back=1.0), Outcome("b", 0.4, held=False), Outcome("c", status=-9)]
    told = [{"group": group, **one.data()} for group, one in zip("xxy", outcomes, strict=True)]
    machine = {"gpu": None, "cores": 2, "processor": "some CPU"}
    return {"data": {"outcomes": told}, "machine": machine, "options": {"only": []}}


def test_table_replaces_the_marked_part_of_a_page(tmp_path):
    (tmp_path / "told.json").write_text(json.dumps(report()))
    short, whole = tmp_path / "short.md", tmp_path / "whole.md"
    short.write_text(f"Before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    whole.write_text(f"{page.BEGIN_ALL}{page.END}")
    for _ in range(2):  # the second time it replaces the first
        page.main(tmp_path / "told.json", [short, whole])
    text = short.read_text()
    assert text.startswith("Before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| x | 2 | 400 ms | 1.0 s | 0.0 s | 1 of 2 |" in text
    assert "| y | 1 | 0 ms | ends | 0.0 s | all |" in text and "2 cores of some CPU" in text
    assert whole.read_text().count("\n| ") == 4
    with pytest.raises(ValueError, match="no lines"):
        page.with_table("no place", report())


def test_repeated_faults_replace_their_rows(tmp_path):
    all_of_them, some = tmp_path / "whole.md", tmp_path / "some.json"
    all_of_them.write_text(f"{page.BEGIN_ALL}{page.END}")
    (tmp_path / "told.json").write_text(json.dumps(report()))
    page.main(tmp_path / "told.json", [all_of_them])
    before = all_of_them.read_text().splitlines()
    with pytest.raises(ValueError, match="no page has a table of all faults"):
        again.told("nothing")
    fresh = [{"group": "y", **Outcome(name, 0.1).data()} for name in ("b", "new")]
    told = report() | {"data": {"outcomes": fresh}, "options": {"only": ["b", "new"]}}
    for _ in range(2):  # the second time it replaces the new rows
        some.write_text(json.dumps(told))
        page.main(some, [all_of_them])
        after = all_of_them.read_text()
        assert "| b | 100 | – | – | – | – | yes |" in after
        assert "| new | 100 |" in after and "Measured later than the rest: b; new.\n" in after
        assert {line for line in before if line.startswith(("| a", "| c"))} <= set(
            after.splitlines()
        )


def test_faults_are_selected_by_part_of_their_name():
    assert running.chosen(FAULTS, ()) == list(FAULTS)
    assert [one.name for one in running.chosen(FAULTS, ("knobs", "presets"))] == [
        "knobs, 20,000/s",
        "150 presets stored at once",
    ]
    with pytest.raises(MusicRFMError, match="no fault has 'kobs' in its name; the faults are"):
        running.run(Options(only=("kobs",)))


@pytest.mark.needs("posix")
def test_child_of_a_background_job_heeds_interrupts():
    """A shell makes its background jobs ignore SIGINT, and their child processes inherit that."""
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        running.heed_interrupts()
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    finally:
        signal.signal(signal.SIGINT, usual)
    with sleeper:
        time.sleep(0.5)  # otherwise the signal may arrive before Python has started
        sleeper.send_signal(signal.SIGINT)
        assert sleeper.wait(30) != 0


def test_soak_report_has_two_halves(monkeypatch):
    row = {"gap": 0.2, "said": True, "memory_mib": 700.0, "handles": 20, "threads": 24}
    told = {"rows": [row] * 4, "minutes": 4.0, "moves": 9, "pages": 1, "logged": 240.0}
    told |= {"recorded": 239.5, "status": 0, "said_bytes": 5000}
    monkeypatch.setattr(soak, "soak", lambda *_: told)
    made = soak.soak_report(None, Options(minutes=4.0))
    assert [one[:3] for one in made.rows] == [
        ["beside a busy core", 2, "200"],
        ["second half", 2, "200"],
    ]
    assert "0.50 s of 240 s are in no file" in made.words[0]


# ---- a real bridge ----


@pytest.mark.slow
def test_bridge_survives_selected_real_faults(checkpoint: Path, tmp_path: Path):
    options = Options(str(checkpoint), "cpu", lookahead=1.0)
    chosen = [one for one in FAULTS if one.name in ("a step that raises", "a full disk, 4 s")]
    (tmp_path / "set").mkdir()
    outcomes = running.suffer(running.playing(tmp_path / "set", options), chosen, random.Random(0))
    assert [outcome.said for outcome in outcomes] == [True, True, None]
    assert [outcome.status for outcome in outcomes] == [0, 0, 0]
    assert all(outcome.missing < 0.05 for outcome in outcomes)
    (tmp_path / "end").mkdir()
    killed = running.end(tmp_path / "end", ENDINGS[0], options)
    assert killed.status == -9 and killed.missing <= ENDINGS[0].missing, killed


def test_torture_benchmark_runs_and_reads_the_ports_of_the_output(monkeypatch):
    monkeypatch.setattr(running, "run", lambda options: options)
    assert torture.run(Options()) == Options()
    assert stage.LISTENING.search("OSC listening on 127.0.0.1:9000")[1] == "9000"
    said = "control page: http://127.0.0.1:8000/?token=abc (also as x)"
    assert stage.PAGE.search(said).groups()[1:] == ("8000", "abc")
