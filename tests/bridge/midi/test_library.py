"""supriya-midi with the interface of python-rtmidi, which `mido` uses and which is preferred."""

from __future__ import annotations

import enum
import sys
from importlib.util import find_spec
from types import ModuleType

import pytest

from bridge.midi import library as midi_library
from bridge.midi.library import as_rtmidi, ensure


class Api(enum.IntEnum):
    UNSPECIFIED = 0
    UNIX_JACK = 3


class Failed(Exception):
    pass


class Port:
    def __init__(self, api: Api, client: str, *rest: int) -> None:
        assert isinstance(api, Api) and isinstance(client, str)
        self.api, self.client, self._callback = api, client, None

    def get_ports(self) -> list[str]:
        return ["nano"]

    def open_port(self, number: int, name: str) -> None:
        if number:
            raise Failed("there is no such port")


class In(Port):
    def set_callback(self, callback, data=None) -> None:
        self._callback = (callback, data)

    def cancel_callback(self) -> None:
        if not self._callback:
            raise Failed("no callback function was set")
        self._callback = None


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    theirs = ModuleType("supriya_midi")
    theirs.RtMidiAPI, theirs.RtMidiError, theirs.MidiIn, theirs.MidiOut = Api, Failed, In, Port
    theirs.get_compiled_apis = lambda: [Api.UNIX_JACK]
    monkeypatch.setitem(sys.modules, "supriya_midi", theirs)
    return as_rtmidi()


def test_callback_receives_message_and_time_as_one_pair(library):
    port = library.MidiIn(name=None, rtapi=library.API_UNIX_JACK)
    assert port.api is Api.UNIX_JACK and port.get_ports(encoding="utf-8") == ["nano"]
    heard = []
    port.cancel_callback()
    port.set_callback(lambda message, data: heard.append((message, data)), "more")
    callback, data = port._callback
    callback(iter([0xB0, 21, 99]), 0.25, data)
    assert heard == [(([0xB0, 21, 99], 0.25), "more")]
    port.cancel_callback()
    assert port._callback is None


def test_errors_and_constants_are_those_mido_expects(library):
    for port in (library.MidiIn(), library.MidiOut()):
        port.open_port(0)
        with pytest.raises(RuntimeError, match="no such port"):
            port.open_port(1)
    assert library.get_compiled_api() == [3] and library.API_UNSPECIFIED == 0


def test_substitute_is_used_only_without_python_rtmidi(library, monkeypatch):
    monkeypatch.setattr(midi_library, "find_spec", lambda name: None)
    present = ModuleType("rtmidi")
    monkeypatch.setitem(sys.modules, "rtmidi", present)
    ensure()
    assert sys.modules["rtmidi"] is present
    monkeypatch.delitem(sys.modules, "rtmidi")
    ensure()
    assert sys.modules["rtmidi"].MidiIn().client == "RtMidiIn Client"
    assert find_spec("rtmidi") is not None
    monkeypatch.delitem(sys.modules, "rtmidi")
    monkeypatch.setitem(sys.modules, "supriya_midi", None)
    with pytest.raises(ImportError):
        ensure()
