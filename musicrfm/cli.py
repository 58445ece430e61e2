"""The command `musicrfm`: generate, listen, train directions, evaluate them on the sound.

Everything heavy is imported by the command that needs it, so that help is instant. Coefficients
that a player types are in the player's unit (1.0 = top of the useful range); `evaluate` works in
raw ones, because it is what finds the range.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    import numpy as np

    from musicrfm.directions import Direction
    from musicrfm.evaluate import Setting
    from musicrfm.model import MusicModel
    from musicrfm.train import Data

METHODS = ("rfm", "rfm-top", "rfm-multiclass", "mean-difference", "linear", "logistic")
EXTRA = {"librosa", "matplotlib", "sklearn", "scipy", "midirenderer", "pretty_midi", "xrfm"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status: 0, 2 after an error, 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a sign shows ? for it
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except MusicRFMError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        print(
            f"error: this command needs the package {error.name}: "
            "pip install 'musicrfm-bridge[train]'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


# ---- generate ----


def generate(o: argparse.Namespace) -> None:
    import soundfile

    suffix = Path(o.out).suffix.upper().lstrip(".")
    if suffix not in soundfile.available_formats():
        raise MusicRFMError(f"{o.out!r} is no sound file: let its name end in .flac or .wav")
    if not 0 < o.seconds < float("inf"):
        raise MusicRFMError(f"a file of {o.seconds:g} seconds cannot be made: give more than 0")
    steers = [_steer(text) for text in o.steer]

    from musicrfm.directions import Direction
    from musicrfm.model import MusicModel
    from musicrfm.stream import MusicStream

    model = MusicModel.load(o.model, device=o.device)
    stream = MusicStream(
        model,
        o.prompt,
        seed=o.seed,
        guidance_scale=o.guidance,
        temperature=o.temperature,
        top_k=o.top_k,
        chunk_frames=5,
    )
    for name, coefficient in steers:
        stream.steering.add(
            Direction.load(name, model),
            coefficient,
            layers=o.layers,
            schedule=o.schedule,
            inject=o.inject,
        )
    frames = max(1, round(o.seconds * model.frame_rate))
    left = frames * model.frame_size
    Path(o.out).parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with _create(o.out, model.sample_rate, model.channels) as file:
        while left > 0:
            chunk = next(stream) if stream.frame < frames else stream.finish()
            file.write(chunk[:left].clip(-1, 1))
            left -= len(chunk)
            _progress(frames * model.frame_size - left, frames * model.frame_size, started, model)
    print(f"{o.out}: {o.seconds:g} s")


def _steer(text: str) -> tuple[str, float]:
    """`note_C=0.8` -> (name or path, coefficient)."""
    name, equals, value = text.rpartition("=")
    try:
        if not (equals and name):
            raise ValueError
        return name, float(value)
    except ValueError:
        raise MusicRFMError(f"--steer {text!r} is not NAME=COEFFICIENT, like note_C=0.8") from None


def _create(path: str, sample_rate: int, channels: int):
    import soundfile

    container = Path(path).suffix.upper().lstrip(".")
    subtypes = soundfile.available_subtypes(container)
    subtype = "PCM_24" if "PCM_24" in subtypes else None
    try:
        return soundfile.SoundFile(path, "w", sample_rate, channels, subtype, format=container)
    except (OSError, RuntimeError) as error:
        raise MusicRFMError(f"{path!r} cannot be written: {error}") from error


def _progress(done: int, total: int, started: float, model: MusicModel) -> None:
    if sys.stderr.isatty():
        seconds = min(done, total) / model.sample_rate
        speed = seconds / max(time.monotonic() - started, 1e-9)
        end = "\n" if done >= total else ""
        print(
            f"\r{seconds:.1f} of {total / model.sample_rate:.1f} s, {speed:.1f}x real time ",
            end=end,
            file=sys.stderr,
            flush=True,
        )


# ---- listen ----


def listen(o: argparse.Namespace) -> None:
    import soundfile

    from musicrfm import listening

    heard = []
    for path in o.files:
        if not Path(path).is_file():
            raise MusicRFMError(f"there is no file {path!r}")
        try:
            audio, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (OSError, RuntimeError) as error:
            raise MusicRFMError(f"{path!r} is no sound file that can be read: {error}") from error
        heard.append((path, listening.measure(audio, sample_rate)))
    if o.json:
        print(json.dumps([{"file": path} | m.as_dict() for path, m in heard], indent=1))
        return
    for path, m in heard:
        order = sorted(range(12), key=lambda i: -m.note_share[i])
        notes = [
            f"{listening.PITCH_CLASSES[i].replace('s', '#')} {m.note_share[i]:.0%}"
            for i in order
            if m.note_share[i] >= listening.HEARD_SHARE
        ]
        tempo = f"{m.tempo_bpm:.1f} BPM (pulse {m.pulse:.2f})" if m.tempo_bpm else "no pulse"
        print(f"{path}: {m.seconds:.1f} s")
        print(f"  notes    {', '.join(notes) or 'none'} ({m.pitch_classes} pitch classes)")
        print(f"  rhythm   {tempo}, {m.onset_rate:.1f} onsets a second")
        print(
            f"  level    {m.level_db:.1f} dBFS, peak {m.peak:.3f}, "
            f"{m.clipped_share:.2%} clipped, {m.silence_share:.0%} silent"
        )
        print(f"  flatness {m.flatness:.4f}")


# ---- directions ----


def directions(o: argparse.Namespace) -> None:
    from musicrfm.directions import list_directions

    name = Path(o.model).resolve().name if Path(o.model).is_dir() else o.model.split("/")[-1]
    names = list_directions(name)
    if not names:
        raise MusicRFMError(
            f"there are no directions for model {name!r}: make one with "
            f"`musicrfm train note --target C --model {o.model}`"
        )
    print("\n".join(names))


# ---- train ----


def train_note(o: argparse.Namespace) -> None:
    from musicrfm.directions import PITCH_CLASSES
    from musicrfm.model import MusicModel
    from musicrfm.train import note_data
    from musicrfm.train import train_note as train

    targets = PITCH_CLASSES if o.target == "all" else (o.target,)
    model = MusicModel.load(o.model, device=o.device)
    data = note_data(model, o.samples or 1440, o.seed, o.pooling, _octaves(o.octaves))
    for target in targets:
        _train(o, lambda target=target, **options: train(data, target, o.method, **options))


def train_tempo(o: argparse.Namespace) -> None:
    from musicrfm.model import MusicModel
    from musicrfm.train import music_data, tempo_data
    from musicrfm.train import train_tempo as train

    model = MusicModel.load(o.model, device=o.device)
    hear = tempo_data if o.data == "clicks" else music_data
    data = hear(model, o.samples or 1200, o.seed, o.pooling)
    _train(o, lambda **options: train(data, o.method, **options))


def _train(o: argparse.Namespace, fit) -> None:
    from musicrfm.probes import Search
    from musicrfm.train import direction_path

    started = time.monotonic()
    direction = fit(
        components=o.components,
        keep=o.keep,
        search=Search(o.trials, o.iterations, o.rows, o.seed),
    )
    path = direction.save(direction_path(direction, Path(o.out) if o.out else None))
    scores = " ".join(f"{s:.2f}" for s in direction.layer_scores.tolist())
    seconds = time.monotonic() - started
    print(f"{direction.name}: {direction.meta['metric']} by layer {scores} ({seconds:.0f} s)")
    print(f"  {path}", flush=True)


def _octaves(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise MusicRFMError(f"--octaves {text!r} is not like 3-6") from None


# ---- evaluate ----


def evaluate(o: argparse.Namespace) -> None:
    from musicrfm.evaluate import evaluate as play_and_listen
    from musicrfm.evaluate import reaching, write_report
    from musicrfm.model import MusicModel

    model = MusicModel.load(o.model, device=o.device)
    setting, instruments = _setting(o)
    directions = _to_evaluate(o, model)
    hear = _instrument_listener() if o.adherence else None
    if o.adherence and o.seconds < 3:
        raise MusicRFMError("--adherence needs clips of 3 seconds or more, see --seconds")
    folder = Path(o.out)
    responses = play_and_listen(
        model,
        directions,
        setting,
        coefficients=o.coefficients,
        calibrate=o.write_range,
        folder=folder,
        instruments=instruments,
        hear_instrument=hear,
    )
    table = write_report(folder, responses, setting, model.name)
    if o.chroma:
        _chroma_plots(folder, model, directions, responses, setting)
    print(table.read_text("utf-8"))
    if o.write_range:
        for given, direction, response in zip(
            o.directions or [d.name for d in directions], directions, responses, strict=True
        ):
            found = reaching(response, o.reach) if o.reach else response.range
            _write_range(given, direction, found)


def _to_evaluate(o: argparse.Namespace, model: MusicModel) -> list[Direction]:
    from musicrfm.directions import Direction, list_directions

    if not o.methods:
        names = o.directions or list_directions(model.name)
        if not names:
            raise MusicRFMError(f"there are no directions for {model.name!r}: train some first")
        return [Direction.load(name, model) for name in names]
    if o.write_range:
        raise MusicRFMError("--write-range goes with finished directions, not with --methods")

    from musicrfm.directions import canonical_name
    from musicrfm.probes import Search
    from musicrfm.train import note_data, tempo_data
    from musicrfm.train import train_note as note
    from musicrfm.train import train_tempo as tempo

    search = Search(seed=o.seed)
    wanted = [canonical_name(name) for name in o.directions or ["note_C", "note_E", "note_Gs"]]
    data: dict[str, Data] = {}
    trained = []
    for method in o.methods.split(","):
        for name in wanted:
            if name == "tempo":
                data.setdefault("tempo", tempo_data(model, o.samples or 1200, o.seed))
                trained.append(tempo(data["tempo"], method, search=search))
            else:
                if "note" not in data:
                    octaves = _octaves(o.octaves)
                    data["note"] = note_data(model, o.samples or 1440, o.seed, octaves=octaves)
                target = name.removeprefix("note_")
                trained.append(note(data["note"], target, method, search=search))
    return trained


def _setting(o: argparse.Namespace) -> tuple[Setting, dict[str, str]]:
    from musicrfm.evaluate import PROMPTS, Setting

    instruments = dict(PROMPTS)
    prompts = []
    for text in o.prompt:
        prompt, _, instrument = text.partition("=")
        prompts.append(prompt)
        if instrument:
            instruments[prompt] = instrument
    setting = Setting(
        prompts=tuple(prompts) or tuple(PROMPTS),
        seeds=tuple(range(o.seed, o.seed + o.seeds)),
        seconds=o.seconds,
        layers=o.layers,
        guidance_scale=o.guidance,
        temperature=o.temperature,
        top_k=o.top_k,
    )
    return setting, instruments


def _instrument_listener():
    """Names the instrument of a clip, leaving out its first second, as the listener learned."""
    from musicrfm.nano import instruments

    if not instruments.FITTED.is_file():
        raise MusicRFMError(
            f"--adherence needs {instruments.FITTED}, which `python -m musicrfm.nano` makes"
        )

    def hear(audio: np.ndarray, sample_rate: int) -> str:
        return instruments.hear_instrument(audio[sample_rate:], sample_rate)

    return hear


def _chroma_plots(folder: Path, model: MusicModel, directions, responses, setting) -> None:
    from musicrfm import listening, plots
    from musicrfm.evaluate import perform

    prompt, seed = setting.prompts[0], setting.seeds[0]
    for direction, response in zip(directions, responses, strict=True):
        if response.quantity != "share":
            continue
        clips = []
        for raw in (0.0, response.best.coefficient):
            audio = perform(
                model,
                prompt,
                seed=seed,
                seconds=setting.seconds,
                changes=[(0.0, direction, raw)],
                layers=setting.layers,
                guidance_scale=setting.guidance_scale,
                temperature=setting.temperature,
                top_k=setting.top_k,
            )
            how = f"{plots.spoken(direction.name)} at {raw:.3g}" if raw else "unsteered"
            clips.append((f"“{prompt}”, {how}", *listening.chroma(audio, model.sample_rate)))
        target = listening.PITCH_CLASSES.index(direction.name.removeprefix("note_"))
        plots.chroma(folder / f"chroma_{direction.name}.png", clips, target)


def _write_range(given: str, direction: Direction, found: tuple[float, float] | None) -> None:
    """Into the file that was given, or, for a name, into the user's own folder."""
    from musicrfm.train import direction_path

    if found is None:
        print(f"{direction.name}: no useful range found, nothing written")
        return
    direction.meta["range"] = list(found)
    path = Path(given) if given.endswith(".safetensors") else direction_path(direction)
    direction.save(path)
    print(f"{direction.name}: range {found[0]:.3g} to {found[1]:.3g} in {path}")


