"""The command line of `bridge`.

Settings come from the command line, then the rig file, then the defaults.
"""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.audio import device_list
from bridge.audio.device_names import SetupError
from bridge.audio.output import FIXES, RING_SECONDS
from bridge.audio.routing import apart, outputs
from bridge.bench.command import bench_arguments, run_bench
from bridge.commands.clients import clients
from bridge.commands.controls import page
from bridge.commands.learn import listen
from bridge.commands.rig import check_rig_file, init_rig
from bridge.controls.controls import namespace
from bridge.controls.parameters import FIXED, PROMPT, Parameter
from bridge.midi.port_process import NoMidi, input_names
from bridge.network.hosts import Network, host_name, network, web_place
from bridge.osc.port import OFF, SAME
from bridge.prepare.arguments import prepare_arguments
from bridge.process.priority import be_early
from bridge.process.voice import speaking
from bridge.recording.recorder import is_sound_file
from bridge.rig import LONGEST_WINDOW, Rig, SteerSetting, load_rig
from bridge.status import logged
from musicrfm.commands.arguments import DEVICE_HELP, MODEL_HELP, Parser, overwrite_argument
from musicrfm.commands.steers import steer_option
from musicrfm.directions import list_directions, model_name
from musicrfm.errors import MusicRFMError
from musicrfm.runtime.defaults import CACHES, DEFAULT_PROMPT, DTYPES
from musicrfm.terminal import run_command, say_error

# Modules that play a model import large libraries, which takes seconds: other commands must not
# wait for them, so these modules are imported on demand.
if TYPE_CHECKING:
    from bridge.settings import Settings

WEB_PORT = 8000
OPTIONS = tuple(parameter for parameter in FIXED if parameter.option)  # of `bridge play`


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    status = run_command(lambda: _main(argv))
    if argv is None:  # as a program: libraries' clean-up may take seconds after Ctrl-C
        os._exit(status)
    return status


