"""Writes the Pure Data client: a panel of sliders, and a subpatch that speaks OSC for it.

Sliders and subpatch meet through named sends only, so the panel has no long cords: a slider
listens to `musicrfm<address>` and speaks to `musicrfm<address>/out`. Vanilla Pd 0.52 or newer;
answers come back on netsend's own socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.controls import Parameter
from max_patches.panel import EVERYTHING, HOST, PING_MS, PORT, Knob, Panel

INK, GREY, PAPER, BLACK_KEY = "#202020", "#606060", "#fcfcfc", "#404040"
LABEL = 13  # font sizes
SMALL = 11


@dataclass
class Canvas:
    """A Pd canvas under construction; `text()` is its file form."""

    name: str
    width: int
    height: int
    lines: list[str] = field(default_factory=list)
    cords: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, kind: str, x: int, y: int, *words: object) -> int:
        """Put an object there; gives the number that cords call it by."""
        self.lines.append(f"#X {kind} {x} {y} {' '.join(map(str, words))}".rstrip() + ";")
        self.count += 1
        return self.count - 1

    def chain(self, x: int, y: int, *texts: str, step: int = 26) -> list[int]:
        """Objects under one another, first outlet to first inlet; `(…` makes a message box."""
        made = []
        for row, text in enumerate(texts):
            kind, text = ("msg", text[1:]) if text.startswith("(") else ("obj", text)
            made.append(self.add(kind, x, y + row * step, text))
        for above, below in zip(made, made[1:], strict=False):
            self.cord(above, below)
        return made

    def cord(self, source: int, target: int, outlet: int = 0, inlet: int = 0) -> None:
        self.cords.append(f"#X connect {source} {outlet} {target} {inlet};")

    def nest(self, inner: Canvas, x: int, y: int) -> int:
        body = inner.text(f"#N canvas 80 80 {inner.width} {inner.height} {inner.name} 0;")
        self.lines.extend([*body, f"#X restore {x} {y} pd {inner.name};"])
        self.count += 1
        return self.count - 1

    def text(self, head: str) -> list[str]:
        return [head, *self.lines, *self.cords]


def patch(panel: Panel) -> str:
    """The text of `musicrfm.pd`."""
    canvas = Canvas("musicrfm", 720, 440)
    heading(canvas)
    for column, knob in enumerate(panel.notes):
        note_slider(canvas, knob, 30 + 56 * column, 172)
    for place, knob in enumerate(panel.sound):
        sound_slider(canvas, knob, 122 + 350 * (place % 2), 340 + 30 * (place // 2))
    status_line(canvas)
    canvas.nest(osc(panel), 650, 406)
    return "\n".join(canvas.text(f"#N canvas 60 60 {canvas.width} {canvas.height} 12;")) + "\n"


def wire(address: str) -> str:
    """The name by which panel and subpatch know a control."""
    return f"musicrfm{address}"


def heading(canvas: Canvas) -> None:
    box = ("cnv", 5, 690, 40, "empty", "empty", "musicrfm", 12, 20, 0, 22, "#e4e4e4", INK, 0)
    canvas.add("obj", 14, 12, *box)
    canvas.add("text", 150, 24, f"plays and steers the bridge at {HOST} port {PORT}")
    canvas.add("text", 14, 72, "prompt")
    canvas.add("listbox", 72, 70, 87, 0, 0, 0, "-", "-", wire("/prompt/words"), 12)
    canvas.add("text", 72, 92, "write \\, then press Enter")
    play = wire("/play")
    canvas.add(
        "obj", 340, 100, "tgl", 24, 0, f"{play}/out", play, "play", 32, 12, 0, LABEL, PAPER, INK,
        INK, 0, 1,
    )  # fmt: skip
    canvas.add(
        "obj", 440, 100, "bng", 24, 250, 50, 0, wire("/panic/out"), "empty", "panic", 32, 12, 0,
        LABEL, PAPER, "#c02020", INK,
    )  # fmt: skip
    canvas.add(
        "obj", 560, 100, "bng", 24, 250, 50, 0, "empty", wire("/pong"), "bridge", 32, 12, 0,
        LABEL, PAPER, "#20a020", GREY,
    )  # fmt: skip


def note_slider(canvas: Canvas, knob: Knob, x: int, y: int) -> None:
    """An upright slider with its note above and its value below; sharps are dark, as keys are."""
    ground = BLACK_KEY if knob.is_sharp else PAPER
    thumb = PAPER if knob.is_sharp else INK
    canvas.add("text", x - 2, y - 28, knob.label)
    slider(canvas, knob, "vsl", x, y, 20, 120, ground, thumb)
    shown(canvas, knob, x - 10, y + 126)


def sound_slider(canvas: Canvas, knob: Knob, x: int, y: int) -> None:
    """A lying slider with its name to the left and its value to the right."""
    canvas.add("text", x - 108, y - 1, knob.label)
    slider(canvas, knob, "hsl", x, y, 160, 18, PAPER, INK)
    shown(canvas, knob, x + 172, y)


def slider(
    canvas: Canvas, knob: Knob, kind: str, x: int, y: int, width: int, height: int,
    ground: str, thumb: str,
) -> None:  # fmt: skip
    parameter = knob.parameter
    name = wire(parameter.address)
    canvas.add(
        "obj", x, y, kind, width, height, number(parameter.low), number(parameter.high), 0, 0,
        f"{name}/out", name, "empty", 0, -9, 0, SMALL, ground, thumb, INK, 0, 1,
    )  # fmt: skip


def shown(canvas: Canvas, knob: Knob, x: int, y: int) -> None:
    """The control's value in figures. A number box that has a name has no inlet for a cord."""
    canvas.add("floatatom", x, y, 5, 0, 0, 0, "-", wire(knob.parameter.address), "-", SMALL)


