"""The Pure Data patch as a file: well formed, and using only addresses that exist."""

from __future__ import annotations

from bridge.controls.controls import namespace
from max_patches.build import HERE
from max_patches.panel import CHROMA, FIGURES, LEVEL, METERS, SHIPPED, panel
from tests.max_patches import pdfile

# Requests to the bridge, which are not controls.
SERVICE = {"/ping", "/get", "/subscribe"}
CONTROLS = {parameter.address for parameter in namespace(SHIPPED)}
SHOWN = set(panel().addresses)
CANVASES = pdfile.read((HERE / "musicrfm.pd").read_text("utf-8"))
BY_NAME = {canvas.name: canvas for canvas in CANVASES}
OSC, TOP = BY_NAME["osc"], BY_NAME["top"]


def test_cords_join_objects_that_exist() -> None:
    assert {"sentence", "osc", "top"} <= set(BY_NAME)
    for canvas in CANVASES:
        for source, _, target, _ in canvas.cords:
            assert 0 <= source < len(canvas.objects), canvas.name
            assert 0 <= target < len(canvas.objects), canvas.name


def test_addresses_exist_and_every_control_is_sent() -> None:
    sent = set()
    for words in OSC.named("oscformat"):
        atoms = words[3:] if words[1] == "-f" else words[1:]
        sent.add("/" + "/".join(atoms))
    assert sent - SERVICE == SHOWN
    assert sent - SERVICE <= CONTROLS


def test_every_slider_has_its_range_and_is_wired_to_the_osc_subpatch() -> None:
    heard = {words[1] for words in OSC.named("r")}
    told = {words[1] for words in OSC.named("s")}
    sliders = {words[8]: words for kind in ("vsl", "hsl") for words in TOP.named(kind)}
    what = panel()
    turned = [knob.parameter for knob in what.knobs] + [slot.weight for slot in what.slots]
    assert len(sliders) == len(turned)
    for parameter in turned:
        name = f"musicrfm{parameter.address}"
        words = sliders[name]
        assert float(words[3]) == parameter.low
        assert float(words[4]) == parameter.high
        assert words[7] == f"{name}/out" and words[7] in heard
        assert name in told


def test_every_meter_is_received_and_shown() -> None:
    told = {words[1] for words in OSC.named("s")}
    assert {f"musicrfm{meter.address}" for meter in METERS} <= told
    shown = {word for words in TOP.objects if words[0] == "floatatom" for word in words}
    assert {f"musicrfm{meter.address}" for meter in (LEVEL, *FIGURES)} <= shown
    text = (HERE / "musicrfm.pd").read_text("utf-8")
    assert f"#X array musicrfm{CHROMA.address} 12 float 10" in text


def test_every_button_is_wired_to_the_osc_subpatch() -> None:
    heard = {words[1] for words in OSC.named("r")}
    names = {words[5] for kind in ("bng", "tgl") for words in TOP.named(kind)} - {"empty", "0"}
    pressed = {name for words in TOP.named("bng") if (name := words[5]) != "empty"}
    assert pressed <= heard, names
    assert f"musicrfm{panel().panic.address}/out" in pressed
