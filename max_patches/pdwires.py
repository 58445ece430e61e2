"""The OSC subpatch of the Pure Data client.

Sliders and subpatch are connected by named sends only: a slider receives from `musicrfm<address>`
and sends to `musicrfm<address>/out`. Answers arrive on netsend's socket, and the subscribed meters
on another port.
"""

from __future__ import annotations

from bridge.controls.controls import Parameter
from max_patches.panel import CHROMA, FIGURES, HOST, LEVEL, PD_PORT, PING_MS, PORT, Panel
from max_patches.pdcanvas import Canvas, atoms, number, wire

ANSWER, PACKET, ASK = wire("/answer"), wire("/packet"), wire("/ask")
TOP = 480  # y at which the wiring of the controls begins


def osc(panel: Panel) -> Canvas:
    """The subpatch that turns slider moves into packets and answers into slider moves."""
    canvas = Canvas("osc", 1260, 900)
    socket(canvas)
    heartbeat(canvas)
    questions(canvas, panel)
    status(canvas)
    panic(canvas, panel)
    meters(canvas)
    texts = [panel.prompt, *(slot.text for slot in panel.slots)]
    for place, parameter in enumerate(texts):
        words(canvas, parameter.address, 20 + 210 * place, 210)
    presets(canvas, panel)
    controls = [(knob.parameter, "f") for knob in panel.knobs]
    controls += [(slot.weight, "f") for slot in panel.slots]
    controls.append((panel.play, "i"))
    for place, (parameter, kind) in enumerate(controls):
        control(canvas, parameter, kind, 20 + 640 * (place % 2), TOP + 160 * (place // 2))
    return canvas


def socket(canvas: Canvas) -> None:
    canvas.add("text", 20, 10, "packets out \\, answers back on the same socket")
    packet = canvas.add("obj", 20, 60, f"r {PACKET}")
    out = canvas.add("obj", 20, 86, "netsend -u -b")
    canvas.cord(packet, out)
    back = canvas.chain(115, 112, "oscparse", "list trim", f"s {ANSWER}")
    canvas.cord(out, back[0], outlet=1)
    connect = canvas.chain(170, 34, "loadbang", f"(connect {HOST} {PORT}")[-1]
    canvas.cord(connect, out)
    meters_in = canvas.add("obj", 300, 86, f"netreceive -u -b {PD_PORT}")
    canvas.cord(meters_in, back[0])


def heartbeat(canvas: Canvas) -> None:
    """Pings and subscribes once a second, and reports when the bridge begins or stops answering."""
    canvas.add("text", 500, 10, "a ping a second")
    metro = canvas.chain(500, 34, "loadbang", "(1", f"metro {PING_MS}")[-1]
    ping = canvas.chain(500, 112, "oscformat ping", f"s {PACKET}")[0]
    port = canvas.chain(620, 86, f"({PD_PORT}", "oscformat -f i subscribe", f"s {PACKET}")[0]
    canvas.cord(metro, ping)
    canvas.cord(metro, port)

    canvas.add("text", 840, 10, "does the bridge answer?")
    heard = canvas.chain(840, 34, f"r {ANSWER}", "route pong", "t b b b")[-1]
    late = canvas.chain(840, 164, f"delay {3 * PING_MS}", "(0", "change -1", "sel 1 0")
    canvas.cord(heard, late[0])
    canvas.cord(canvas.add("obj", 920, 138, "loadbang"), late[0])
    here = canvas.add("msg", 900, 190, "1")
    canvas.cord(heard, here, outlet=1)
    canvas.cord(here, late[2])
    canvas.cord(heard, canvas.add("obj", 940, 112, f"s {wire('/pong')}"), outlet=2)
    canvas.cord(late[-1], canvas.add("obj", 840, 294, f"s {wire('/here')}"))
    canvas.cord(late[-1], canvas.add("obj", 920, 268, f"s {wire('/gone')}"), outlet=1)


def questions(canvas: Canvas, panel: Panel) -> None:
    canvas.add("text", 1100, 10, "ask for the values of the controls")
    ask = canvas.chain(1100, 34, f"r {ASK}", f"t{' b' * len(panel.patterns)}")[-1]
    canvas.cord(canvas.add("obj", 1230, 34, f"r {wire('/here')}"), ask)
    get = canvas.chain(1100, 112, "oscformat get", f"s {PACKET}")[0]
    for place, pattern in enumerate(panel.patterns):
        symbol = canvas.add("msg", 1100 + 140 * place, 86, f"symbol {pattern}")
        canvas.cord(ask, symbol, outlet=place)
        canvas.cord(symbol, get)


def status(canvas: Canvas) -> None:
    canvas.add("text", 1100, 180, "status line")
    told = f"s {wire('/status')}"
    gone = f"(symbol no\\ answer:\\ start\\ bridge\\ play\\ (port\\ {PORT})"
    canvas.chain(1100, 204, f"r {wire('/here')}", "(symbol connected", told)
    canvas.chain(1100, 290, f"r {wire('/gone')}", gone, told)
    canvas.chain(1260, 204, f"r {ANSWER}", "route error", "symbol", told)
    line = (f"r {wire('/status')}", "(label \\$1", f"s {wire('/status/line')}")
    canvas.chain(1400, 204, *line)


def panic(canvas: Canvas, panel: Panel) -> None:
    canvas.add("text", 500, 190, "panic changes other controls as well:")
    canvas.add("text", 500, 206, "ask for their values")
    pressed = canvas.chain(500, 230, f"r {wire(panel.panic.address)}/out", "t b b")[-1]
    canvas.cord(pressed, canvas.chain(500, 308, "delay 100", f"s {ASK}")[0])
    order = canvas.chain(600, 282, f"oscformat {atoms(panel.panic.address)}", f"s {PACKET}")[0]
    canvas.cord(pressed, order, outlet=1)


def meters(canvas: Canvas) -> None:
    """Sends meters to the boxes with their names, and the shares of the notes into the array."""
    shown = (LEVEL, *FIGURES, CHROMA)
    canvas.add("text", 1560, 10, "meters")
    names = " ".join(meter.address.rsplit("/", 1)[-1] for meter in shown)
    split = canvas.chain(1560, 34, f"r {ANSWER}", "route meter", f"route {names}")[-1]
    for place, meter in enumerate(shown):
        end = canvas.add("obj", 1560 + 30 * place, 330 - 26 * place, f"s {wire(meter.address)}")
        if meter is CHROMA:
            first = canvas.add("obj", 1560 + 30 * place, 304 - 26 * place, "list prepend 0")
            canvas.cord(first, end)
            end = first
        canvas.cord(split, end, outlet=place)


def words(canvas: Canvas, address: str, x: int, y: int) -> None:
    """The words typed in a list box, sent as one text."""
    canvas.add("text", x, y - 24, f"{address}: words joined to one text")
    typed = canvas.add("obj", x, y, f"r {wire(f'{address}/words')}")
    joined = canvas.nest(sentence(), x, y + 26)
    canvas.cord(typed, joined)
    packet = canvas.chain(x, y + 52, f"oscformat {atoms(address)}", f"s {PACKET}")
    canvas.cord(joined, packet[0])


def presets(canvas: Canvas, panel: Panel) -> None:
    """Presets: a button opens the gate of its message, triggers the name, and closes the gate."""
    if not panel.presets:
        return
    canvas.add("text", 20, 330, "presets")
    joined = canvas.nest(sentence(), 20, 380)
    canvas.cord(canvas.add("obj", 20, 354, f"r {wire('/preset/words')}"), joined)
    for place, parameter in enumerate(panel.presets):
        x = 180 + 300 * place
        order = canvas.chain(x, 330, f"r {wire(f'{parameter.address}/out')}", "t b b b")[-1]
        closed, opened = canvas.add("msg", x, 382, "0"), canvas.add("msg", x + 130, 382, "1")
        said = canvas.add("obj", x + 30, 382, f"s {wire('/preset/say')}")
        way = canvas.add("obj", x, 408, "spigot")
        for outlet, target in enumerate((closed, said, opened)):
            canvas.cord(order, target, outlet=outlet)
        for source in (closed, opened):
            canvas.cord(source, way, inlet=1)
        canvas.cord(joined, way)
        text = f"oscformat -f {parameter.type} {atoms(parameter.address)}"
        out = canvas.chain(x + 100, 434, text, f"s {PACKET}")[0]
        if parameter.type == "s":
            canvas.cord(way, out)
            continue
        pair = canvas.add("obj", x, 434, "pack s 4")
        seconds = canvas.add("obj", x + 180, 408, f"r {wire('/preset/seconds')}/out")
        canvas.cord(way, pair)
        canvas.cord(seconds, pair, inlet=1)
        canvas.cord(pair, out)
        canvas.chain(x + 180, 356, "loadbang", "(4", f"s {wire('/preset/seconds')}")


def control(canvas: Canvas, parameter: Parameter, kind: str, x: int, y: int) -> None:
    """The wiring of a slider: out on the left, back on the right, and its default at the start.

    `set` moves slider and number box without output. The slider's own changes return to it in the
    same way, because a number box receives from one name only.
    """
    name, parts = wire(parameter.address), parameter.address.strip("/").split("/")
    types = "" if kind == "f" else f"-f {kind} "
    canvas.chain(x, y, f"r {name}/out", f"oscformat {types}{' '.join(parts)}", f"s {PACKET}")
    start = canvas.chain(x + 230, y, "loadbang", f"({number(parameter.default)}")
    routes = [f"route {part}" for part in parts]
    back = canvas.chain(x + 310, y, f"r {ANSWER}", *routes, "(set \\$1", f"s {name}")
    echo = canvas.add("obj", x + 420, y + 26 * len(routes), f"r {name}/out")
    for source in (start[-1], echo):
        canvas.cord(source, back[-2])


def sentence() -> Canvas:
    """Joins the words typed in a list box to one symbol with spaces, because OSC needs one string.

    `list split 1` outputs the rest of the list before the first word, and the rest is fed back into
    it. So the last word comes out first, and each word is put in front of the text so far.
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
