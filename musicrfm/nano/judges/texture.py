"""Whether melody, chords or an arpeggio is heard as prompted, with or without drums and bass.

Three logistic regressions on the same properties of the audio: how many notes sound together, how
the line moves, what is below the melody, how broad the onsets are. They are fitted on rendered
clips (never on generated ones), each plain and through nano's codec, and stored in `texture.json`,
so that clips of other codecs are understood as well. How often they are right about rendered clips
through the codec at hand is measured anew and belongs beside every result.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import librosa
import numpy as np

from musicrfm.data.compose import DRUMS, INSTRUMENTS, Clip
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.listening import harmony
from musicrfm.listening.measure import mono_of
from musicrfm.listening.rhythm import RATE, onset_envelope, onsets, tempo

FITTED = Path(__file__).parent / "texture.json"
ACCOMPANIMENT, BASS = 1, 2  # MIDI channels
SECONDS = 8.0  # of a clip that are heard
FIRST_SEED = 6_500  # of the generated clips
FIT_SEED = 6_000_000  # of the clips that the regressions are fitted on
FRAME = 512  # samples at 16 kHz from one spectrum to the next, 32 ms
EDGES = (40, 65, 130, 260, 520, 1040, 2080, 4160, 8000)  # Hz, of bands of about an octave
STRONG = (0.3, 0.5)  # as strong as this against the strongest, another note sounds with it
BROAD_DB = 6.0  # a band that rises by this much takes part in an onset
PENALTY = 0.05  # the regressions' C

Through = Callable[[np.ndarray], np.ndarray]  # audio [samples] -> the same, decoded from its codes


@dataclass(frozen=True)
class Texture:
    """What plays. line: melody, arpeggio or chords."""

    line: str
    drums: bool
    bass: bool


QUESTIONS = ("line", "drums", "bass")
PROMPTS = {  # all textures that nano's prompts name and that have one line
    "solo {} melody": Texture("melody", False, False),
    "{} melody with drums": Texture("melody", True, False),
    "{} melody with bass and drums": Texture("melody", True, True),
    "{} arpeggio": Texture("arpeggio", False, False),
    "{} arpeggio with bass and drums": Texture("arpeggio", True, True),
    "{} chords": Texture("chords", False, False),
    "{} chords with drums": Texture("chords", True, False),
}


def texture_of(clip: Clip) -> Texture | None:
    """What a composed clip plays; None for exercises and where chords accompany another line."""
    channels = {note.channel for note in clip.notes}
    if clip.kind != "music" or ACCOMPANIMENT in channels:
        return None
    line = next((word for word in ("arpeggio", "chords") if word in clip.prompt), "melody")
    return Texture(line, DRUMS in channels, BASS in channels)


def properties(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """What the regressions are told of a clip, [numbers]; audio: [samples] or [samples,
    channels]."""
    mono = mono_of(audio, sample_rate)
    mono = mono / max(1e-6, float(np.sqrt(np.mean(mono**2))))
    power = np.abs(librosa.stft(mono, n_fft=2 * FRAME, hop_length=FRAME)) ** 2
    level = 10 * np.log10(power.sum(0) + 1e-6)
    sounding = level > level.max() - 35
    return np.concatenate(
        [_bands(power, sounding), _onsets(mono), _notes(mono, sounding)], dtype=np.float64
    )


def _bands(power: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    """The level of each octave, how it varies, its highs and lows, and the spectrum's flatness."""
    hertz = np.fft.rfftfreq(2 * FRAME, 1 / RATE)
    energy = [
        power[(hertz >= low) & (hertz < high)].sum(0) for low, high in itertools.pairwise(EDGES)
    ]
    share = 10 * np.log10(np.array(energy) / (power.sum(0) + 1e-9) + 1e-5)[:, sounding]
    flat = librosa.feature.spectral_flatness(S=power[:, sounding], power=1.0)[0]
    high, low = np.quantile(share, (0.9, 0.1), axis=1)
    parts = [share.mean(1), share.std(1), high, low]
    return np.concatenate([*parts, np.log(np.quantile(flat, (0.1, 0.5, 0.9)) + 1e-6)])


