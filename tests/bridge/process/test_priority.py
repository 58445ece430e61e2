"""The bridge gets a higher CPU priority where the system allows it."""

from __future__ import annotations

from bridge.process import priority


def test_refused_priority_change_is_ignored(monkeypatch, tmp_path):
    def refuse(*_: object) -> None:
        raise PermissionError("you are nobody")

    monkeypatch.setattr(priority.os, "setpriority", refuse)
    monkeypatch.setattr(priority, "AUTOGROUP", tmp_path / "not there")
    priority.be_early()
    assert not (tmp_path / "not there").exists()


def test_priority_is_raised_for_the_whole_session_until_the_end(monkeypatch, tmp_path):
    session, at_the_end = tmp_path / "autogroup", []
    session.write_text("/autogroup-1 nice -3\n")
    monkeypatch.setattr(priority.atexit, "register", lambda *call: at_the_end.append(call))
    monkeypatch.setattr(priority.os, "setpriority", lambda *_: None)
    monkeypatch.setattr(priority, "AUTOGROUP", session)
    priority.be_early()
    assert session.read_text() == str(priority.NICE)
    ((restore, *arguments),) = at_the_end
    restore(*arguments)
    assert session.read_text() == "-3"
