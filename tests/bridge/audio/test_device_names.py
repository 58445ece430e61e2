"""Finding a device by name: on several host systems, truncated, numeric or ambiguous."""

from __future__ import annotations

import unicodedata

import pytest

from bridge.audio.device_names import SetupError, exact, named

LONG = "CABLE Input (VB-Audio Virtual Cable)"
SYSTEMS = {
    0: "MME",
    1: "Windows DirectSound",
    2: "Windows WASAPI",
    3: "Windows WDM-KS",
    4: "ASIO",
    5: "Core Audio",
    6: "ALSA",
    7: "JACK Audio Connection Kit",
}


def device(index: int, name: str, system: int, outputs: int = 2) -> dict:
    return {"index": index, "name": name, "hostapi": system, "max_output_channels": outputs}


WINDOWS = [
    device(4, LONG[:31], 0),
    device(5, LONG, 1),
    device(6, LONG, 2),
    device(7, "CABLE Input (VB-Audio Point)", 3),
    device(9, "MOTU 828", 0, 18),
    device(10, "Quantum 2626 Out", 0, 8),
    device(12, "MOTU M Series", 2),
    device(13, "MOTU Pro Audio", 4, 28),
    device(14, "Lautsprecher (2- USB-Audiogerät)", 2),
    device(15, "Lautsprecher (USB-Audiogerät)", 2),
    device(16, "Model 12", 2),
]
ELSEWHERE = [
    device(0, "HDA Intel PCH: ALC257 Analog (hw:0,0)", 6),
    device(3, "HDA Intel PCH: HDMI 1 (hw:0,7)", 6),
    device(4, "jack", 6),
    device(5, "system", 7, 8),
    device(6, "BlackHole 2ch", 5),
    device(7, "BlackHole 16ch", 5, 16),
    device(8, "USB Audio CODEC", 5),
    device(9, "USB Audio CODEC", 5),
    device(11, "808", 7),
    device(808, "Model 8", 7),
    device(1010, "Focusrite USB ASIO", 4),
]


def found(devices: list[dict], wanted: str) -> int:
    return named(devices, wanted, "output", SYSTEMS)["index"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("MOTU 828", 9),
        ("motu  828", 9),
        (f"{LONG}, Windows WASAPI", 6),
        ("CABLE Input, Windows WASAPI", 6),
        ("CABLE Input WASAPI", 6),
        ("CABLE Input,wasapi", 6),
        ("CABLE Input (Windows WASAPI)", 6),
        ("WASAPI: CABLE Input", 6),
        ("cable directsound", 5),
        ("CABLE Input, DS", 5),
        ("CABLE Input WDM-KS", 7),
        ("cable wdm ks", 7),
        (f"{LONG}, MME", 4),  # which cuts the name off
        (f"{LONG[:31]}, Windows WASAPI", 6),  # learned from one that does
        ("Virtual C, MME", 4),
        ("MOTU, ASIO", 13),
        ("ASIO", 13),
        ("828", 9),
        ("828, MME", 9),
        ("2626", 10),
        ("7", 7),
        ("#7", 7),
        ("7, Windows WDM-KS", 7),
        ("14", 14),
        ("pro motu", 13),
        ("Lautsprecher (USB-Audiogera\u0308t)", 15),  # the other way to write it
        ("Lautsprecher (3- USB-Audiogerät)", 14),  # put into another socket
    ],
)
def test_windows_device_names_are_matched(wanted, index):
    assert found(WINDOWS, wanted) == index


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("system, JACK", 5),
        ("system JACK Audio Connection Kit", 5),
        ("jack", 4),  # a device name goes before a system name
        ("hdmi", 3),
        ("hw:0,0", 0),
        ("0", 0),  # the numbers in (hw:0,0) are no name
        ("3", 3),
        ("BlackHole 2ch", 6),
        ("16ch, CoreAudio", 7),
        ("16ch Core Audio", 7),
        ("808", 11),  # its name, though another has that number
        ("257", 0),  # a part of a name, and nothing's number
        ("16", 7),
        ("focusrite asio", 1010),
        ("HDA Intel PCH: HDMI 1 (hw:2,7)", 3),  # its card came later this time
        ("HDA Intel PCH: HDMI 1 (hw:2,7), ALSA", 3),
    ],
)
def test_alsa_jack_and_core_audio_device_names_are_matched(wanted, index):
    assert found(ELSEWHERE, wanted) == index


@pytest.mark.parametrize(
    ("devices", "wanted", "could"),
    [
        (WINDOWS, "CABLE Input", [4, 5, 6, 7]),
        (WINDOWS, LONG, [5, 6]),
        (WINDOWS, "MOTU", [9, 12, 13]),
        (WINDOWS, "lautsprecher wasapi", [14, 15]),
        (WINDOWS, "12", [12, 16]),  # a number, and a name: which is meant?
        (ELSEWHERE, "BlackHole", [6, 7]),
        (ELSEWHERE, "USB Audio CODEC", [8, 9]),
        (ELSEWHERE, "usb audio codec, core audio", [8, 9]),
    ],
)
def test_ambiguous_name_is_an_error_that_says_how_to_name_each_device(devices, wanted, could):
    with pytest.raises(SetupError) as info:
        found(devices, wanted)
    first, *rest = str(info.value).splitlines()
    assert first == f"{wanted!r} could mean {len(could)} output devices, so say which:"
    assert len(rest) == len(could) and info.value.kind == "unknown"
    told = {line.split('"')[1]: line for line in rest}
    assert sorted(found(devices, name) for name in told) == could
    assert all(f"is number {found(devices, name)}, with" in line for name, line in told.items())


def test_exact_name_of_identical_devices_is_their_number():
    assert exact(ELSEWHERE, ELSEWHERE[6], SYSTEMS) == "#8"
    assert exact(ELSEWHERE, ELSEWHERE[3], SYSTEMS) == "system, JACK Audio Connection Kit"


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        " ",
        ",",
        "Scarlett",
        "MOTU 828, ASIO",
        "99",
        "-1",
        "3,4",
        "#",
        "#99",
        "²",
        "٣",
        "9" * 5000,
    ],
)
def test_unknown_name_is_an_error_that_lists_the_devices(wanted):
    with pytest.raises(SetupError, match="no output device matches .*; there are: 4 'CABLE") as one:
        found(WINDOWS, wanted)
    assert "9 'MOTU 828' (MME)" in str(one.value) and len(str(one.value)) < 1000


def test_error_lists_only_the_closest_of_many_devices():
    many = [device(n, f"Dante {n}", 4) for n in range(40)] + [device(40, "Scarlett 4i4", 4)]
    with pytest.raises(SetupError, match="there are: 40 'Scarlett 4i4'.* and 29 more, see"):
        found(many, "Scarlatt 4i4")


def test_host_systems_default_to_those_of_windows():
    assert named(WINDOWS[:6], "CABLE Input, Windows WASAPI", "output")["index"] == 6
    bare = [{"index": 1, "name": "Line In", "max_input_channels": 2}]
    assert named(bare, "line", "input") is bare[0]


def test_names_match_in_either_unicode_form():
    one = device(1, unicodedata.normalize("NFD", "Ecouteurs d’été"), 5)
    assert found([one], "écouteurs d’été".replace("é", "E", 1)) == 1
