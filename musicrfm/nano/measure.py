"""Measures nano on held-out clips and seeds, and writes the results to the model card.

Four questions: the quality of the codec, whether each prompt plays as music, whether free
generation stays music, and whether the prompt determines the instrument. All are measured in audio.
`python -m musicrfm.nano.measure [FOLDER] [--only PART ...]` prints the results and stores them in
FOLDER/measured.json; `--fit` first fits the instrument classifier again (20 minutes).
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from musicrfm.data.compose import INSTRUMENTS, Clip, compose
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.evaluation.evaluate import perform
from musicrfm.listening import measure as listening
from musicrfm.model import MusicModel
from musicrfm.nano import codec_quality, instruments, playing

HELD_OUT = 9_000_000  # first seed of the held-out clips
PROMPTS = ("solo {} melody", "{} melody with drums", "{} chords", "{} arpeggio")


def held_out(count: int, wanted=lambda clip: True, make=compose) -> list[Clip]:
    """The first `count` held-out clips that `wanted` accepts."""
    return list(itertools.islice(filter(wanted, map(make, itertools.count(HELD_OUT))), count))


def codec(model: MusicModel, clips: int = 30, keys: int = 12) -> dict[str, float]:
    """All of `codec_quality`, on held-out music and on notes."""

    def through(audio: np.ndarray) -> np.ndarray:
        return model.decode_codes(model.encode_audio(audio, SAMPLE_RATE))[: len(audio), 0]

    music = held_out(clips, lambda c: c.kind == "music")
    return {
        "log_mel_distance_db": codec_quality.distance(through, music),
        **codec_quality.notes_kept(through),
        **codec_quality.noise(through, keys),
    }


def play(model: MusicModel, seeds: int = 8) -> dict[str, object]:
    """`playing`, with the model's defaults."""

    def once(prompt: str, seed: int) -> np.ndarray:
        return perform(model, prompt, seed=seed, seconds=playing.SECONDS)

    usual = playing.usual_onsets(map(compose, itertools.count(HELD_OUT)))
    judged = playing.judge(once, model.sample_rate, usual, instruments.odds, seeds)
    return {**vars(model.sampling), **playing.summary(judged)}


def generation_quality(
    model: MusicModel, seeds: int = 100, long_seconds: float = 300.0
) -> dict[str, object]:
    """Variety over seeds, and one long run that must not collapse, fall silent or saturate."""
    leads = list(INSTRUMENTS)
    dominant, onset_rates = set(), []
    for seed in range(seeds):
        prompt = PROMPTS[seed % len(PROMPTS)].format(leads[seed % len(leads)])
        heard = listening.measure(perform(model, prompt, seed=seed, seconds=6.0), model.sample_rate)
        dominant.add(int(np.argmax(heard.note_share)))
        onset_rates.append(heard.onset_rate)
    clips = held_out(40, lambda c: c.kind == "music")
    trained = [
        listening.measure(render(c)[: 6 * SAMPLE_RATE], SAMPLE_RATE).onset_rate for c in clips
    ]
    long = perform(model, "piano melody with bass and drums", seconds=long_seconds)[:, 0]
    seconds = long[: len(long) // model.sample_rate * model.sample_rate].reshape(
        -1, model.sample_rate
    )
    level = 20 * np.log10(np.sqrt((seconds**2).mean(1)) + 1e-9)
    return {
        "dominant_pitch_classes": len(dominant),
        "onset_rate_median": float(np.median(onset_rates)),
        "onset_rate_training_range": [
            float(np.quantile(trained, 0.05)),
            float(np.quantile(trained, 0.95)),
        ],
        "long_run_seconds": long_seconds,
        "long_run_silent_share": float((level < -60).mean()),
        "long_run_level_db": [float(level.min()), float(np.median(level)), float(level.max())],
        "long_run_clipped_share": float((np.abs(long) >= 0.999).mean()),
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


PARTS: dict[str, Callable[[MusicModel], dict]] = {
    "codec": codec,
    "playing": play,
    "generation": generation_quality,
    "prompt": prompt_adherence,
}


def measure(folder: Path, only: Sequence[str] = (), fit: bool = False) -> dict[str, dict]:
    """The named measurements, or all, of the checkpoint in `folder`.

    They are stored in `folder/measured.json` with the earlier ones. fit: first fit the instrument
    classifier on the checkpoint's codec.
    """
    kept = folder / "measured.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    model = MusicModel.load(str(folder))
    if fit:
        instruments.fit(model)
    for part in only or PARTS:
        results[part] = PARTS[part](model)
        kept.write_text(json.dumps(results, indent=1) + "\n")
    return results


def write_card(folder: Path, results: dict[str, dict], trained: str) -> None:
    """Writes `folder/README.md`: the template with the measurements and the training."""
    template = (Path(__file__).parent / "card.md").read_text()
    tables = {"trained": trained}
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
    parser.add_argument("--fit", action="store_true")
    args = parser.parse_args()
    print(json.dumps(measure(args.folder, args.only, args.fit), indent=1))


if __name__ == "__main__":
    main()