# ---- arguments ----


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="musicrfm", description="Steered music from MusicGen, offline: play, listen, train."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    p = _command(commands, "generate", generate, "write steered music into a file")
    p.add_argument("prompt", help="what to play, in words; '' for no prompt")
    p.add_argument("--out", required=True, metavar="FILE", help=".flac or .wav")
    p.add_argument("--seconds", type=float, default=10.0)
    p.add_argument(
        "--steer",
        action="append",
        default=[],
        metavar="NAME=COEF",
        help="a direction and how strongly, 1.0 = top of its useful range; repeatable",
    )
    p.add_argument(
        "--schedule",
        default="constant",
        help="constant, exponential:RATE or linear:STEPS (default %(default)s)",
    )
    p.add_argument(
        "--inject",
        type=float,
        default=1.0,
        metavar="P",
        help="probability that a layer is steered, at each frame (default 1)",
    )
    _model(p)
    _playing(p)

    p = _command(commands, "listen", listen, "measure sound files: notes, tempo, level, artefacts")
    p.add_argument("files", nargs="+", metavar="FILE")
    p.add_argument("--json", action="store_true", help="print JSON")

    p = _command(commands, "directions", directions, "list the directions there are for a model")
    p.add_argument("--model", default="nano")

    p = commands.add_parser("train", help="train directions from labelled sound")
    kinds = p.add_subparsers(required=True, metavar="KIND")
    for name, run, words in (
        ("note", train_note, "one pitch class against the others"),
        ("tempo", train_tempo, "beats per minute"),
    ):
        p = _command(kinds, name, run, words)
        if name == "note":
            p.add_argument("--target", required=True, help="C, C#, Db, … or all")
            _octave_argument(p)
        else:
            p.add_argument(
                "--data",
                choices=("clicks", "music"),
                default="clicks",
                help="SynTheory's click tracks, or pieces composed as nano's (default %(default)s)",
            )
        p.add_argument("--method", choices=METHODS, default="rfm", help="default %(default)s")
        p.add_argument(
            "--out", metavar="DIR", help="folder for <model>/<name>.safetensors (default: your own)"
        )
        p.add_argument("--samples", type=_count, help="clips to hear (default 1440 or 1200)")
        p.add_argument(
            "--pooling",
            choices=("mean", "max", "last"),
            default="mean",
            help="how the frames of a clip become one state (default %(default)s)",
        )
        p.add_argument(
            "--components",
            type=_count,
            default=12,
            help="AGOP eigenvectors that rfm keeps (default %(default)s)",
        )
        p.add_argument(
            "--keep",
            type=_count,
            default=1,
            help="eigenvectors that rfm-top writes (default %(default)s)",
        )
        p.add_argument("--trials", type=_count, default=10, help="RFM settings to try")
        p.add_argument("--iterations", type=_count, default=4, help="RFM iterations each")
        p.add_argument("--rows", type=_count, default=1000, help="most clips an RFM is fitted on")
        p.add_argument("--seed", type=int, default=0)
        _model(p)

    p = _command(commands, "evaluate", evaluate, "play directions, measure the sound, report")
    p.add_argument(
        "directions",
        nargs="*",
        metavar="DIRECTION",
        help="names or files (default: all of the model)",
    )
    p.add_argument("--out", default="evaluation", metavar="DIR", help="default %(default)s")
    p.add_argument(
        "--prompt",
        action="append",
        default=[],
        metavar="TEXT[=INSTRUMENT]",
        help="repeatable; with the instrument it asks for",
    )
    p.add_argument("--seeds", type=_count, default=2, help="seeds per prompt")
    p.add_argument("--seconds", type=float, default=8.0, help="length of a clip")
    p.add_argument(
        "--coefficients",
        type=_numbers,
        metavar="A,B,…",
        help="raw ones to try; write --coefficients=-4,4 if the first is negative",
    )
    p.add_argument(
        "--write-range",
        action="store_true",
        help="find the useful range and write it into the direction",
    )
    p.add_argument(
        "--reach",
        type=float,
        metavar="SHARE",
        help="with --write-range: let a note's range end where its share of the sound is this, "
        "instead of where the music thins out",
    )
    p.add_argument(
        "--methods",
        metavar="A,B,…",
        help=f"compare methods, trained here on the same data: {', '.join(METHODS)}",
    )
    p.add_argument("--samples", type=_count, help="clips to train on, with --methods")
    _octave_argument(p)
    p.add_argument(
        "--adherence",
        action="store_true",
        help="also ask whether the prompted instrument is kept (nano's instruments)",
    )
    p.add_argument("--chroma", action="store_true", help="also plot chroma over time")
    _model(p)
    _playing(p)
    return parser


def _command(group, name: str, run, words: str) -> argparse.ArgumentParser:
    parser = group.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def _model(p: argparse.ArgumentParser) -> None:
    p.add_argument("--model", default="nano", help="nano, a folder, or a hub id")
    p.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda if there is one")


def _playing(p: argparse.ArgumentParser) -> None:
    p.add_argument("--layers", default="all", help="all, top:K or exp:BASE,RATE")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--top-k", type=int, default=250)
    p.add_argument("--temperature", type=float, default=1.0)
    p.add_argument("--guidance", type=float, default=3.0, help="guidance scale")


def _octave_argument(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--octaves",
        default="0-8",
        metavar="A-B",
        help="MIDI octaves of the notes to train on (default %(default)s)",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 2,4,8") from None


if __name__ == "__main__":
    sys.exit(main())