def _main(argv: Sequence[str] | None) -> int:
    args = _parser().parse_args(argv)
    try:
        if args.command == "devices":
            return devices()
        if args.command == "clients":
            return clients(args.folder)
        if args.command == "controls":
            names = ["NAME"] if args.model is None else list_directions(model_name(args.model))
            print(page(namespace(names)), end="")
            return 0
        if args.command == "rig":
            return init_rig(args.file) if args.do == "init" else check_rig_file(args.file)
        if args.command == "doctor":
            from bridge.commands.doctor import doctor

            return doctor(args.model, args.device, args.output, args.rig)
        if args.command == "bench":
            return run_bench(args)
        if args.command == "prepare":
            from bridge.prepare.conductor import Options, prepare

            only = tuple(name for text in args.only for name in text.split(",") if name)
            return prepare(
                Options(
                    args.model, args.quick, only, args.budget, args.out, args.device, args.overwrite
                )
            )
        if args.command == "replay":
            from bridge.commands.replay import ReplaySettings, replay

            replaying = ReplaySettings(
                args.log,
                args.out,
                args.output,
                args.midi,
                args.anyway,
                args.model,
                args.overwrite,
                args.channels,
            )
            return replay(replaying)
        if args.command == "learn":
            with speaking() as voice, logged(voice):
                return listen(args.address, args.rig, args.midi or ())
        from bridge.session import play

        be_early()
        return play(_settings(args))
    except MusicRFMError as error:
        say_error(error)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="bridge",
        description="Play endless music from a MusicGen model, and steer it live by OSC, MIDI or a "
        "browser.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, words: str) -> argparse.ArgumentParser:
        about = words[0].upper() + words[1:] + "."
        return commands.add_parser(name, help=words, description=about)

    play_ = command("play", "play endless music until Ctrl-C")
    command("devices", "list audio outputs and MIDI inputs")
    learn_ = command("learn", "map a MIDI control to an address, and write this to a rig file")
    add = learn_.add_argument
    add("address", metavar="ADDRESS", help="the address to map, such as /steer/note_C")
    add("--rig", metavar="FILE", required=True, help="rig file (TOML); created if missing")
    add("--midi", metavar="PORT", action="append", help="MIDI input, by a part of its name")
    rig_ = command("rig", "write an example rig file, or check one")
    rig_.add_argument(
        "do",
        choices=("init", "check"),
        help="init: write an example file; check: report mistakes, and what a rig runs and writes",
    )
    rig_.add_argument("file", metavar="FILE", help="the rig file (TOML)")
    replay_ = command("replay", "render a recorded set again, sample for sample")
    add = replay_.add_argument
    add("log", metavar="LOG", help="control log (.jsonl) that `bridge play --record` wrote")
    add("--out", metavar="FILE", help=".flac or .wav file to write (default: LOG-replay.flac)")
    add("--output", metavar="DEVICE", help="play on a sound card, at normal speed, instead")
    add("--channels", metavar="LIST", type=_outputs, help="outputs of the device, such as 3,4")
    add("--midi", metavar="FILE", help="write the control changes as a MIDI file instead")
    add("--anyway", action="store_true", help="replay even if the model or a direction differs")
    add("--model", metavar="M", help="model to play (default: the log's)")
    overwrite_argument(replay_)
    clients_ = command(
        "clients", "list the panels for Max, Live, Pure Data and other programs, or copy them"
    )
    clients_.add_argument(
        "folder", nargs="?", metavar="FOLDER", help="folder to copy them to (default: list them)"
    )
    controls_ = command("controls", "print a table of all controls (Markdown)")
    controls_.add_argument(
        "--model",
        metavar="M",
        help="list the directions of this model (default: one row for all, called NAME)",
    )
    doctor_ = command("doctor", "test this computer, and recommend settings for it")
    doctor_.add_argument("--model", metavar="M", default="nano", help=MODEL_HELP)
    doctor_.add_argument("--device", metavar="DEVICE", help=DEVICE_HELP)
    doctor_.add_argument("--output", metavar="DEVICE", help="the sound card to test")
    doctor_.add_argument(
        "--rig", metavar="FILE", help="write dtype, lookahead and window into this rig"
    )
    bench_arguments(command("bench", "measure speed, latency and steadiness on this computer"))
    prepare_arguments(
        command("prepare", "train and calibrate knobs for a model, and write a report")
    )
    play_.add_argument(
        "prompt",
        nargs="?",
        metavar="PROMPT",
        help=f"description of the music (default: {DEFAULT_PROMPT!r})",
    )
    music = play_.add_argument_group("music")
    add = music.add_argument
    add("--model", metavar="M", help=MODEL_HELP)
    add(
        "--directions",
        metavar="FILE|HUB-ID",
        help="also offer the directions in this archive of `musicrfm directions pack`",
    )
    add(
        "--steer",
        action="append",
        default=[],
        metavar="NAME=COEF",
        type=_steer,
        help="start with a direction, by its name or a .safetensors file; COEF is from -2 to 2, "
        "and 1 is the top of the useful range; options may follow, as in "
        "note_C=0.8,layers=exp:1,0.95,schedule=ramp:500,inject=0.3 (repeatable)",
    )
    for parameter in OPTIONS:
        add(parameter.option, dest=parameter.address, help=parameter.help, **_taking(parameter))
    add(
        "--smoothing",
        metavar="MS",
        type=_number(0, 10_000),
        help="time in which a coefficient reaches a new value (default 50)",
    )
    add(
        "--continue",
        metavar="FILE",
        dest="continue_from",
        help="continue from the last 8 seconds of a sound file",
    )
    add("--hear-take", action="store_true", help="with --continue: play these seconds first")
    add(
        "--seed",
        metavar="N",
        type=int,
        help="random seed; the same seed and controls give the same music",
    )
    add("--seconds", metavar="S", type=_number(0.02, 1e7), help="stop after S seconds of audio")
    add = play_.add_argument_group("sound and recording").add_argument
    add(
        "--output",
        metavar="DEVICE|FILE|none",
        help="a device (a part of its name, with its sound system if it has several, or its "
        "number: see `bridge devices`), a .flac or .wav file, or none; default: the system's "
        "output",
    )
    add(
        "--channels",
        metavar="LIST",
        type=_outputs,
        help="outputs of the sound card, counted from 1, such as 3,4; a single one plays mono "
        "(default 1,2)",
    )
    add(
        "--cue",
        metavar="LIST",
        type=_outputs,
        help="outputs of the same card for headphones, such as 5,6; their level is /cue/gain, "
        "independent of /gain",
    )
    add(
        "--record",
        metavar="FILE",
        help="record the audio to a .flac or .wav file, and all control changes to a .jsonl file "
        "beside it",
    )
    add(
        "--fast",
        action="store_true",
        help="render faster than real time; needs --output FILE or none, and --seconds",
    )
    add("--stats", metavar="FILE", help="write measurements of the set as JSON when it ends")
    overwrite_argument(play_)
    add = play_.add_argument_group("control").add_argument
    add("--rig", metavar="FILE", help="read settings and MIDI mappings from a TOML file")
    add(
        "--web",
        metavar="[HOST:]PORT",
        nargs="?",
        const=str(WEB_PORT),
        type=_web_place,
        help=f"serve a control page for browsers (default port {WEB_PORT} of this machine only; "
        "0.0.0.0:PORT opens it to the network, with a token)",
    )
    add(
        "--web-host",
        metavar="NAME",
        action="append",
        type=_host_name,
        help="another host name of the page, for a proxy, a container or a private network; "
        "browsers then need the token (repeatable)",
    )
    add(
        "--midi",
        metavar="PORT",
        action="append",
        help="MIDI input, by a part of its name (repeatable)",
    )
    add(
        "--clock",
        choices=("midi", "link"),
        help="follow a clock: MIDI clock on the MIDI inputs, or Ableton Link",
    )
    add("--clock-play", action="store_true", help="start and stop with the clock")
    add("--clock-tempo", action="store_true", help="hold the clock's tempo (/tempo/target)")
    add(
        "--osc-port",
        metavar="PORT",
        type=int,
        help="UDP port for OSC (default 9000; 0: any free one)",
    )
    add(
        "--osc-host",
        metavar="HOST",
        help="address to listen on for OSC (default 127.0.0.1, for this machine alone); OSC has no "
        "password, so limit access with --osc-allow",
    )
    add(
        "--osc-allow",
        metavar="ADDRESS[/PREFIX]",
        action="append",
        type=_network,
        help="hosts other than this machine that may use the OSC port, such as 192.168.1.0/24 "
        "(repeatable; default: all that can reach it)",
    )
    add(
        "--osc-tcp",
        metavar="PORT|off",
        type=_osc_tcp,
        help="TCP port for OSC and OSCQuery (default: the number of the UDP port); off: no OSC "
        "over TCP",
    )
    add = play_.add_argument_group("speed and latency").add_argument
    add(
        "--lookahead",
        metavar="MS",
        type=_number(40, 10_000),
        help="audio to buffer ahead (default 1500); more is safer and adds no latency, because the "
        "buffer is rendered again when a control changes",
    )
    add(
        "--early",
        action="store_true",
        default=None,
        help="play each frame 80 ms sooner, without the codec's lookahead; sounds a little rougher",
    )
    add(
        "--ring",
        metavar="MS",
        type=_number(1, 1000),
        help="audio due within this time is no longer changed (default 5); less lowers the "
        "latency, more tolerates a busy computer",
    )
    add(
        "--window",
        metavar="SECONDS",
        type=_number(1, LONGEST_WINDOW),
        help="how far back the model looks (default: as `bridge doctor` has chosen for a large "
        "model on this CPU, otherwise as far as it can, at most 30); less is faster on a CPU, but "
        "the music forgets sooner",
    )
    add(
        "--cache",
        choices=CACHES,
        help="precision in which a decoder in int8 or int4 keeps its window (default int8); int16 "
        "is more exact, slower with a long window, and takes twice the memory",
    )
    add("--device", metavar="DEVICE", help=DEVICE_HELP)
    add(
        "--dtype",
        choices=DTYPES,
        help="precision of the decoder (default auto: int8 on a CPU, float16 on a GPU; "
        "int4 is for a large model on a CPU)",
    )
    return parser


