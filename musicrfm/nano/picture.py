"""`python -m musicrfm.nano.picture [FOLDER]`: a picture and sounds of what nano plays.

Four prompts at the model's defaults, one clip each: the constant-Q spectra in one figure, and the
same seconds as FLAC files. Prompts and seeds are fixed here and were chosen before anybody heard
the clips, so that they show the model as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.perform import perform
from musicrfm.evaluation.plots import spectra
from musicrfm.files.writing import beside
from musicrfm.listening import harmony
from musicrfm.listening.measure import mono_of
from musicrfm.model import MusicModel

CLIPS = {  # prompt -> seed
    "flute melody": 1,
    "dark strings chords": 2,
    "calm piano arpeggio": 3,
    "guitar melody with bass and drums": 4,
}
SECONDS = 8.0
MOST_BYTES = 2**20  # of all sounds together


def play(model: MusicModel, seconds: float = SECONDS) -> dict[str, np.ndarray]:
    """prompt -> the clip, float32 [samples, channels]."""
    return {
        prompt: perform(model, prompt, seed=seed, seconds=seconds) for prompt, seed in CLIPS.items()
    }


def draw(path: Path, clips: Mapping[str, np.ndarray], sample_rate: int) -> None:
    """The clips' constant-Q spectra in one PNG."""
    panels = [
        (
            f"“{prompt}”, seed {CLIPS[prompt]}",
            _spectrum(audio, sample_rate),
            len(audio) / sample_rate,
        )
        for prompt, audio in clips.items()
    ]
    spectra(path, panels)


def write_sounds(folder: Path, clips: Mapping[str, np.ndarray], sample_rate: int) -> list[Path]:
    """A FLAC of 16 bits for each clip, named after its prompt.

    Raises MusicRFMError if they are larger than MOST_BYTES together.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for prompt, audio in clips.items():
        paths.append(folder / f"{prompt.replace(' ', '-')}.flac")
        with beside(paths[-1]) as new:
            soundfile.write(new, audio, sample_rate, format="FLAC", subtype="PCM_16")
    if (size := sum(path.stat().st_size for path in paths)) > MOST_BYTES:
        raise MusicRFMError(
            f"the sounds in {folder} have {size} bytes, more than {MOST_BYTES}: "
            "give fewer --seconds"
        )
    return paths


def _spectrum(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Constant-Q levels in dB below the loudest, [216, frames], three bins a semitone from C2."""
    magnitudes = harmony.spectrum(mono_of(audio, sample_rate))
    return 20 * np.log10(magnitudes / max(float(magnitudes.max()), 1e-9) + 1e-6)


def main() -> None:
    from musicrfm.checkpoints.finding import NANO

    parser = argparse.ArgumentParser(
        "python -m musicrfm.nano.picture", description="Shows what nano plays."
    )
    parser.add_argument("folder", type=Path, nargs="?", default=NANO)
    parser.add_argument("--out", type=Path, help="the picture, a PNG")
    parser.add_argument("--audio", type=Path, metavar="FOLDER", help="where the FLAC files go")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="of each clip (default %(default)s)"
    )
    args = parser.parse_args()
    model = MusicModel.load(str(args.folder))
    clips = play(model, args.seconds)
    if args.out is not None:
        draw(args.out, clips, model.sample_rate)
        print(args.out)
    if args.audio is not None:
        for path in write_sounds(args.audio, clips, model.sample_rate):
            print(path)


if __name__ == "__main__":
    main()
