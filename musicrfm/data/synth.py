"""Renders MIDI to audio with rustysynth (wheel `midirenderer`) and the TimGM6mb soundfont, as
SynTheory does."""

from __future__ import annotations

import io

import numpy as np

SOUNDFONT = "TimGM6mb.sf2"


def render_midi(midi: bytes) -> tuple[np.ndarray, int]:
    """(float32 [samples, 2], sample rate in Hz) of a MIDI file's bytes, up to its last event.

    Raises RuntimeError for bytes that are not a MIDI file.
    """
    import soundfile
    from midirenderer import render_wave_from

    from musicrfm.data.render import soundfont

    wave = bytes(render_wave_from(soundfont(), midi))
    return soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