def _onsets(mono: np.ndarray) -> np.ndarray:
    """How many onsets there are, how regular they come, and in how many bands each happens."""
    envelope = onset_envelope(mono)
    begins = onsets(envelope)
    mel = librosa.feature.melspectrogram(y=mono, sr=RATE, n_fft=1024, hop_length=160, n_mels=40)
    decibel = librosa.power_to_db(mel, top_db=60)
    wide = np.maximum(0, decibel[:, 4:] - decibel[:, :-4])  # rise within 40 ms
    rise = np.array(
        [wide[:, max(0, at - 5) : at + 4].max(1) for at in begins if at < wide.shape[1]]
    )
    rise = rise if len(rise) else np.zeros((1, 40))
    broad = (rise > BROAD_DB).mean(1)
    top, bottom = rise[:, 30:].mean(1), rise[:, :4].mean(1)
    gaps = np.diff(begins) if len(begins) > 2 else np.array([100.0])
    found = [len(begins) * RATE / len(mono), gaps.std() / gaps.mean(), tempo(envelope)[1]]
    found += [*np.quantile(gaps / 100, (0.1, 0.5, 0.9)), np.mean(broad > 0.5)]
    for values in (broad, top, bottom):
        found += [values.mean(), values.std(), *np.quantile(values, (0.2, 0.8))]
    return np.array(found)


