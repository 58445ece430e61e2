"""`bridge devices`: the name, outputs and sample rates of each sound output."""

from __future__ import annotations

import pytest

from bridge.audio import device_list
from bridge.cli import main

TWO_SYSTEMS = """
class PortAudioError(Exception): pass
class default:
    hostapi = 0
    device = {"output": -1}
print("what a driver prints")
def query_hostapis(number):
    return [{"name": "MME", "default_output_device": 0}, {"name": "ASIO"}][number]
def query_devices():
    return [
        {"index": 0, "name": "MOTU 828", "hostapi": 0, "max_output_channels": 2,
         "default_samplerate": 44100.0},
        {"index": 1, "name": "Mic", "hostapi": 0, "max_output_channels": 0,
         "default_samplerate": 44100.0},
        {"index": 2, "name": "MOTU 828", "hostapi": 1, "max_output_channels": 18,
         "default_samplerate": 48000.0},
        {"index": 3, "name": "Phone", "hostapi": 1, "max_output_channels": 1,
         "default_samplerate": 16000.0},
    ]
def check_output_settings(device, samplerate):
    if device != 2 or samplerate > 96000:
        raise PortAudioError("no")
"""


def pretend(tmp_path, monkeypatch, source: str) -> None:
    (tmp_path / "sounddevice.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_device_list_shows_outputs_rates_and_host_system(tmp_path, monkeypatch, capsys):
    pretend(tmp_path, monkeypatch, TWO_SYSTEMS)
    monkeypatch.setattr("bridge.cli.input_names", list)
    assert main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:4] == [
        '*  0  "MOTU 828, MME"   2 outputs, 44100 Hz',
        '   2  "MOTU 828, ASIO"  18 outputs, 48000 Hz (or 32000, 44100, 88200, 96000)',
        '   3  "Phone, ASIO"     1 output, 16000 Hz',
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise OSError('PortAudio library not found')", "apt install libportaudio2"),
        ("class PortAudioError(Exception): pass\ndef query_devices(): return []", "connect one"),
        ("import os; os._exit(3)", "the audio system does not answer"),
        ("import time; time.sleep(60)", "the audio system does not answer"),
        ("def query_devices(): raise ValueError('odd driver')", "ValueError: odd driver"),
    ],
)
def test_empty_device_list_gives_the_reason(tmp_path, monkeypatch, capsys, source, said):
    pretend(tmp_path, monkeypatch, source)
    monkeypatch.setattr(device_list, "ANSWER_SECONDS", 1.0 if "sleep" in source else 20.0)
    monkeypatch.setattr("bridge.cli.input_names", list)
    assert main(["devices"]) == 0
    assert said in capsys.readouterr().out.splitlines()[1]
