"""Estimates the tempo of a rhythm, with numpy alone, because the live meters use it, too."""

from __future__ import annotations

import numpy as np

ENVELOPE_RATE = 100  # values a second of an onset envelope
ONSET_DB = 1.5  # a rise of the mean level by this much within 20 ms is an onset
SLOWEST_BPM, FASTEST_BPM = 40.0, 220.0


def tempo(envelope: np.ndarray) -> tuple[float | None, float]:
    """(BPM or None, pulse strength 0 to 1) of an onset envelope: rises in dB, one value per 10 ms.

    Autocorrelation of the envelope over the periods of 40 to 220 BPM, refined over several beats.
    Among periods that explain the rhythm about equally well, the shortest counts. A click track
    thus measures as its clicks, and steady eighth notes without accents at 100 BPM measure 200.
    """
    x = envelope - envelope.mean()
    if len(x) < 200 or envelope.max() < ONSET_DB:
        return None, 0.0
    x = smooth(x)  # tolerates 20 ms of swing
    frames_per_minute = 60 * ENVELOPE_RATE
    n = len(x)
    spectrum = np.fft.rfft(x, 2 * n)
    acf = np.fft.irfft(np.abs(spectrum) ** 2)[:n]
    acf = acf / np.maximum(n - np.arange(n), n // 4) * (n / max(acf[0], 1e-12))
    first = int(frames_per_minute / FASTEST_BPM)
    last = min(int(np.ceil(frames_per_minute / SLOWEST_BPM)), n // 2)
    middle = acf[1 : last + 1]
    peaks = 1 + np.flatnonzero((middle > acf[:last]) & (middle > acf[2 : last + 2]))
    peaks = peaks[peaks >= first]
    if not len(peaks) or acf[peaks].max() < 0.1:
        return None, 0.0
    period = peaks[acf[peaks] >= 0.8 * acf[peaks].max()][0]
    return float(frames_per_minute / _refine(acf, period)), float(min(1.0, acf[period]))


def smooth(envelope: np.ndarray) -> np.ndarray:
    """Smooth the envelope, to tolerate onsets that deviate by 20 ms."""
    return np.convolve(envelope, np.hanning(7) / np.hanning(7).sum(), "same")


def _refine(acf: np.ndarray, period: int) -> float:
    """The period in fractions of a frame, from the peaks near its multiples up to 6 s."""
    refined = _parabola(acf, period)
    multiple = 2
    while multiple * refined + 3 < min(len(acf) // 2, 600):
        centre = round(multiple * refined)
        near = np.arange(centre - 2, centre + 3)
        best = int(near[np.argmax(acf[near])])
        if acf[best] < 0.5 * acf[period]:
            break
        refined = _parabola(acf, best) / multiple
        multiple += 1
    return refined


def _parabola(values: np.ndarray, i: int) -> float:
    left, mid, right = values[i - 1 : i + 2]
    bend = left - 2 * mid + right
    return i + float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else float(i)
