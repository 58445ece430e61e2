"""The control page in headless Chromium, beside an engine that really plays and an OSC server."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.output import PacedOutput
from bridge.controls.controls import Controls, namespace
from bridge.controls.presets import Presets
from bridge.engine import Engine
from bridge.meters import Meters
from bridge.osc.packets import build
from bridge.osc.server import OscServer
from bridge.web.server import WebServer
from tests.bridge.tones import RATE, ToneStream, pitch
from tests.web.browser import Browser, Page, until
from tests.web.fakes import Learner

pytestmark = pytest.mark.needs("chromium")

NOTE = '.knob[data-address="/steer/note_C"]'
TOO_SMALL = """[...document.querySelectorAll("button, input, select, .knob, summary")]
    .filter((e) => e.checkVisibility() && !e.closest("details:not([open])"))
    .map((e) => [e.outerHTML.slice(0, 80), e.offsetWidth, e.offsetHeight])
    .filter(([, width, height]) => Math.min(width, height) < 28 || Math.max(width, height) < 40)"""
NARROW = """[...document.querySelectorAll("input:not([type]), input[type=text]")]
    .filter((e) => e.checkVisibility() && e.offsetWidth < 80)
    .map((e) => [e.outerHTML.slice(0, 80), e.offsetWidth])"""
SHOWN = f"Number(document.querySelector('{NOTE}').ariaValueNow)"


class Ear:
    """A recorder that remembers the last tenth of a second."""

    def __init__(self) -> None:
        self.sound = np.zeros((0, 1), np.float32)

    def write(self, audio: np.ndarray) -> None:
        self.sound = np.concatenate([self.sound, audio])[-RATE // 10 :]

    def close(self) -> None:
        pass

    def hears(self, frequency: float) -> bool:
        return len(self.sound) >= RATE // 10 and abs(pitch(self.sound, RATE) / frequency - 1) < 0.03


class Set:
    """A set being played: 220 Hz, an octave up for each unit of the direction note_C."""

    def __init__(self, rig: Path) -> None:
        rig.write_text("# mine\n", encoding="utf-8")
        self.controls = Controls(namespace(["note_C", "note_G", "tempo"]))
        self.presets = Presets(self.controls, rig)
        self.learner, self.ear = Learner(), Ear()
        self.meters = Meters(RATE)
        steers = {f"/steer/{name}": name for name in ("note_C", "note_G", "tempo")}
        self.stream = ToneStream()
        self.engine = Engine(
            self.stream,
            self.controls,
            PacedOutput(RATE, "no sound card"),
            steers,
            recorders=[self.ear, self.meters],
        )
        self.osc, self.web = OscServer(port=0), WebServer(port=0)
        self.engine.start()
        self.meters.start(self.engine)
        self.osc.start(self.controls, self.meters)
        about = {"model": "tone"}
        self.web.start(self.controls, self.meters, self.presets, self.learner, about)

    def send(self, address: str, *values: object) -> None:
        """One OSC packet, as from any other program."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(build(address, *values), ("127.0.0.1", self.osc.port))

    def close(self) -> None:
        for part in (self.web, self.osc, self.meters):
            part.close()
        self.engine.stop()
        assert self.engine.join(30.0) and self.engine.failure is None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(Path(folder))
        yield browser
        browser.close()


@pytest.fixture
def stage(tmp_path) -> Iterator[Set]:
    stage = Set(tmp_path / "rig.toml")
    yield stage
    stage.close()


@pytest.fixture
def page(stage, browser) -> Iterator[Page]:
    page = browser.page(stage.web.url)
    page.live()
    yield page
    assert page.errors() == []
    page.close()


def note(stage: Set) -> float:
    return stage.controls.get("/steer/note_C")


def test_a_turned_dial_moves_the_engine_and_the_sound(stage, page):
    until(lambda: stage.ear.hears(220.0), "the tone")
    page.drag(NOTE, 0, -55)
    value = until(lambda: note(stage), "the control")
    assert 0.8 < value < 1.2
    until(lambda: stage.stream.steering.values.get("note_C") == value, "the stream's coefficient")
    until(lambda: stage.ear.hears(220.0 * 2**value), "the higher tone")
    assert page.js(SHOWN) == pytest.approx(value, abs=0.001)


def test_osc_moves_the_dial_on_screen_and_two_browsers_stay_in_step(stage, browser, page):
    other = browser.page(stage.web.url)
    other.live()
    stage.send("/steer/note_C", 0.75)
    for one in (page, other):
        one.wait(f"{SHOWN} === 0.75")
    other.drag(NOTE, 0, -20)
    until(lambda: note(stage) > 1, "the control")
    page.wait(f"{SHOWN} > 1")
    page.wait(f"{SHOWN} === {note(stage)}")
    assert other.errors() == []
    other.close()


