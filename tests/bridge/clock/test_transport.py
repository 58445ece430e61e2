"""The stage's clock: MIDI clock as ticks, Ableton Link as a peer on the network, and following."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.cli import main
from bridge.clock import transport
from bridge.clock.transport import Follow, LinkTransport, MidiTransport
from bridge.controls.controls import Controls, namespace
from bridge.midi.controllers import MidiInput
from musicrfm.errors import MusicRFMError
from tests.bridge.midi.test_controllers import until


class Stage:
    """A drum machine with a simulated clock."""

    def __init__(self):
        self.now = 100.0
        self.transport = MidiTransport(lambda: self.now)

    def play(self, bpm, ticks, jitter=0.0, port=""):
        rng = np.random.default_rng(0)
        for _ in range(ticks):
            self.now += 60 / bpm / 24
            self.transport.tick(self.now + jitter * rng.uniform(0, 1), port)

    def send(self, kind, **fields):
        self.transport.hear(mido.Message(kind, **fields))


@settings(max_examples=25)
@given(st.floats(30, 240), st.floats(0, 0.004))
def test_tempo_of_a_jittering_clock_is_within_one_percent(bpm, jitter):
    stage = Stage()
    stage.play(bpm, 96, jitter)
    assert stage.transport.bpm == pytest.approx(bpm, rel=0.01)


def test_new_tempo_is_known_after_two_beats_and_a_silent_clock_has_none():
    stage = Stage()
    assert stage.transport.bpm is stage.transport.beat is stage.transport.playing is None
    stage.play(100, 96)
    stage.play(130, 49)
    assert stage.transport.bpm == pytest.approx(130)
    stage.now += 2
    assert stage.transport.bpm is None and stage.transport.beat is None
    stage.play(90, 20)
    assert stage.transport.bpm == pytest.approx(90)


def test_beats_are_counted_from_the_start_and_stand_still_while_stopped():
    stage = Stage()
    stage.play(120, 60)
    stage.send("start")
    assert stage.transport.playing is True
    stage.play(120, 25)  # the first of these is beat 0
    assert stage.transport.beat == pytest.approx(1.0)
    stage.now += 60 / 120 / 48
    assert stage.transport.beat == pytest.approx(1.0 + 1 / 48)
    stage.send("stop")
    stage.play(120, 24)
    assert stage.transport.playing is False and stage.transport.beat == pytest.approx(1.0)
    stage.send("songpos", pos=16)
    stage.send("continue")
    stage.play(120, 1)
    assert stage.transport.playing is True and stage.transport.beat == pytest.approx(4.0)


def test_first_of_two_clocks_is_followed_until_it_is_silent():
    stage = Stage()
    stage.play(120, 48, port="a")
    stage.transport.tick(stage.now, "b")
    assert stage.transport.bpm == pytest.approx(120)
    stage.now += 2
    stage.play(90, 48, port="b")
    assert stage.transport.bpm == pytest.approx(90)


def test_midi_input_passes_the_clock_to_the_transport():
    now = [5.0]
    clock = MidiTransport(lambda: now[0])
    knobs = MidiInput(Controls(namespace([])), [], transport=clock)
    knobs.hear("message FA")
    for tick in range(30):
        now[0] = 5.0 + tick * 60 / 100 / 24
        knobs.hear(f"clock {now[0]!r}")
    knobs.hear("clock what")
    assert clock.playing is True
    assert clock.bpm == pytest.approx(100)
    assert clock.beat == pytest.approx(29 / 24)


def test_follow_applies_start_stop_and_tempo_only_if_enabled():
    one = Controls(namespace([]))
    stage = SimpleNamespace(playing=None, bpm=None, source="midi")
    follow = Follow(stage, one, play=True, tempo=True)
    follow.update()
    assert one.received == 0
    stage.playing, stage.bpm = False, 120.04
    follow.update()
    assert one.get("/play") == 0 and one.get("/tempo/target") == 120.0
    one.set("/play", 1)
    stage.bpm = 120.2
    follow.update()
    assert one.get("/play") == 1 and one.get("/tempo/target") == 120.0
    stage.playing, stage.bpm = True, 95.0
    follow.update()
    stage.playing = False
    follow.update()
    assert one.get("/play") == 0 and one.get("/tempo/target") == 95.0
    quiet = Controls(namespace([]))
    Follow(stage, quiet).update()
    assert quiet.received == 0


class FakeLink:
    """A fake `aalink.Link`."""

    made: list = []

    def __init__(self, bpm):
        self.tempo, self.beat, self.playing, self.num_peers = bpm, 0.0, False, 0
        self.enabled = self.start_stop_sync_enabled = False
        self.made.append(self)


def test_link_joins_follows_only_peers_and_leaves(monkeypatch):
    monkeypatch.setitem(sys.modules, "aalink", SimpleNamespace(Link=FakeLink))
    monkeypatch.setattr(transport, "JOIN_SECONDS", 0.01)
    one = LinkTransport()
    link = FakeLink.made[-1]
    until(lambda: link.enabled)
    assert link.start_stop_sync_enabled
    assert one.bpm is one.beat is one.playing is None
    link.num_peers, link.tempo, link.beat, link.playing = 1, 98.0, 2.5, True
    assert (one.bpm, one.beat, one.playing, one.source) == (98.0, 2.5, True, "link")
    one.close()
    assert not link.enabled


def test_target_follows_only_valid_link_tempi_and_stays_when_peers_leave(monkeypatch):
    monkeypatch.setitem(sys.modules, "aalink", SimpleNamespace(Link=FakeLink))
    monkeypatch.setattr(transport, "JOIN_SECONDS", 0.01)
    controls = Controls(namespace([]))
    one = LinkTransport()
    link = FakeLink.made[-1]
    follow = Follow(one, controls, play=True, tempo=True)
    held = 0.0
    for tempo in (98.0, float("nan"), 0.0, -5.0, 20.0, 999.0, 1e300, float("inf"), 140.0):
        link.tempo, link.beat = tempo, tempo
        link.num_peers, link.playing = 1, True
        follow.update()
        held = (
            tempo if 40 <= tempo <= 240 else held
        )  # only a tempo in the range of the target is held
        assert controls.get("/tempo/target") == held and controls.get("/play") == 1
        assert one.bpm is None or one.bpm == tempo > 0
        assert one.beat is None or one.beat == tempo
        link.num_peers = 0  # all peers gone: target and play stay
        follow.update()
        assert one.bpm is one.beat is one.playing is None
        assert controls.get("/tempo/target") == held and controls.get("/play") == 1
    one.close()
    assert one.bpm is None and not one._thread.is_alive()


def test_link_without_its_library_names_the_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "aalink", None)
    with pytest.raises(MusicRFMError, match=r"pip install 'musicrfm-bridge\[link\]'"):
        LinkTransport()


@pytest.mark.needs("aalink", "libatomic")
def test_two_real_link_sessions_open_close_and_agree_if_connected():
    one, other = LinkTransport(), LinkTransport()
    deadline = time.monotonic() + 3  # a machine without multicast is no mistake of ours
    while not (one.peers and other.peers) and time.monotonic() < deadline:
        time.sleep(0.02)
    if one.peers and other.peers:
        one._link.tempo, one._link.playing = 97.0, True
        until(lambda: other.bpm == pytest.approx(97.0, abs=0.01) and other.playing)
        assert other.beat is not None
    for link in (one, other):
        link.close()
        assert not link._thread.is_alive()


@pytest.mark.needs("torch")
def test_follow_options_without_a_clock_are_refused(capsys):
    for option in ("--clock-play", "--clock-tempo"):
        assert main(["play", option]) == 2
        assert "need --clock midi or --clock link" in capsys.readouterr().err


def test_continue_song_position_and_start_set_the_beat():
    stage = Stage()
    stage.play(120, 48)
    stage.send("start")
    assert stage.transport.beat is None  # before the first tick
    stage.play(120, 37)
    assert stage.transport.beat == pytest.approx(1.5)
    stage.send("stop")
    stage.now += 0.6  # no clock while stopped, as some send it
    assert stage.transport.phase.error == 0 and stage.transport.beat == pytest.approx(1.5)
    stage.send("continue")
    stage.play(120, 24)
    assert stage.transport.beat == pytest.approx(2.5, abs=0.01)
    assert stage.transport.bpm == pytest.approx(120, rel=0.01)
    stage.send("songpos", pos=8)  # while it plays
    stage.play(120, 1)
    assert stage.transport.beat == pytest.approx(2.0, abs=0.01)
    stage.send("start")
    stage.play(120, 25)
    assert stage.transport.beat == pytest.approx(1.0, abs=0.01)


def test_beat_stays_correct_through_a_stall_and_lost_ticks():
    stage = Stage()
    stage.play(120, 72)
    stage.send("start")
    stage.play(120, 48)
    stage.now += 0.3
    assert stage.transport.beat == pytest.approx(47 / 24 + 0.6)  # it is known without a tick
    assert 0 < stage.transport.phase.error < 0.05
    for _ in range(14):
        stage.transport.tick(stage.now)  # all at once
    stage.now += 60 / 120 / 24 * 15 - 0.3
    stage.transport.tick(stage.now)
    assert stage.transport.beat == pytest.approx(62 / 24, abs=0.01)
    stage.now += 60 / 120 / 24 * 5  # five never come
    stage.play(120, 24)
    assert stage.transport.beat == pytest.approx(91 / 24, abs=0.01)
    assert stage.transport.phase.bpm == pytest.approx(120)


def test_non_finite_tick_is_ignored_and_claims_no_port():
    stage = Stage()
    for wrong in (float("nan"), float("inf"), -float("inf")):
        stage.transport.tick(wrong, "a")
    stage.play(120, 48, port="b")
    assert stage.transport.bpm == pytest.approx(120)


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.text(), st.floats().map(repr), st.integers().map(str)))
def test_no_clock_line_raises(rest):
    knobs = MidiInput(Controls(namespace([])), [], transport=MidiTransport(lambda: 0.0))
    knobs.hear(f"clock {rest}")
    knobs.hear(f"clock {rest}")