def _taking(parameter: Parameter) -> dict[str, Any]:
    """The argument of a parameter's option: a word, nothing for a switch, or a number."""
    if parameter.choices:
        return {"choices": parameter.choices}
    if parameter.type == "s":
        return {"metavar": "TEXT"}
    if parameter.switch:
        return {"action": "store_const", "const": 1}
    low, high = float(parameter.low or 0.0), float(parameter.high or 0.0)
    return {"metavar": "N", "type": _number(low, high)}


def _number(low: float, high: float) -> Any:
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return number


def _outputs(text: str) -> tuple[int, ...]:
    try:
        return outputs(text)
    except MusicRFMError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _web_place(text: str) -> tuple[str, int]:
    try:
        return web_place(text)
    except MusicRFMError as error:
        raise argparse.ArgumentTypeError(f"{error} (a prompt goes before --web)") from None


def _host_name(text: str) -> str:
    try:
        return host_name(text)
    except MusicRFMError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _network(text: str) -> Network:
    try:
        return network(text)
    except MusicRFMError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _osc_tcp(text: str) -> int | str:
    if text == OFF:
        return OFF
    if not (text.isascii() and text.isdigit()) or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a port, 0 to 65535, nor off")
    return int(text)


def _steer(text: str) -> SteerSetting:
    try:
        steer = steer_option(text, -2, 2)
    except MusicRFMError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return SteerSetting(steer.name, steer.coefficient, **steer.options)


