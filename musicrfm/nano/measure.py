"""Measures nano on held-out clips and seeds, and writes the results to the model card.

The questions: the quality of the codec, whether each prompt plays as music, how varied free
generation is, whether the prompt determines the instrument and the texture, how near the music is
to rendered music, whether a transcriber hears the same notes, and whether it stays music for
minutes. All are measured in audio.
`python -m musicrfm.nano.measure [FOLDER] [--only PART ...]` prints the results and stores them in
FOLDER/measured.json; `--beside OTHER` prints those of another folder in a second column. `--fit`
first fits the classifiers of instruments (20 minutes) and textures (10 minutes) again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from musicrfm.data.compose import INSTRUMENTS, Clip, compose
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.evaluate import perform
from musicrfm.listening import measure as listening
from musicrfm.model import MusicModel
from musicrfm.nano import instruments
from musicrfm.nano.judges import (
    codec_quality,
    endless,
    nearness,
    playing,
    tagger,
    texture,
    transcriber,
)
from musicrfm.nano.recipe import repertoire

HELD_OUT = 9_000_000  # first seed of the held-out clips
MEASURED = "measured.json"
PROMPTS = ("solo {} melody", "{} melody with drums", "{} chords", "{} arpeggio")


class LeftOut(MusicRFMError):
    """A part cannot be measured without something that was not given."""


@dataclass(frozen=True)
class Given:
    """What some parts need and the library does not contain.

    musicnn, basic_pitch: the wheels with these networks, or folders with their content.
    tunes: the file of `musicrfm.nano.recipe.tunes.read`. With it, the held-out clips of `texture`,
    `nearness` and `notes` are drawn as nano's training data are, six in ten of them from held-out
    tunes; without it, all are composed by rule.
    """

    musicnn: Path | None = None
    basic_pitch: Path | None = None
    tunes: Path | None = None

    def make(self, seed: int) -> Clip:
        return compose(seed) if self.tunes is None else repertoire.clip(self.tunes, seed, True)

    @property
    def source(self) -> str:
        return "composed by rule" if self.tunes is None else "as the training data"


def held_out(
    count: int,
    wanted: Callable[[Clip], bool] = lambda clip: True,
    make: Callable[[int], Clip] = compose,
) -> list[Clip]:
    """The first `count` held-out clips that `wanted` accepts."""
    return list(itertools.islice(filter(wanted, map(make, itertools.count(HELD_OUT))), count))


def is_music(clip: Clip) -> bool:
    return clip.kind == "music"


def through(model: MusicModel) -> Callable[[np.ndarray], np.ndarray]:
    """Audio [samples] -> the same, decoded from its codes."""

    def coded(audio: np.ndarray) -> np.ndarray:
        return model.decode_codes(model.encode_audio(audio, SAMPLE_RATE))[: len(audio), 0]

    return coded


@lru_cache(1)
def usual_onsets() -> dict[str, tuple[float, float]]:
    """`playing.usual_onsets` of held-out clips."""
    return playing.usual_onsets(map(compose, itertools.count(HELD_OUT)))


def codec(model: MusicModel, clips: int = 30, keys: int = 12) -> dict[str, float]:
    """All of `codec_quality`, on held-out music and on notes."""
    coded = through(model)
    return {
        "log_mel_distance_db": codec_quality.distance(coded, held_out(clips, is_music)),
        **codec_quality.notes_kept(coded),
        **codec_quality.noise(coded, keys),
    }


def play(model: MusicModel, seeds: int = 8) -> dict[str, object]:
    """`playing`, with the model's defaults."""

    def once(prompt: str, seed: int) -> np.ndarray:
        return perform(model, prompt, seed=seed, seconds=playing.SECONDS)

    judged = playing.judge(once, model.sample_rate, usual_onsets(), instruments.odds, seeds)
    return {**vars(model.sampling), **playing.summary(judged)}


def generation_quality(model: MusicModel, seeds: int = 100) -> dict[str, object]:
    """Variety over seeds."""
    leads = list(INSTRUMENTS)
    dominant, onset_rates = set(), []
    for seed in range(seeds):
        prompt = PROMPTS[seed % len(PROMPTS)].format(leads[seed % len(leads)])
        heard = listening.measure(perform(model, prompt, seed=seed, seconds=6.0), model.sample_rate)
        dominant.add(int(np.argmax(heard.note_share)))
        onset_rates.append(heard.onset_rate)
    trained = [
        listening.measure(render(c, 6.0), SAMPLE_RATE).onset_rate for c in held_out(40, is_music)
    ]
    return {
        "dominant_pitch_classes": len(dominant),
        "onset_rate_median": float(np.median(onset_rates)),
        "onset_rate_training_range": [
            float(np.quantile(trained, 0.05)),
            float(np.quantile(trained, 0.95)),
        ],
    }