def test_page_reload_keeps_values_prompt_presets_and_log(stage, page):
    stage.controls.set("/prompt", "a flute at night")
    stage.presets.store("verse")
    page.drag(NOTE, 0, -30)
    until(lambda: note(stage) > 0.3, "the control")
    logging.getLogger("bridge").warning("a cable came loose")
    page.wait("document.getElementById('log').textContent.includes('a cable came loose')")
    page.reload()
    page.live()
    page.wait(f"{SHOWN} === {note(stage)}")
    page.wait("document.querySelector('#prompt input').value === 'a flute at night'")
    page.wait("document.querySelector('[data-preset=verse]') !== null")
    page.wait("document.getElementById('log').textContent.includes('a cable came loose')")
    assert stage.stream.restarts == 0


def test_a_page_of_another_origin_or_host_cannot_control_it(stage, browser):
    attacker = WebServer(port=0)  # another page on this machine: another port, another origin
    attacker.start(Controls(namespace([])))
    ours = f"127.0.0.1:{stage.web.port}"
    page = browser.page("")
    page.ask("Page.setBypassCSP", enabled=True)
    page.open(attacker.url)
    page.live()
    attack = (
        "new Promise(done => {{ const s = new WebSocket('ws://{0}/socket');"
        " s.onopen = () => {{ s.send(JSON.stringify({{set: {{'/gain': -40}}}})); done('open'); }};"
        " s.onerror = () => done('refused'); }})"
    )
    assert page.js(attack.format(ours)) == "refused"
    evil = browser.page(f"http://evil.test:{stage.web.port}/")  # a name that means this machine
    evil.wait("document.body?.innerText.includes('There is no')")
    assert evil.js(attack.format(f"evil.test:{stage.web.port}")) == "refused"
    assert stage.controls.get("/gain") == 0.0
    for one in (page, evil):
        one.close()
    attacker.close()


def test_keyboard_alone_turns_a_dial_and_pauses_the_music(stage, page):
    page.js(f"document.querySelector('{NOTE}').focus()")
    page.key("ArrowUp", 38)
    until(lambda: note(stage) > 0, "a step up")
    page.type("1.5")
    page.enter()
    until(lambda: note(stage) == 1.5, "the typed value")
    page.key("Delete", 46)
    until(lambda: note(stage) == 0, "the default")
    page.key(" ", 32, " ")
    until(lambda: stage.controls.get("/play") == 0, "the pause")
    page.key(" ", 32, " ")
    until(lambda: stage.controls.get("/play") == 1, "the music")


def test_a_finger_turns_a_dial_on_a_phone(stage, browser):
    page = browser.page(stage.web.url, width=390, height=844, touch=True)
    page.live()
    assert page.js("document.documentElement.scrollWidth") <= 390
    page.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.js("document.documentElement.scrollWidth") <= 390
    small = page.js(TOO_SMALL)
    assert small == [], "what is smaller than a finger"
    assert page.js(NARROW) == [], "what shows too little of a text"
    page.touch_drag(NOTE, 0, -55)
    until(lambda: note(stage) > 0.5, "the control")
    assert page.errors() == []
    page.close()


def test_level_chroma_presets_and_midi_learn(stage, page):
    page.wait("/[-−]\\d+(\\.\\d+)? dB/.test(document.querySelector('.meter output').textContent)")
    page.wait("document.querySelector('[role=meter]').ariaValueNow > -20")
    until(lambda: max(stage.meters.read().chroma) > 0.5, "the chroma of a tone")
    page.drag(NOTE, 0, -55)
    kept = until(lambda: note(stage), "the control")
    page.click("#presets input")
    page.type("high")
    page.enter()
    page.wait("document.querySelector('[data-preset=high]') !== null")
    assert "high" in stage.presets.names()
    page.js("document.querySelector('[data-address=\"/panic\"]').click()")
    until(lambda: note(stage) == 0, "the panic")
    page.click("[data-preset=high]")
    until(lambda: note(stage) == kept, "the preset")
    page.click("button.learn")
    page.click(NOTE)
    until(lambda: stage.learner.address == "/steer/note_C", "MIDI learn")
    page.wait("document.querySelector('button.learn').textContent.startsWith('Move a control')")
    stage.learner.learn()
    page.wait("document.querySelector('button.learn').textContent === 'MIDI learn'")
    assert note(stage) == kept


