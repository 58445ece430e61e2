"""Renders composed clips to 32 kHz mono in one int16 file that training maps into memory.

The synthesiser is rustysynth (wheel `midirenderer`) with the TimGM6mb soundfont from the
`pretty_midi` wheel, as for SynTheory's clips.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import soundfile
import soxr

from musicrfm.data.compose import Clip
from musicrfm.progress import Progress

SAMPLE_RATE = 32_000
GAIN = 3.5  # brings a full band near full scale; louder clips are scaled down to a peak of 0.95


@lru_cache(1)
def soundfont() -> bytes:
    """The TimGM6mb soundfont's bytes, read from the `pretty_midi` wheel without importing it."""
    from importlib.util import find_spec

    spec = find_spec("pretty_midi")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "the soundfont comes with `pretty_midi`: pip install 'musicrfm-bridge[train]'"
        )
    return (Path(spec.origin).parent / "TimGM6mb.sf2").read_bytes()


def render(clip: Clip, seconds: float | None = None) -> np.ndarray:
    """float32 [samples], mono, with the clip's length or its first `seconds`."""
    from midirenderer import render_wave_from

    audio, rate = soundfile.read(
        io.BytesIO(bytes(render_wave_from(soundfont(), clip.midi()))), dtype="float32"
    )
    audio = audio.mean(1) if audio.ndim > 1 else audio
    samples = int(clip.seconds * SAMPLE_RATE)
    audio = soxr.resample(audio, rate, SAMPLE_RATE)[:samples]
    audio = np.pad(audio, (0, samples - len(audio))) * GAIN
    audio = (audio * min(1.0, 0.95 / max(1e-9, float(np.abs(audio).max())))).astype(np.float32)
    return audio if seconds is None else audio[: int(seconds * SAMPLE_RATE)]


def _one(make: Callable[[int], Clip], seed: int) -> tuple[np.ndarray, dict]:
    clip = make(seed)
    told = ("prompt", "kind", "lead", "tonic", "mode", "bpm", "tempi", "beats", "bars", "seconds")
    about = {name: getattr(clip, name) for name in told}
    about["notes"] = [
        [round(n.start, 3), round(n.length, 3), n.pitch, n.channel] for n in clip.notes
    ]
    return (render(clip) * 32767).astype(np.int16), about | {"seed": seed}


def render_set(
    folder: Path,
    count: int,
    first_seed: int,
    make: Callable[[int], Clip],
    workers: int = 2,
) -> None:
    """Render clips from `first_seed` on into `folder/audio.i16` and `folder/clips.jsonl`.

    make: seed -> clip; all clips have equal length. An interrupted run continues where it stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    audio_path, about_path = folder / "audio.i16", folder / "clips.jsonl"
    done = len(about_path.read_text().splitlines()) if about_path.exists() else 0
    if done >= count:
        return
    progress = Progress(f"rendering {folder.name}", count, "clips", already=done)
    with (
        ProcessPoolExecutor(workers) as pool,
        audio_path.open("ab") as audio,
        about_path.open("a") as about,
    ):
        if done:
            seconds = json.loads(about_path.read_text().splitlines()[0])["seconds"]
            audio.truncate(done * int(seconds * SAMPLE_RATE) * 2)
        seeds = range(first_seed + done, first_seed + count)
        for i, (samples, row) in enumerate(
            pool.map(partial(_one, make), seeds, chunksize=8), done + 1
        ):
            audio.write(samples.tobytes())
            audio.flush()
            about.write(json.dumps(row) + "\n")
            about.flush()
            progress(i)


def open_set(folder: Path) -> tuple[np.ndarray, list[dict]]:
    """(int16 [clips, samples] mapped read-only, one dict per clip)."""
    rows = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    audio = np.memmap(folder / "audio.i16", np.int16, mode="r")
    samples = int(rows[0]["seconds"] * SAMPLE_RATE)
    return audio[: len(rows) * samples].reshape(len(rows), samples), rows