def _settings(args: argparse.Namespace) -> Settings:
    """The settings of the command line, completed by the rig."""
    from bridge.settings import Settings

    rig = load_rig(args.rig) if args.rig else Rig()
    engine = rig.engine
    if args.hear_take and args.continue_from is None:
        raise MusicRFMError("--hear-take needs --continue FILE, the take to play")
    if (args.clock_play or args.clock_tempo) and args.clock is None:
        raise MusicRFMError("--clock-play and --clock-tempo need --clock midi or --clock link")
    output, channels, cue = _sound(args, rig)
    return Settings(
        model=_first(args.model, engine.get("model"), "nano"),
        device=_first(args.device, engine.get("device")),
        dtype=_first(args.dtype, engine.get("dtype"), "auto"),
        seed=_seed(args, rig),
        # The command line overrides the rig's settings of a direction.
        steer=(*rig.steer, *args.steer),
        start=_start(args, rig, bool(cue)),
        output=output,
        outputs=channels,
        cue=cue,
        device_latency=rig.output.get("latency", "low"),
        seconds=args.seconds,
        record=_first(args.record, rig.output.get("record")),
        stats=args.stats,
        overwrite=args.overwrite,
        window=_first(args.window, engine.get("window")),
        cache=_first(args.cache, engine.get("cache")),
        directions=args.directions,
        lookahead=_first(args.lookahead, engine.get("lookahead"), 1500.0) / 1000,
        early=bool(_first(args.early, engine.get("early"), False)),
        continue_from=args.continue_from,
        hear_take=args.hear_take,
        ring=_first(args.ring, rig.output.get("ring"), 1000 * RING_SECONDS) / 1000,
        smoothing=_first(args.smoothing, engine.get("smoothing"), 50.0) / 1000,
        fast=args.fast,
        osc_host=_first(args.osc_host, rig.osc.get("host"), "127.0.0.1"),
        osc_port=_osc_port(args, rig),
        osc_allow=tuple(_first(args.osc_allow, rig.osc.get("allow"), ())),
        osc_tcp=_first(args.osc_tcp, rig.osc.get("tcp"), SAME),
        clock=args.clock,
        clock_play=args.clock_play,
        clock_tempo=args.clock_tempo,
        web=_web(args, rig),
        web_hosts=tuple(_first(args.web_host, rig.web.get("host"), ())),
        midi_ports=tuple(_first(args.midi, rig.midi_ports)),
        rig=rig,
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _seed(args: argparse.Namespace, rig: Rig) -> int:
    seed = _first(args.seed, rig.engine.get("seed"))
    if seed is None:
        return secrets.randbelow(2**31)
    if not 0 <= seed < 2**63:
        raise MusicRFMError(f"the seed must be from 0 to 2^63 - 1, not {seed}")
    return seed


def _osc_port(args: argparse.Namespace, rig: Rig) -> int:
    port = _first(args.osc_port, rig.osc.get("port"), 9000)
    if not 0 <= port <= 65535:
        raise MusicRFMError(f"the OSC port must be from 0 to 65535, not {port}")
    return port


def _sound(args: argparse.Namespace, rig: Rig) -> tuple[str | None, Any, Any]:
    """(output, its channels for the music, those for the headphones)."""
    output = _first(args.output, rig.output.get("to"))
    on_file = output is not None and (output == "none" or is_sound_file(output))
    if args.fast and not (on_file and args.seconds):
        raise MusicRFMError("--fast needs --output FILE or none, and --seconds")
    channels = _first(args.channels, rig.output.get("channels"))
    cue = _first(args.cue, rig.output.get("cue"))
    apart(channels, cue)
    if not on_file:
        return output, channels, cue
    if args.channels or args.cue:
        raise MusicRFMError(f"--channels and --cue need a sound card, not --output {output}")
    return output, None, None


def _web(args: argparse.Namespace, rig: Rig) -> tuple[str, int] | None:
    web = _first(args.web, web_place(rig.web["at"]) if "at" in rig.web else None)
    if args.web_host and web is None:
        raise MusicRFMError("--web-host needs --web, the page that it names")
    return web


def _start(args: argparse.Namespace, rig: Rig, cue: bool) -> dict[str, Any]:
    """The initial values of the set, by address."""
    values = rig.values("engine") | (rig.values("output") if cue else {})
    for parameter in OPTIONS:
        typed = getattr(args, parameter.address)
        if typed is not None:
            values[parameter.address] = typed
    prompt = _first(args.prompt, rig.engine.get("prompt"), DEFAULT_PROMPT)
    return {**values, PROMPT.address: prompt}


def devices() -> int:
    """Print the audio outputs and MIDI inputs; returns the exit status."""
    print("Audio outputs (for --output; * is the default; --channels chooses among them):")
    try:
        print(device_list.text(device_list.audio_outputs()))
    except SetupError as error:
        print(f"  none: {FIXES.get(error.kind, error)}")
    print("MIDI inputs (for --midi):")
    try:
        for name in input_names():
            print(f"    {name}")
    except NoMidi as error:
        print(f"  none: {error}")
    return 0