def test_mapping_can_be_changed_and_removed_on_the_page(stage, page):
    kept = stage.learner.mapped
    page.js("document.querySelector('#midi details').open = true")
    page.wait("document.querySelector('.mapping legend').textContent === 'CC 20, channel 1 → C'")
    page.js(
        "{ const turns = document.querySelector('.mapping select'); turns.value = 'offset';"
        " turns.dispatchEvent(new Event('change')); }"
    )
    until(lambda: kept.kept[0].get("relative") == "offset", "the encoding")
    page.wait("document.querySelector('.mapping select').value === 'offset'")
    page.js("document.querySelector('.mapping input.number').focus()")
    page.type("0,25")
    kept.change(kept.kept[0], kept.kept[0] | {"curve": "exp"})  # another page changes it meanwhile
    # The page does not overwrite the text being typed; that edit is then refused with a reason.
    page.wait("document.querySelector('.mapping input.number').value === '0,25'")
    page.enter()
    page.wait("document.getElementById('toast').textContent.includes('changed elsewhere')")
    page.wait("document.querySelectorAll('.mapping select')[1].value === 'exp'")
    page.js("document.querySelector('.mapping input.number').focus()")
    page.type("0,5")
    page.enter()
    until(lambda: kept.kept[0].get("step") == 0.5, "the step")
    page.wait("document.querySelector('.mapping input.number').value === '0.5'")
    page.js("document.querySelector('.mapping button.quiet').click()")
    until(lambda: not kept.kept, "nothing")
    page.wait("document.querySelector('#midi').textContent.includes('No control is mapped')")


class Proxy:
    """A reverse proxy that replaces the Host header and adds no forwarding headers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            server = socket.create_connection(("127.0.0.1", self._port))
            with server:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = client.recv(4096)
                    if not data:
                        return
                    head += data
                host = b"Host: 127.0.0.1:%d" % self._port
                head = re.sub(rb"(?i)\r\nhost: [^\r]*", b"\r\n" + host, head, count=1)
                if b"websocket" not in head.lower():  # one request for each connection
                    head = head.replace(b"keep-alive", b"close")
                server.sendall(head)
                back = threading.Thread(target=_pour, args=(server, client), daemon=True)
                back.start()
                _pour(client, server)
                back.join()

    def close(self) -> None:
        self._listening.close()


def _pour(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(4096):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def says(page: Page) -> str:
    return page.js("document.getElementById('connection').textContent")


def test_page_reports_a_lost_bridge_and_reconnects_by_itself(browser, monkeypatch):
    monkeypatch.delenv("BRIDGE_WEB_TOKEN", raising=False)
    controls = Controls(namespace(["note_C"]))
    first = WebServer(port=0)
    first.start(controls)
    page = browser.page(first.url, width=390, height=844, touch=True)
    page.live()
    first.close()
    page.wait("document.getElementById('connection')?.className === 'gone'")
    assert "Connection lost" in says(page)
    assert page.js("document.getElementById('stage').inert")
    controls.set("/steer/note_C", 0.5)
    second = WebServer(port=first.port)
    second.start(controls)
    page.live()
    page.wait(f"{SHOWN} === 0.5")
    assert not page.js("document.getElementById('stage').inert")
    page.close()
    second.close()


def test_page_beyond_the_limit_says_so_and_connects_when_there_is_room(stage, browser, monkeypatch):
    monkeypatch.setattr("bridge.web.hub.MAX_PAGES", 0)
    page = browser.page(stage.web.url)
    page.wait("document.getElementById('connection')?.className === 'full'")
    monkeypatch.setattr("bridge.web.hub.MAX_PAGES", 1)
    page.live()
    page.close()


def test_page_behind_a_proxy_needs_its_name_and_token(browser):
    """A page refused because its name was not given shows the option that gives it."""
    controls = Controls(namespace(["note_C"]))
    plain = WebServer(port=0)
    plain.start(controls)
    proxy = Proxy(plain.port)
    page = browser.page(f"http://stage.test:{proxy.port}/")
    page.wait("document.getElementById('connection')?.className === 'refused'")
    assert "--web-host stage.test" in says(page)
    page.close()
    proxy.close()
    plain.close()
    named = WebServer(port=0, names=["stage.test"])
    named.start(controls)
    proxy = Proxy(named.port)
    stranger = browser.page(f"http://stage.test:{proxy.port}/")
    stranger.wait("document.body?.innerText.includes('?token=')")
    stranger.close()
    page = browser.page(f"http://stage.test:{proxy.port}/?token={named.token}")
    page.live()
    page.drag(NOTE, 0, -55)
    until(lambda: controls.get("/steer/note_C") > 0.5, "the control")
    assert page.js("location.search") == ""
    page.close()
    proxy.close()
    named.close()
