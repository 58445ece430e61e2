"""Headless Chromium, driven through the DevTools protocol: clicks, drags, touches and keys.

One browser serves many pages; each `Page` is a tab with cookies of its own.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import connect

from tests.needs import chromium

SECONDS = 60  # a loaded machine may take this long for anything


def until(condition: Callable[[], object], what: str, seconds: float = SECONDS) -> object:
    """Waits for something to be true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.03)
    return found


class Browser:
    def __init__(self, folder: Path) -> None:
        command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"]
        command += ["--disable-component-update", "--mute-audio", "--force-color-profile=srgb"]
        command += ["--host-resolver-rules=MAP evil.test 127.0.0.1,MAP stage.test 127.0.0.1"]
        command += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
        self._said = (folder / "stderr.txt").open("w+")
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=self._said, text=True
        )
        said = folder / "stderr.txt"
        found = until(
            lambda: re.search(r"DevTools listening on (ws://\S+)", said.read_text("utf-8")),
            "Chromium to start",
        )
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(connect(found.group(1), max_size=None, proxy=None))
        self._numbers = itertools.count(1)
        self._events: list[dict] = []

    def close(self) -> None:
        self._stack.close()
        self._process.terminate()
        self._process.wait(20)
        self._said.close()

    def ask(self, method: str, session: str | None = None, **parameters: object) -> dict:
        """One DevTools command and its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=SECONDS))
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._events.append(answer)

    def events(self, session: str, method: str) -> list[dict]:
        """The events of one kind that the page has sent so far."""
        mine = [e for e in self._events if e.get("sessionId") == session]
        return [event["params"] for event in mine if event["method"] == method]

    def page(self, url: str, width: int = 1280, height: int = 800, touch: bool = False) -> Page:
        return Page(self, url, width, height, touch)


class Page:
    """A tab. `js` evaluates an expression; the other methods act as a user."""

    def __init__(self, browser: Browser, url: str, width: int, height: int, touch: bool) -> None:
        self._browser = browser
        context = browser.ask("Target.createBrowserContext")["browserContextId"]
        target = browser.ask("Target.createTarget", url="about:blank", browserContextId=context)
        attached = browser.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._context, self._session = context, attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.size(width, height, touch)
        if url:
            self.open(url)

    def ask(self, method: str, **parameters: object) -> dict:
        return self._browser.ask(method, self._session, **parameters)

    def close(self) -> None:
        self._browser.ask("Target.disposeBrowserContext", browserContextId=self._context)

    def size(self, width: int, height: int, touch: bool = False) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        self.ask("Emulation.setTouchEmulationEnabled", enabled=touch, maxTouchPoints=5)

    def open(self, url: str) -> None:
        self.ask("Page.navigate", url=url)

    def reload(self) -> None:
        self.js("window.old = true")
        self.ask("Page.reload")
        until(lambda: self.js("!window.old && document.readyState === 'complete'"), "the reload")

    def js(self, expression: str) -> object:
        """The value of an expression; promises are waited for."""
        result = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, expression: str, what: str = "") -> object:
        """Waits until an expression is true."""
        return until(lambda: self.js(expression), what or expression)

    def live(self) -> None:
        """Waits until the page is connected to a bridge."""
        self.wait("document.getElementById('connection')?.className === 'live'", "the page")

    def errors(self) -> list[str]:
        """Everything that went wrong on the page itself."""
        thrown = self._browser.events(self._session, "Runtime.exceptionThrown")
        logged = self._browser.events(self._session, "Log.entryAdded")
        entries = [event["entry"] for event in logged if event["entry"]["level"] == "error"]
        return [json.dumps(one) for one in (*thrown, *entries)]

    def middle(self, selector: str) -> tuple[float, float]:
        """The middle of an element, scrolled into view."""
        self.wait(f"document.querySelector({json.dumps(selector)}) !== null", selector)
        box = self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        return box[0], box[1]

    def drag(self, selector: str, dx: float, dy: float, steps: int = 5) -> None:
        x, y = self.middle(selector)
        self.mouse("mousePressed", x, y)
        for step in range(1, steps + 1):
            self.mouse("mouseMoved", x + dx * step / steps, y + dy * step / steps)
        self.mouse("mouseReleased", x + dx, y + dy)

    def click(self, selector: str) -> None:
        x, y = self.middle(selector)
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def mouse(self, kind: str, x: float, y: float) -> None:
        pressed = 0 if kind == "mouseReleased" else 1
        self.ask(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left",
            buttons=pressed,
            clickCount=1,
        )

    def touch_drag(self, selector: str, dx: float, dy: float, steps: int = 5) -> None:
        x, y = self.middle(selector)
        self._touch("touchStart", [{"x": x, "y": y}])
        for step in range(1, steps + 1):
            point = {"x": x + dx * step / steps, "y": y + dy * step / steps}
            self._touch("touchMove", [point])
        self._touch("touchEnd", [])

    def _touch(self, kind: str, points: list[dict]) -> None:
        self.ask("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def key(self, key: str, code: int = 0, text: str = "") -> None:
        """One key pressed and let go; `text` is the typed text."""
        common = {"key": key, "windowsVirtualKeyCode": code}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **common, **down)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        for letter in text:
            # Only letters and digits have their character code as key code: 46 would be Delete.
            self.key(letter, ord(letter.upper()) if letter.isalnum() else 0, letter)

    def enter(self) -> None:
        self.key("Enter", 13, "\r")

    def picture(self, path: Path, full: bool = False) -> None:
        """A screenshot as PNG."""
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"]
        path.write_bytes(base64.b64decode(data))