def prompt_adherence(model: MusicModel, per_lead: int = 6) -> dict[str, float]:
    """Share of generated clips on which the classifier finds the prompted instrument."""
    right = {}
    for lead in INSTRUMENTS:
        prompts = [PROMPTS[i % len(PROMPTS)].format(lead) for i in range(per_lead)]
        heard = [
            instruments.hear_instrument(
                perform(model, p, seed=500 + i, seconds=7.0)[SAMPLE_RATE:, 0], SAMPLE_RATE
            )
            for i, p in enumerate(prompts)
        ]
        right[f"accuracy_{lead}"] = float(np.mean([name == lead for name in heard]))
    mean = float(np.mean(list(right.values())))
    fitted = {"accuracy_on_rendered_clips": instruments.accuracy()}
    return {"accuracy": mean, "chance": 1 / len(right), **right, **fitted}


def hear_texture(model: MusicModel, given: Given, count: int = 6) -> dict[str, object]:
    """`texture`, of generated clips, and of held-out rendered ones through the model's codec."""

    def once(prompt: str, seed: int, seconds: float) -> np.ndarray:
        return perform(model, prompt, seed=seed, seconds=seconds)

    clips = map(given.make, itertools.count(HELD_OUT))
    rendered = texture.accuracy(through(model), clips, max(1, count * 2 // 3))
    return {
        **texture.generated(once, model.sample_rate, count),
        **{f"rendered_{name}": share for name, share in rendered.items()},
        "held_out_clips_are": given.source,
    }


def near(model: MusicModel, given: Given, clips: int = 80) -> dict[str, object]:
    """`nearness` of `clips` clips to twice as many held-out ones, with the prompts of further ones.

    codec_alone: the distance of one half of the held-out clips through the codec from the other
    half.
    """
    if given.musicnn is None:
        raise LeftOut("give --musicnn, the wheel that `pip download --no-deps musicnn` leaves")
    weights = tagger.load(given.musicnn)

    def heard(audio: np.ndarray, sample_rate: int) -> np.ndarray:
        return tagger.listen(weights, nearness.part(audio, sample_rate), sample_rate).embedding

    pieces = held_out(3 * clips, is_music, given.make)
    audio = [render(piece, nearness.SECONDS) for piece in pieces]
    rendered = [heard(one, SAMPLE_RATE) for one in audio]
    generated = [
        heard(
            perform(model, piece.prompt, seed=nearness.FIRST_SEED + i, seconds=nearness.SECONDS),
            model.sample_rate,
        )
        for i, piece in enumerate(pieces[2 * clips :])
    ]
    coded = through(model)
    again = [heard(coded(one), SAMPLE_RATE) for one in audio[:clips]]
    held, further = rendered[: 2 * clips], rendered[2 * clips :]
    return {
        **nearness.compare(generated, held, further),
        "codec_alone": nearness.distance(again, held[clips:], further),
        "held_out_clips_are": given.source,
    }


def transcribe(model: MusicModel, given: Given, seeds: int = 2) -> dict[str, object]:
    """`transcriber`, of clips as in `playing`, and of as many held-out rendered ones."""
    if given.basic_pitch is None:
        raise LeftOut(
            "give --basic-pitch, the wheel that `pip download --no-deps basic-pitch` leaves"
        )
    network = transcriber.load(given.basic_pitch)
    generated = [
        perform(model, prompt, seed=playing.FIRST_SEED + seed, seconds=playing.SECONDS)
        for prompt in playing.PROMPTS
        for seed in range(seeds)
    ]
    pieces = held_out(len(generated), is_music, given.make)
    rendered = [render(p, playing.SECONDS)[:, None] for p in pieces]
    return {
        **transcriber.compare(network, generated, model.sample_rate),
        **transcriber.compare(network, rendered, SAMPLE_RATE, "rendered_"),
    }


def play_on(model: MusicModel, seconds: float = 300.0) -> dict[str, object]:
    """`endless`, with the model's defaults."""
    runs = [endless.play(model, prompt, seconds) for prompt in endless.PROMPTS]
    return endless.summary(runs, usual_onsets(), instruments.odds)


PARTS: dict[str, Callable[[MusicModel, Given], dict]] = {
    "codec": lambda model, given: codec(model),
    "playing": lambda model, given: play(model),
    "generation": lambda model, given: generation_quality(model),
    "prompt": lambda model, given: prompt_adherence(model),
    "texture": hear_texture,
    "nearness": near,
    "notes": transcribe,
    "endless": lambda model, given: play_on(model),
}


def fit_instruments(model: MusicModel, given: Given) -> None:
    instruments.fit(model)


def fit_texture(model: MusicModel, given: Given) -> None:
    def make(seed: int) -> Clip:
        return compose(seed) if given.tunes is None else repertoire.clip(given.tunes, seed)

    texture.fit(through(model), map(make, itertools.count(texture.FIT_SEED)))


FITS = {"instruments": fit_instruments, "texture": fit_texture}


def measure(
    folder: Path, only: Sequence[str] = (), fit: Sequence[str] = (), given: Given | None = None
) -> dict[str, dict]:
    """The named measurements, or all, of the checkpoint in `folder`.

    They are stored in `folder/measured.json` with the earlier ones. A part that needs something
    that is not given is left out, and stderr says so. fit: of FITS, the classifiers to fit first,
    on the checkpoint's codec.
    """
    given = Given() if given is None else given
    results = stored(folder)
    model = MusicModel.load(str(folder))
    for name in fit:
        FITS[name](model, given)
    for part in only or PARTS:
        try:
            results[part] = PARTS[part](model, given)
        except LeftOut as lacking:
            print(f"{part} is left out: {lacking}", file=sys.stderr)
            continue
        (folder / MEASURED).write_text(json.dumps(results, indent=1) + "\n")
    return results


def stored(folder: Path) -> dict[str, dict]:
    """What has been measured of a checkpoint; empty if nothing."""
    kept = folder / MEASURED
    return json.loads(kept.read_text()) if kept.exists() else {}


def side_by_side(columns: dict[str, dict[str, dict]], only: Sequence[str] = ()) -> str:
    """The results of several checkpoints, by name, as a Markdown table."""
    return "\n".join(_table(columns, only))


def _table(columns: dict[str, dict[str, dict]], only: Sequence[str]) -> Iterator[str]:
    yield f"| part | measured | {' | '.join(columns)} |"
    yield "|---" * (2 + len(columns)) + "|"
    for part in only or PARTS:
        found = [results.get(part, {}) for results in columns.values()]
        for name in dict.fromkeys(name for one in found for name in one):
            values = [_shown(one[name]) if name in one else "" for one in found]
            yield f"| {part} | {name.replace('_', ' ')} | {' | '.join(values)} |"


def write_card(folder: Path, results: dict[str, dict], trained: str) -> None:
    """Writes `folder/README.md`: the template with the measurements and the training."""
    template = (Path(__file__).parent / "card.md").read_text()
    tables = {**dict.fromkeys(PARTS, "Not measured."), "trained": trained}
    for part, values in results.items():
        rows = [f"| {name.replace('_', ' ')} | {_shown(value)} |" for name, value in values.items()]
        tables[part] = "\n".join(["| measured | value |", "|---|---|", *rows])
    (folder / "README.md").write_text(template.format(**tables))


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " to ".join(_shown(v) for v in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def main() -> None:
    from musicrfm.checkpoints.finding import NANO

    parser = argparse.ArgumentParser("python -m musicrfm.nano.measure")
    parser.add_argument("folder", type=Path, nargs="?", default=NANO)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=())
    parser.add_argument(
        "--fit", choices=FITS, nargs="*", help="fit these classifiers first, or all"
    )
    parser.add_argument(
        "--musicnn", type=Path, help="wheel or folder with the tagging network, for nearness"
    )
    parser.add_argument(
        "--basic-pitch", type=Path, help="wheel or folder with the transcriber, for notes"
    )
    parser.add_argument("--tunes", type=Path, help="draw held-out clips as the training data are")
    parser.add_argument(
        "--beside", type=Path, metavar="FOLDER", help="print what is stored there as well"
    )
    parser.add_argument(
        "--stored", action="store_true", help="measure nothing, print what is stored"
    )
    args = parser.parse_args()
    fit = () if args.fit is None else args.fit or tuple(FITS)
    given = Given(args.musicnn, args.basic_pitch, args.tunes)
    results = stored(args.folder) if args.stored else measure(args.folder, args.only, fit, given)
    columns = {args.folder.name: results}
    if args.beside is not None:
        columns[f"{args.beside.name} (beside)"] = stored(args.beside)
    print(side_by_side(columns, args.only))


if __name__ == "__main__":
    main()
