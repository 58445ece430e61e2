"""Measures nano on clips and seeds it never saw, and writes what was measured into the model card.

Three questions: what survives the codec, does free generation stay music, and does the prompt
decide the instrument. All of it is measured on the sound.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import librosa
import numpy as np

from musicrfm import listening
from musicrfm.evaluate import perform
from musicrfm.model import MusicModel
from musicrfm.nano import instruments
from musicrfm.nano.compose import INSTRUMENTS, Clip, compose, theory
from musicrfm.nano.render import SAMPLE_RATE, render

HELD_OUT = 9_000_000  # first seed of the held-out clips
PROMPTS = ("solo {} melody", "{} melody with drums", "{} chords", "{} arpeggio")


def held_out(count: int, wanted=lambda clip: True, make=compose) -> list[Clip]:
    """The first `count` held-out clips that `wanted` accepts."""
    return list(itertools.islice(filter(wanted, map(make, itertools.count(HELD_OUT))), count))


def codec_quality(model: MusicModel, clips: int = 30, notes: int = 60) -> dict[str, float]:
    """Log-mel distance (dB) on music; share of single notes whose pitch class is still heard."""

    def log_mel(audio: np.ndarray) -> np.ndarray:
        mel = librosa.feature.melspectrogram(
            y=audio, sr=SAMPLE_RATE, n_fft=2048, hop_length=640, n_mels=80
        )
        return 10 * np.log10(mel + 1e-5)

    def through(audio: np.ndarray) -> np.ndarray:
        return model.decode_codes(model.encode_audio(audio, SAMPLE_RATE))[: len(audio), 0]

    distances = []
    for clip in held_out(clips, lambda c: c.kind == "music"):
        audio = render(clip)[: 6 * SAMPLE_RATE]
        distances.append(np.abs(log_mel(audio) - log_mel(through(audio))).mean())
    kept, heard = 0, 0
    for clip in held_out(notes, lambda c: c.kind == "note" and c.lead in INSTRUMENTS, theory):
        audio = render(clip)[: 3 * SAMPLE_RATE]
        if listening.pitch_class_of(audio, SAMPLE_RATE) != clip.tonic:
            continue  # the detector must first be right about the original
        heard += 1
        kept += listening.pitch_class_of(through(audio), SAMPLE_RATE) == clip.tonic
    return {
        "log_mel_distance_db": float(np.mean(distances)),
        "notes_kept": kept / max(1, heard),
        "notes_heard": heard,
    }


def generation_quality(
    model: MusicModel, seeds: int = 100, long_seconds: float = 300.0
) -> dict[str, object]:
    """Variety over seeds, and one long run: nothing collapses, falls silent or saturates."""
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
    """Share of generated clips on which the classifier names the instrument that was asked for."""
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
    return {"accuracy": mean, "chance": 1 / len(right), **right}


def measure(folder: Path) -> dict[str, dict]:
    """All measurements of the checkpoint in `folder`; also written to `folder/measured.json`."""
    model = MusicModel.load(str(folder))
    on_real_clips = instruments.fit()
    results = {
        "codec": codec_quality(model),
        "generation": generation_quality(model),
        "prompt": prompt_adherence(model) | {"accuracy_on_rendered_clips": on_real_clips},
    }
    (folder / "measured.json").write_text(json.dumps(results, indent=1))
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