def _notes(mono: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    """How many notes sound together above the bass, which intervals they make, how the strongest
    moves, and what sounds in the lowest octave."""
    strength = harmony.notes(harmony.spectrum(mono))
    count = min(strength.shape[1], len(sounding))
    strength, sounding = strength[:, :count], sounding[:count]
    begins = onsets(onset_envelope(mono))
    every, together, moves = harmony.intervals(strength[12:], sounding, begins)
    heard = strength[:, sounding] / np.maximum(strength[:, sounding].max(0), 1e-9)
    found = [every, together, moves]
    for least in STRONG:
        notes = (heard[12:] >= least).sum(0)
        found.append(
            np.array([notes.mean(), notes.std(), *((notes >= n).mean() for n in (2, 3, 4))])
        )
    lowest = heard[:12].max(0)
    kept = (heard[:, 1:] * heard[:, :-1]).sum(0) / np.maximum((heard**2).sum(0)[1:], 1e-9)
    found.append(np.array([lowest.mean(), (lowest > 0.3).mean(), (lowest > 0.6).mean()]))
    found.append(np.array([kept.mean(), *np.quantile(kept, (0.1, 0.5))]))
    found.append(np.bincount(heard.argmax(0) // 12, minlength=6)[:6] / max(1, heard.shape[1]))
    return np.concatenate(found)


def hear(audio: np.ndarray, sample_rate: int) -> Texture:
    """The likeliest texture of a clip; audio: [samples] or [samples, channels]."""
    return answer(_fitted(), properties(audio, sample_rate))


def answer(fitted: dict, found: np.ndarray) -> Texture:
    """What the regressions `fitted` say about `properties`."""
    said, x = {}, (found - fitted["mean"]) / fitted["deviation"]
    for question in QUESTIONS:
        machine = fitted[question]
        logits = np.array(machine["weights"]) @ x + machine["bias"]
        said[question] = machine["names"][int(logits.argmax())]
    return Texture(**said)


def even(clips: Iterable[Clip], count: int) -> list[tuple[Clip, Texture]]:
    """The first clips with `count` of each texture of PROMPTS."""
    wanted = dict.fromkeys(PROMPTS.values(), count)
    found = []
    for clip in clips:
        if (texture := texture_of(clip)) is not None and wanted.get(texture):
            wanted[texture] -= 1
            found.append((clip, texture))
        if not any(wanted.values()):
            break
    return found


def accuracy(through: Through, clips: Iterable[Clip], count: int = 4) -> dict[str, float]:
    """Share of held-out rendered clips, after the codec, that are heard as what they are; `count`
    of each texture."""
    rows = [
        (texture, hear(through(render(clip, SECONDS)), SAMPLE_RATE))
        for clip, texture in even(clips, count)
    ]
    return {"clips": len(rows), **shares(rows)}


def generated(
    play: Callable[[str, int, float], np.ndarray], sample_rate: int, count: int = 6
) -> dict[str, float]:
    """Share of generated clips that are heard as prompted; `count` of each prompt, the instruments
    in turn. play: (prompt, seed, seconds) -> float [samples, channels]."""
    leads, rows = list(INSTRUMENTS), []
    for number, (words, texture) in enumerate(PROMPTS.items()):
        for i in range(count):
            prompt = words.format(leads[(number + i) % len(leads)])
            audio = play(prompt, FIRST_SEED + i, SECONDS)
            rows.append((texture, hear(audio, sample_rate)))
    by_line = {
        f"line_of_{line}": float(np.mean([a.line == b.line for a, b in rows if a.line == line]))
        for line in ("melody", "arpeggio", "chords")
    }
    return {"clips": len(rows), **shares(rows), **by_line}


def shares(rows: Sequence[tuple[Texture, Texture]]) -> dict[str, float]:
    """(asked, heard) -> the share with each question answered right, and all three."""
    found = {
        question: float(np.mean([getattr(a, question) == getattr(b, question) for a, b in rows]))
        for question in QUESTIONS
    }
    return {**found, "all_three": float(np.mean([a == b for a, b in rows]))}


def fit(through: Through, clips: Iterable[Clip], count: int = 40) -> dict[str, float]:
    """Fit on `count` rendered clips of each texture and write `texture.json`; returns the accuracy
    on a fifth that is held out. Takes about 10 minutes on one core."""
    rows, told = [], []
    for number, (clip, texture) in enumerate(even(clips, count)):
        audio = render(clip, SECONDS)
        rows += [properties(audio, SAMPLE_RATE), properties(through(audio), SAMPLE_RATE)]
        told += [texture, texture]
        if number % 10 == 0:
            total = count * len(PROMPTS)
            print(f"\rheard {number}/{total}", end="", file=sys.stderr, flush=True)
    fitted, right = learn(np.stack(rows), told)
    FITTED.write_text(json.dumps(fitted) + "\n")
    _fitted.cache_clear()
    return right


def learn(x: np.ndarray, told: Sequence[Texture]) -> tuple[dict, dict[str, float]]:
    """(content of `texture.json`, accuracy on a fifth that is held out), from properties [rows,
    numbers] and textures [rows]; two rows a clip. What is stored was fitted on all rows."""
    fifth = np.arange(len(x)) // 2 % 5 == 0
    fitted = _regressions(x[~fifth], [t for t, out in zip(told, fifth, strict=True) if not out])
    rows = [
        (texture, answer(fitted, row))
        for row, texture, out in zip(x, told, fifth, strict=True)
        if out
    ]
    right = shares(rows)
    return {**_regressions(x, told), "clips": len(x) // 2, "held_out": right}, right


def _regressions(x: np.ndarray, told: Sequence[Texture]) -> dict:
    from sklearn.linear_model import LogisticRegression

    mean, deviation = x.mean(0), x.std(0) + 1e-6
    fitted: dict = {"mean": mean.round(6).tolist(), "deviation": deviation.round(6).tolist()}
    for question in QUESTIONS:
        names = np.array([getattr(texture, question) for texture in told])
        machine = LogisticRegression(C=PENALTY, max_iter=3000).fit((x - mean) / deviation, names)
        weights, bias = machine.coef_, machine.intercept_
        if len(weights) == 1:  # of two classes, only the second has numbers
            weights, bias = np.stack((-weights[0], weights[0])) / 2, np.append(-bias, bias) / 2
        fitted[question] = {
            "names": machine.classes_.tolist(),
            "weights": weights.round(5).tolist(),
            "bias": bias.round(5).tolist(),
        }
    return fitted


@lru_cache(1)
def _fitted() -> dict:
    return json.loads(FITTED.read_text("utf-8"))
