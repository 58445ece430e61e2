"""Tests with a missing need are skipped and reported, or fail under CI; apt-get runs once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import needs
from tests.needs import NEEDS, Need

HERE = Path(__file__).resolve().parent

LOUD = Need("a loudspeaker", lambda: False, "speakers")
QUIET = Need("a quiet room", lambda: True)
MOON = Need("a moon", lambda: False, hardware=True)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Two runnable tests, one with a missing package, one with missing hardware, a slow one."""
    monkeypatch.setattr(needs, "NEEDS", {"loud": LOUD, "quiet": QUIET, "moon": MOON})
    monkeypatch.delenv("MUSICRFM_NO_SKIPS", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeconftest(
        "from tests.conftest import pytest_addoption, pytest_runtest_setup, pytest_terminal_summary"
    )
    pytester.makeini("[pytest]\nmarkers =\n  needs\n  slow")
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def started():
            raise RuntimeError("must not be started")

        @pytest.mark.needs("quiet", "loud")
        def test_loud(started): ...

        @pytest.mark.needs("quiet")
        def test_quiet(): ...

        @pytest.mark.needs("moon")
        def test_moon(): ...

        def test_nothing(): ...

        @pytest.mark.slow
        def test_slow(): ...
        """
    )
    return pytester


def test_missing_needs_are_skipped_and_summarised(suite):
    done = suite.runpytest_inprocess()
    done.assert_outcomes(passed=2, skipped=3)
    done.stdout.fnmatch_lines(
        [
            "*not tested*",
            "1 skipped: a loudspeaker is missing (Debian, Ubuntu: apt install speakers)",
            "1 skipped: a moon is missing",
            "1 skipped: slow, and only run with --slow",
        ]
    )


def test_without_skips_only_missing_hardware_is_tolerated(suite, monkeypatch):
    monkeypatch.setenv("MUSICRFM_NO_SKIPS", "1")
    done = suite.runpytest_inprocess("--slow")
    done.assert_outcomes(passed=3, skipped=1, errors=1)
    done.stdout.fnmatch_lines(["*a loudspeaker is missing*MUSICRFM_NO_SKIPS is set"])


def test_continuous_integration_skips_nothing():
    script = (HERE.parent / ".ci" / "run").read_text("utf-8")
    assert "export MUSICRFM_NO_SKIPS=1" in script
    assert re.search("run.py pytest .*--slow", script)
    for need in NEEDS.values():
        assert need.debian in script


def test_tests_skip_only_through_needs():
    """Any other skip would be missing from the summary, and would also happen under CI."""
    deciding = re.compile(r"skipif|importorskip|pytest\.skip|mark\.skip|SkipTest|xfail")
    for path in HERE.rglob("*.py"):
        if path.name not in ("needs.py", "test_needs.py"):
            assert not deciding.search(path.read_text("utf-8")), path


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of apt-get on a pretended machine with apt whose user is root."""
    asked: list[str] = []

    def apt_get(words, say, deadline=None) -> bool:
        asked.append(" ".join(words))
        if "--download-only" not in words:
            installed.update(words)
        return "gone" not in words

    installed: set[str] = set()
    found = {name: Need(name, lambda n=name: n in installed, name) for name in ("pd", "gone")}
    monkeypatch.setattr(needs, "NEEDS", {**found, "quiet": QUIET})
    monkeypatch.setattr(needs, "apt_get", apt_get)
    monkeypatch.setattr(needs.sys, "platform", "linux")
    monkeypatch.setattr(needs.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(needs.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.delenv("MUSICRFM_APT", raising=False)
    return asked


def test_root_installs_available_packages_once_and_learns_the_missing_ones(root, tmp_path):
    said: list[str] = []
    needs.install(tmp_path / "apt.txt", said.append)
    assert root == [
        "update",
        "install -y --no-install-recommends pd --download-only",
        "install -y --no-install-recommends pd",
        "install -y --no-install-recommends gone --download-only",
    ]
    assert said[0].startswith("apt-get install pd gone")
    assert said[1:] == ["tests that need gone will be skipped"]
    needs.install(tmp_path / "apt.txt", said.append)
    assert len(root) == 4 and len(said) == 2


def test_without_root_or_consent_nothing_is_installed(root, tmp_path, monkeypatch):
    said: list[str] = []
    monkeypatch.setenv("MUSICRFM_APT", "0")
    needs.install(tmp_path / "apt.txt", said.append)
    monkeypatch.delenv("MUSICRFM_APT")
    monkeypatch.setattr(needs.os, "geteuid", lambda: 1000, raising=False)
    needs.install(tmp_path / "apt.txt", said.append)
    assert root == [] and said == ["tests that need pd or gone will be skipped"] * 2


@pytest.mark.needs("posix")
def test_failing_or_hanging_apt_get_is_reported_in_one_line(tmp_path, monkeypatch):
    said: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not needs.apt_get(["update"], said.append)
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho 'E: Unable to locate package pd' >&2\nexit 100\n")
    program.chmod(0o755)
    assert not needs.apt_get(["install", "pd"], said.append)
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    assert not needs.apt_get(["update"], said.append, deadline=0.0)
    assert [line.count("\n") for line in said] == [0, 0, 0]
    assert said[1] == "apt-get install: E: Unable to locate package pd"
    assert "took too long" in said[2]