def status_line(canvas: Canvas) -> None:
    """A label, since a symbol box shows every space with a backslash."""
    canvas.add("text", 14, 407, "status")
    box = ("cnv", 5, 560, 22, "empty", wire("/status/line"), "empty", 6, 11, 0, LABEL, "#f0f0f0")
    canvas.add("obj", 74, 406, *box, INK, 0)


def osc(panel: Panel) -> Canvas:
    """The subpatch that turns slider moves into packets and answers into slider moves."""
    canvas = Canvas("osc", 1260, 900)
    socket(canvas)
    heartbeat(canvas)
    status(canvas)
    words_and_panic(canvas, panel)
    controls = [(knob.parameter, "f") for knob in panel.knobs]
    controls.append((panel.play, "i"))
    for place, (parameter, kind) in enumerate(controls):
        control(canvas, parameter, kind, 20 + 640 * (place % 2), 380 + 160 * (place // 2))
    return canvas


def socket(canvas: Canvas) -> None:
    canvas.add("text", 20, 10, "packets out \\, answers back on the same socket")
    packet = canvas.add("obj", 20, 60, f"r {wire('/packet')}")
    out = canvas.add("obj", 20, 86, "netsend -u -b")
    canvas.cord(packet, out)
    back = canvas.chain(115, 112, "oscparse", "list trim", f"s {wire('/answer')}")
    canvas.cord(out, back[0], outlet=1)
    connect = canvas.chain(170, 34, "loadbang", f"(connect {HOST} {PORT}")[-1]
    canvas.cord(connect, out)


def heartbeat(canvas: Canvas) -> None:
    """A ping a second; the first answer after a silence asks where every control stands."""
    canvas.add("text", 430, 10, "a ping a second")
    ping = ("loadbang", "(1", f"metro {PING_MS}", "oscformat ping", f"s {wire('/packet')}")
    canvas.chain(430, 34, *ping)
    canvas.add("text", 620, 10, "does it answer?")
    heard = canvas.chain(620, 34, f"r {wire('/answer')}", "route pong", "t b b b")[-1]
    late = canvas.chain(620, 164, f"delay {3 * PING_MS}", "(0", "change -1", "sel 1 0")
    canvas.cord(heard, late[0])
    canvas.cord(canvas.add("obj", 700, 138, "loadbang"), late[0])
    here = canvas.add("msg", 680, 190, "1")
    canvas.cord(heard, here, outlet=1)
    canvas.cord(here, late[2])
    canvas.cord(heard, canvas.add("obj", 720, 112, f"s {wire('/pong')}"), outlet=2)
    canvas.cord(late[-1], canvas.add("obj", 620, 294, f"s {wire('/here')}"))
    canvas.cord(late[-1], canvas.add("obj", 700, 268, f"s {wire('/gone')}"), outlet=1)

    canvas.add("text", 880, 10, "where do the controls stand?")
    ask = canvas.chain(880, 34, f"r {wire('/ask')}", "t b b")[-1]
    canvas.cord(canvas.add("obj", 1010, 34, f"r {wire('/here')}"), ask)
    get = canvas.chain(880, 112, "oscformat get", f"s {wire('/packet')}")[0]
    for place, pattern in enumerate(EVERYTHING):
        symbol = canvas.add("msg", 880 + 120 * place, 86, f"symbol {pattern}")
        canvas.cord(ask, symbol, outlet=place)
        canvas.cord(symbol, get)


def status(canvas: Canvas) -> None:
    canvas.add("text", 880, 180, "status line")
    told = f"s {wire('/status')}"
    gone = f"(symbol no\\ answer:\\ start\\ bridge\\ play\\ (port\\ {PORT})"
    canvas.chain(880, 204, f"r {wire('/here')}", "(symbol connected", told)
    canvas.chain(880, 290, f"r {wire('/gone')}", gone, told)
    canvas.chain(1040, 178, f"r {wire('/answer')}", "route error", "symbol", told)
    line = (f"r {wire('/status')}", "(label \\$1", f"s {wire('/status/line')}")
    canvas.chain(1180, 178, *line)


def words_and_panic(canvas: Canvas, panel: Panel) -> None:
    canvas.add("text", 20, 190, "prompt: words to one text")
    words = canvas.add("obj", 20, 214, f"r {wire('/prompt/words')}")
    joined = canvas.nest(sentence(), 20, 240)
    canvas.cord(words, joined)
    prompt = f"oscformat {atoms(panel.prompt.address)}"
    packet = canvas.chain(20, 266, prompt, f"s {wire('/packet')}")
    canvas.cord(joined, packet[0])
    canvas.add("text", 260, 190, "panic moves other controls too: ask for them")
    pressed = canvas.chain(260, 214, f"r {wire(panel.panic.address)}/out", "t b b")[-1]
    canvas.cord(pressed, canvas.chain(260, 292, "delay 100", f"s {wire('/ask')}")[0])
    panic = f"oscformat {atoms(panel.panic.address)}"
    canvas.cord(pressed, canvas.chain(360, 266, panic, f"s {wire('/packet')}")[0], outlet=1)


def control(canvas: Canvas, parameter: Parameter, kind: str, x: int, y: int) -> None:
    """Out on the left, back on the right; to begin with, the default, without sending it.

    `set` moves slider and number box silently. What the slider says comes back to it that way as
    well, since a number box listens to one name only.
    """
    name, words = wire(parameter.address), parameter.address.strip("/").split("/")
    types = "" if kind == "f" else f"-f {kind} "
    canvas.chain(
        x, y, f"r {name}/out", f"oscformat {types}{' '.join(words)}", f"s {wire('/packet')}"
    )
    start = canvas.chain(x + 230, y, "loadbang", f"({number(parameter.default)}")
    routes = [f"route {word}" for word in words]
    back = canvas.chain(x + 310, y, f"r {wire('/answer')}", *routes, "(set \\$1", f"s {name}")
    echo = canvas.add("obj", x + 420, y + 26 * len(routes), f"r {name}/out")
    for source in (start[-1], echo):
        canvas.cord(source, back[-2])


def sentence() -> Canvas:
    """The words typed in the list box as one symbol with spaces, as OSC wants a string.

    `list split 1` hands on the rest of the list before the first word, and the rest goes back into
    it: the last word comes out first, and each is put before what is there already.
    """
    canvas = Canvas("sentence", 420, 420)
    words = canvas.chain(20, 20, "inlet", "t b l b")
    empty = canvas.add("msg", 260, 98, "list")
    split = canvas.add("obj", 120, 98, "list split 1")
    canvas.cord(words[-1], empty, outlet=2)
    canvas.cord(words[-1], split, outlet=1)
    canvas.cord(split, split, outlet=1)
    kind = canvas.add("obj", 120, 130, "route float symbol")
    digits = canvas.add("obj", 120, 160, "makefilename %g")
    letters = canvas.add("obj", 120, 190, "list fromsymbol")
    canvas.cord(split, kind)
    canvas.cord(kind, digits)
    canvas.cord(digits, letters)
    canvas.cord(kind, letters, outlet=1)
    before = canvas.chain(120, 220, "list prepend 32", "list append", "t l l", step=30)
    canvas.cord(letters, before[0])
    canvas.cord(empty, before[1], inlet=1)
    canvas.cord(before[2], before[1], inlet=1)
    whole = canvas.chain(20, 330, "list append", "list split 1")
    canvas.cord(words[-1], whole[0])
    canvas.cord(before[2], whole[0], outlet=1, inlet=1)
    canvas.cord(empty, whole[0], inlet=1)
    text = canvas.chain(90, 382, "list tosymbol", "outlet")
    canvas.cord(whole[-1], text[0], outlet=1)
    return canvas


def atoms(address: str) -> str:
    return " ".join(address.strip("/").split("/"))


def number(value: float) -> str:
    return f"{value:g}"
