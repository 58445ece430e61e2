"""What all tests share: one small model with random weights, no network, and what is left out.

Tests whose needs (tests/needs.py) are not met are skipped, and the end of a run says which.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest

from tests import needs

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

# Much of the bridge needs no PyTorch, nor do its tests.
if needs.missing("torch") is None:
    import torch

    # The models are so small that a second thread costs more than it brings.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a mono checkpoint, called `tiny`."""
    if (reason := needs.missing("torch")) is not None:
        needs.lack(reason)
    from tests.checkpoints import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> MusicModel:
    from musicrfm.model import MusicModel

    return MusicModel.load(checkpoint, device="cpu")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow tests too")
    words = "run only the tests that need this, of tests/needs.py"
    parser.addoption("--needing", metavar="NAME", choices=tuple(needs.NEEDS), help=words)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every process that runs tests must call them the same."""
    if name := config.getoption("--needing"):
        wanted = [i for i in items if any(name in mark.args for mark in i.iter_markers("needs"))]
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = wanted
    if strange := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"give this test names (ids) without addresses: {strange[0]}")


@pytest.hookimpl(tryfirst=True)  # before any fixture starts what would fail
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            if (reason := needs.missing(name)) is not None:
                needs.lack(reason, fatal=not needs.NEEDS[name].hardware)
    if item.get_closest_marker("slow") and not item.config.getoption("--slow"):
        needs.lack("slow, and only run with --slow", fatal=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    if reasons:
        terminalreporter.section("not tested")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}")
