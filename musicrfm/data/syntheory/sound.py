"""Renders the audio of a row."""

from __future__ import annotations

import numpy as np

from musicrfm.data.clips import Sound, peak_normalised
from musicrfm.data.syntheory.clicks import SECONDS
from musicrfm.data.syntheory.sets import find
from musicrfm.data.syntheory.spec import ConceptSet, Row

SAMPLE_RATE = 32_000
PEAK = 0.5  # as published, clips peak 20 to 50 dB below full scale: far quieter than music


def render(concept_set: ConceptSet, row: Row) -> np.ndarray:
    """float32 [4 s at 32 kHz], mono, at the synthesiser's level; zeros if silent."""
    import soxr

    from musicrfm.data.synth import render_midi

    midi, skip = concept_set.midi(row)
    stereo, rate = render_midi(midi)
    wanted = round(SECONDS * rate)
    audio = stereo[round(skip * rate) :][:wanted].mean(1)
    audio = np.pad(audio, (0, wanted - len(audio)))
    silent = not audio.any()  # before resampling, which may leave rounding noise
    resampled = soxr.resample(audio, rate, SAMPLE_RATE).astype(np.float32)
    return np.zeros_like(resampled) if silent else resampled


def hear(concept_set: str, row: Row) -> Sound | None:
    """`ClipSet.hear` of a rendered set: every clip scaled to the same peak."""
    audio = render(find(concept_set), row)
    return (peak_normalised(audio, PEAK), SAMPLE_RATE) if audio.any() else None
