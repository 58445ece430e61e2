"""Presets: storing, keeping in the rig file, recalling and morphing."""

from __future__ import annotations

import threading
import time
import unicodedata

import pytest

from bridge.controls.controls import Controls, namespace
from bridge.controls.presets import MAX_NAME, Presets
from bridge.rig import load_rig
from bridge.toml import saving
from musicrfm.errors import MusicRFMError
from tests.bridge.osc.test_server import Peer, build

RIG = """# my rig
[engine]
prompt = "a waltz"   # slow

# the loud one
[presets.chorus]
"/gain" = 3.0  # careful
"/steer/note_C" = 1.0
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    """A busy machine may take long to write."""
    monkeypatch.setattr("bridge.controls.presets.CLOSE_SECONDS", 60.0)


@pytest.fixture
def controls() -> Controls:
    return Controls(namespace(["note_C", "note_G"]), {"/prompt": "piano"})


def test_preset_restores_all_stored_values(controls: Controls) -> None:
    presets = Presets(controls)
    controls.set("/steer/note_C", 0.5)
    controls.set("/steer/note_C/layers", "top:3")
    controls.set("/gain", -6.0)
    presets.store(" verse ")
    stored = dict(controls.snapshot().values)
    for address, value in {
        "/steer/note_C": 0.0,
        "/steer/note_G": 1.0,
        "/steer/note_C/layers": "all",
        "/gain": 0.0,
        "/prompt": "drums",
    }.items():
        controls.set(address, value)
    presets.recall("verse", "web")
    assert dict(controls.snapshot().values) == stored
    assert controls.source("/gain") == "web"


def test_preset_does_not_contain_the_play_state(controls: Controls) -> None:
    presets = Presets(controls)
    presets.store("quiet")
    controls.set("/play", 0)
    presets.recall("quiet")
    assert controls.get("/play") == 0


def test_morph_glides_only_float_values(controls: Controls) -> None:
    presets = Presets(controls, presets={"b": {"/steer/note_C": 1.0, "/gain": -6.0, "/top_k": 9}})
    version = controls.snapshot().version
    presets.morph("b", 8)
    after = controls.snapshot()
    assert after.version == version + 1  # all of it at the same moment
    assert after.glides == {"/steer/note_C": 8.0, "/gain": 8.0}
    controls.set("/gain", 0.0)  # a hand on the fader takes over
    assert "/gain" not in controls.snapshot().glides


def test_morph_in_beats_uses_the_tempo_and_needs_one(controls: Controls) -> None:
    presets = Presets(controls)
    controls.set("/steer/note_C", 1.0)
    presets.store("high")
    controls.set("/steer/note_C", 0.0)
    with pytest.raises(MusicRFMError, match="morphing in beats needs a tempo.*--clock"):
        presets.morph_beats("high", 8)
    presets.bpm = lambda: 120.0
    presets.morph_beats("high", 8)
    assert controls.snapshot().glides["/steer/note_C"] == pytest.approx(4.0)


def test_presets_are_kept_in_the_rig_file_with_its_comments(controls: Controls, tmp_path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text(RIG, encoding="utf-8")
    presets = Presets(controls, path, load_rig(path).presets)
    controls.set("/steer/note_G", 0.25)
    presets.store("Strophe 1 – ü")
    text = path.read_text("utf-8")
    assert text.startswith(RIG)
    again = Presets(controls, path, load_rig(path).presets)
    assert again.names() == ["chorus", "Strophe 1 – ü"]
    controls.set("/steer/note_G", 0.0)
    again.recall("Strophe 1 – ü")
    assert controls.get("/steer/note_G") == 0.25
    again.store("chorus", replace=True)
    assert load_rig(path).presets["chorus"]["/steer/note_G"] == 0.25
    assert "# the loud one" in path.read_text("utf-8")
    again.delete("Strophe 1 – ü")
    again.delete("chorus")
    assert load_rig(path).presets == {}
    assert "# slow" in path.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_preset_name_is_the_same_in_either_unicode_form(controls: Controls, tmp_path) -> None:
    path = tmp_path / "rig.toml"
    mac, other = (unicodedata.normalize(form, "Übung") for form in ("NFD", "NFC"))
    path.write_text(f'[presets."{mac}"]\n"/gain" = 3.0\n', "utf-8")
    presets = Presets(controls, path, load_rig(path).presets)
    presets.recall(other)
    assert controls.get("/gain") == 3.0
    controls.set("/gain", -9.0)
    presets.store(mac, replace=True)
    assert list(load_rig(path).presets) == [other] and presets.names() == [other]
    assert load_rig(path).presets[other]["/gain"] == -9.0
    presets.delete(other)
    assert not load_rig(path).presets


def test_stored_preset_is_replaced_only_on_request(controls: Controls, tmp_path) -> None:
    path = tmp_path / "rig.toml"
    presets = Presets(controls, path)
    told: list[tuple] = []
    controls.on_error(lambda message, source: told.append((message, source)))
    for number, gain in enumerate((-1.0, -2.0, -2.0, -3.0)):
        controls.set("/gain", gain)
        controls.set("/preset/store", "verse", f"client {number}")
    assert [source for _, source in told] == ["client 1", "client 2", "client 3"]
    assert "this is verse-3; /preset/replace replaces" in told[-1][0]
    presets.close()
    kept = load_rig(path).presets
    assert {name: values["/gain"] for name, values in kept.items()} == {
        "verse": -1.0,
        "verse-2": -2.0,  # equal values are not stored twice
        "verse-3": -3.0,
    }
    controls.set("/gain", -4.0)
    assert presets.store("verse") == "verse-4"
    controls.set("/preset/replace", "verse")
    assert presets.store("verse") == "verse"
    controls.set("/gain", -5.0)
    long = "x" * MAX_NAME
    assert [presets.store(long), len(presets.store(long))] == [long, MAX_NAME]
    controls.set("/gain", -6.0)
    assert presets.store(long) == "x" * (MAX_NAME - 2) + "-2"


def test_failed_write_stores_no_preset_and_keeps_the_file(controls: Controls, tmp_path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text("not = = toml", encoding="utf-8")
    presets = Presets(controls, path)
    with pytest.raises(MusicRFMError, match="cannot change the rig file"):
        presets.store("a")
    assert presets.names() == [] and path.read_text("utf-8") == "not = = toml"


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME + 1), "a\nb", None, 3])
def test_invalid_preset_name_is_refused(controls: Controls, name: object) -> None:
    with pytest.raises(MusicRFMError, match="a preset name must have"):
        Presets(controls).store(name)


def test_missing_preset_is_refused_and_a_missing_control_is_skipped(
    controls: Controls, caplog
) -> None:
    presets = Presets(controls, presets={"a": {"/steer/gone": 1.0, "/gain": -3.0}})
    with pytest.raises(MusicRFMError, match="preset 'b' does not exist; known: a"):
        presets.recall("b")
    with pytest.raises(MusicRFMError, match="does not exist"):
        presets.delete("b")
    presets.recall("a")
    assert controls.get("/gain") == -3.0 and "/steer/gone" in caplog.text


class TestSetMany:
    def test_set_many_changes_all_values_or_none(self, controls: Controls) -> None:
        before = controls.snapshot()
        for bad in ({"/top_k": "x"}, {"/nowhere": 1}, {"/panic": 1}, {"/preset/store": "a"}):
            with pytest.raises(MusicRFMError):
                controls.set_many({"/gain": -3.0, **bad})
        code = {"/gain": -3.0, "/steer/note_C/schedule": "python:os:system"}
        with pytest.raises(MusicRFMError, match="runs code"):
            controls.set_many(code)
        assert controls.snapshot() is before

    def test_set_many_reports_only_changed_values_after_clamping(self, controls: Controls) -> None:
        heard = []
        controls.on_change(lambda *change: heard.append(change))
        kept = controls.set_many({"/gain": 99, "/temperature": 1.0}, 2, "web")
        assert kept["/gain"] == 12.0
        assert heard == [("/gain", 12.0, "web")]

    @pytest.mark.parametrize("seconds", ["x", float("nan"), float("inf")])
    def test_invalid_glide_time_is_refused(self, controls: Controls, seconds: object) -> None:
        with pytest.raises(MusicRFMError, match="number of seconds"):
            controls.set_many({"/gain": 0.0}, seconds)


def test_storing_through_a_control_does_not_wait_for_the_disk(
    controls: Controls, tmp_path, monkeypatch
) -> None:
    path = tmp_path / "rig.toml"
    path.write_text(RIG, encoding="utf-8")
    free, edits = threading.Event(), []
    edit = saving.edit

    def slow(*arguments) -> None:
        edits.append(1)
        assert free.wait(10.0)
        return edit(*arguments)

    monkeypatch.setattr(saving, "edit", slow)
    presets = Presets(controls, path, load_rig(path).presets)
    began = time.monotonic()
    for number in range(150):
        controls.set("/gain", -number / 10)
        controls.set("/preset/store", f"p{number}")
    controls.set("/preset/delete", "chorus")
    assert time.monotonic() - began < 8.0  # the disk takes ten
    presets.replace(load_rig(path).presets)  # the file, which has none of it yet, is read again
    assert presets.names() == [f"p{number}" for number in range(150)]
    controls.set("/preset/recall", "p100")
    assert controls.get("/gain") == -10.0
    free.set()
    presets.close()
    kept = load_rig(path).presets
    assert "chorus" not in kept and kept["p149"]["/gain"] == pytest.approx(-14.9)
    assert len(kept) == 150 and len(edits) <= 3


def test_unwritable_preset_is_reported_and_kept_for_the_set(controls: Controls, tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text("not = = toml", encoding="utf-8")
    told: list[str] = []
    controls.on_error(lambda message, source: told.append(message))
    presets = Presets(controls, path)
    controls.set("/preset/store", "a")
    presets.close()
    assert presets.names() == ["a"] and path.read_text("utf-8") == "not = = toml"
    assert len(told) == 1 and "cannot change the rig file" in told[0]


def test_presets_are_stored_and_morphed_over_osc() -> None:
    peer = Peer()
    try:
        presets = Presets(peer.controls)
        peer.send(build("/steer/note_C", 0.5))
        peer.send(build("/preset/store", "a"))
        peer.send(build("/steer/note_C", 0.0))
        peer.send(build("/preset/morph", "a", 5))
        peer.settle()
        assert presets.names() == ["a"]
        assert peer.controls.snapshot().glides["/steer/note_C"] == 5.0
        for wrong, said in (
            (build("/preset/recall", "b"), "preset 'b' does not exist"),
            (build("/preset/recall", 5), "needs a text"),
            (build("/preset/morph", "a"), "needs a name and seconds"),
        ):
            peer.send(wrong)
            address, reason = peer.hear()
            assert address == "/error" and said in reason
    finally:
        peer.server.close()
        peer.socket.close()
