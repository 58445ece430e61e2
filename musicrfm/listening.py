"""Measures what a listener would hear: pitch classes, tempo, onsets, level and artefacts.

Only audio goes in; nothing here knows a model or a direction, so it can judge both. Everything
is computed on a mono mix resampled to 16 kHz, except peak and clipping.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import librosa
import numpy as np
import scipy.signal
import soxr

from musicrfm.errors import MusicRFMError

PITCH_CLASSES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")
RATE = 16_000
CHROMA_HOP = 512  # 32 ms
ONSET_HOP = 160  # 10 ms
SLOWEST_BPM, FASTEST_BPM = 40.0, 220.0
HEARD_SHARE = 0.03  # a pitch class that dominates for less than this is not "heard"
SILENCE_DB = -60.0  # dBFS; quieter frames are silence
SOUNDING_DB = -35.0  # relative to the loudest frame; quieter frames are tails, not notes
ONSET_DB = 1.5  # a rise of the mean mel level by this much within 20 ms is an onset


@dataclass(frozen=True)
class Measurements:
    """One clip's measurements; `as_dict()` is ready for JSON.

    note_share: for each pitch class from C up, the share (0 to 1) of sounding time in which it
    dominates; all zero if nothing sounds. pitch_classes: how many have at least 3 %.
    tempo_bpm: 40 to 220, or None without a pulse; pulse: how strictly the rhythm repeats at that
    tempo, 0 to 1. onset_rate: note or drum onsets per second. level_db: RMS in dBFS; peak: largest
    absolute sample. flatness: mean spectral flatness of sounding frames, 0 (tone) to 1 (noise).
    silence_share: share of 32 ms frames below -60 dBFS. clipped_share: share of samples at full
    scale.
    """

    seconds: float
    note_share: tuple[float, ...]
    pitch_classes: int
    tempo_bpm: float | None
    pulse: float
    onset_rate: float
    level_db: float
    peak: float
    flatness: float
    silence_share: float
    clipped_share: float

    @property
    def dominant(self) -> str | None:
        """Name of the pitch class that dominates longest, or None if nothing sounds."""
        return PITCH_CLASSES[int(np.argmax(self.note_share))] if any(self.note_share) else None

    def as_dict(self) -> dict:
        return asdict(self)


def measure(audio: np.ndarray, sample_rate: int) -> Measurements:
    """Measures `audio` (float, [samples] or [samples, channels], full scale = 1).

    Raises MusicRFMError for audio that is empty, not finite, or shorter than a tenth of a second.
    """
    audio = _checked(audio, sample_rate)
    mono = _mono(audio, sample_rate)
    level = _frame_level(mono, CHROMA_HOP)
    sounding = _sounding(level)
    envelope = onset_envelope(mono)
    tempo_bpm, pulse = tempo(envelope)
    share = _note_share(_chroma(mono), sounding)
    return Measurements(
        seconds=len(audio) / sample_rate,
        note_share=tuple(float(s) for s in share),
        pitch_classes=int((share >= HEARD_SHARE).sum()),
        tempo_bpm=tempo_bpm,
        pulse=pulse,
        onset_rate=len(onsets(envelope)) * RATE / len(mono),
        level_db=float(_db(np.sqrt(np.mean(audio.astype(np.float64) ** 2)))),
        peak=float(np.abs(audio).max()),
        flatness=_flatness(mono, sounding),
        silence_share=float((level < SILENCE_DB).mean()),
        clipped_share=float((np.abs(audio) >= 0.999).mean()),
    )


def chroma(audio: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Constant-Q chroma over time: (seconds [frames], energy [12, frames]).

    The largest value of a column is 1; columns in which nothing sounds are zero.
    """
    mono = _mono(_checked(audio, sample_rate), sample_rate)
    energy = _chroma(mono)
    sounding = _sounding(_frame_level(mono, CHROMA_HOP))[: energy.shape[1]]
    return np.arange(len(sounding)) * CHROMA_HOP / RATE, energy[:, : len(sounding)] * sounding


def pitch_class_of(audio: np.ndarray, sample_rate: int) -> int | None:
    """Pitch class (0 = C … 11 = B) of a recording of one note, or None if there is no clear one.

    YIN on 64 ms frames, so independent of the chroma: each frame votes with its energy, and the
    winner needs half of all votes. Pitches from 40 to 2100 Hz are found, octave errors do not
    matter. Source: de Cheveigné and Kawahara, "YIN, a fundamental frequency estimator", 2002.
    """
    mono = _mono(_checked(audio, sample_rate), sample_rate)
    frame, hop = 1024, 512
    if len(mono) < frame or np.sqrt(np.mean(mono**2)) < 10 ** (SILENCE_DB / 20):
        return None
    f0 = librosa.yin(mono, fmin=40, fmax=2100, sr=RATE, frame_length=frame, hop_length=hop)
    energy = librosa.feature.rms(y=mono, frame_length=frame, hop_length=hop)[0][: len(f0)] ** 2
    votes = np.bincount(
        np.round(librosa.hz_to_midi(f0)).astype(int) % 12, weights=energy, minlength=12
    )
    return int(np.argmax(votes)) if votes.max() >= 0.5 * votes.sum() else None


def onset_envelope(mono: np.ndarray) -> np.ndarray:
    """Rise of the mel spectrum's level in dB, mean over 80 bands, one value per 10 ms.

    `mono` is [samples] at 16 kHz. The level is floored 60 dB under the clip's loudest point, so
    that noise far below the music counts for nothing.
    """
    mel = librosa.feature.melspectrogram(
        y=mono, sr=RATE, n_fft=1024, hop_length=ONSET_HOP, n_mels=80, fmin=30
    )
    floor = max(float(mel.max()) * 1e-6, 1e-9)
    level = 10 * np.log10(np.maximum(mel, floor))
    rise = np.maximum(0, level[:, 2:] - level[:, :-2]).mean(0)
    return np.pad(rise, (1, 1))


def onsets(envelope: np.ndarray) -> np.ndarray:
    """Indices of the onsets in an `onset_envelope`: peaks of at least 1.5 dB, 50 ms apart."""
    padded = np.pad(envelope, 1)
    return scipy.signal.find_peaks(padded, ONSET_DB, prominence=ONSET_DB, distance=5)[0] - 1


def tempo(envelope: np.ndarray) -> tuple[float | None, float]:
    """(BPM or None, pulse strength 0 to 1) of an `onset_envelope`.

    Autocorrelation of the envelope over the periods of 40 to 220 BPM, refined over several beats.
    Of periods that explain the rhythm about equally well the shortest counts, so a click track
    measures as its clicks, and steady eighth notes without accents at 100 BPM measure 200.
    """
    x = envelope - envelope.mean()
    if len(x) < 200 or envelope.max() < ONSET_DB:
        return None, 0.0
    x = np.convolve(x, np.hanning(7) / np.hanning(7).sum(), "same")  # forgives 20 ms of swing
    frames_per_minute = 60 * RATE / ONSET_HOP
    n = len(x)
    spectrum = np.fft.rfft(x, 2 * n)
    acf = np.fft.irfft(np.abs(spectrum) ** 2)[:n]
    acf = acf / np.maximum(n - np.arange(n), n // 4) * (n / max(acf[0], 1e-12))
    first = int(frames_per_minute / FASTEST_BPM)
    last = min(int(np.ceil(frames_per_minute / SLOWEST_BPM)), n // 2)
    peaks, _ = scipy.signal.find_peaks(acf[: last + 2])
    peaks = peaks[(peaks >= first) & (peaks <= last)]
    if not len(peaks) or acf[peaks].max() < 0.1:
        return None, 0.0
    period = peaks[acf[peaks] >= 0.8 * acf[peaks].max()][0]
    return float(frames_per_minute / _refine(acf, period)), float(min(1.0, acf[period]))


def _refine(acf: np.ndarray, period: int) -> float:
    """The period in fractions of a frame, from the peaks near its multiples up to 6 s."""
    refined = _parabola(acf, period)
    multiple = 2
    while multiple * refined + 3 < min(len(acf) // 2, 600):
        centre = int(round(multiple * refined))
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


def _chroma(mono: np.ndarray) -> np.ndarray:
    """[12, frames] at 16 kHz: C2 to B7, tuned to A = 440 Hz as targets are absolute pitches."""
    return librosa.feature.chroma_cqt(
        y=np.pad(mono, (0, max(0, 2 * RATE - len(mono)))),  # the lowest filters are this long
        sr=RATE,
        hop_length=CHROMA_HOP,
        fmin=librosa.note_to_hz("C2"),
        n_octaves=6,
        bins_per_octave=36,
        tuning=0.0,
    )


def _note_share(energy: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    frames = min(energy.shape[1], len(sounding))
    winners = energy[:, :frames].argmax(0)[sounding[:frames]]
    return np.bincount(winners, minlength=12) / max(1, len(winners))


def _frame_level(mono: np.ndarray, hop: int) -> np.ndarray:
    """dBFS of frames of four hops, centred on multiples of `hop`."""
    return _db(librosa.feature.rms(y=mono, frame_length=4 * hop, hop_length=hop)[0])


def _sounding(level: np.ndarray) -> np.ndarray:
    return level > max(SILENCE_DB, float(level.max()) + SOUNDING_DB)


def _flatness(mono: np.ndarray, sounding: np.ndarray) -> float:
    flat = librosa.feature.spectral_flatness(y=mono, n_fft=2048, hop_length=CHROMA_HOP)[0]
    heard = flat[: len(sounding)][sounding[: len(flat)]]
    return float(heard.mean()) if len(heard) else 0.0


def _db(amplitude: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.maximum(amplitude, 1e-9))


def _checked(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    audio = np.asarray(audio)
    if audio.ndim not in (1, 2) or len(audio) < sample_rate / 10:
        raise MusicRFMError(
            f"audio of shape {audio.shape} at {sample_rate} Hz cannot be measured: "
            "give [samples] or [samples, channels], at least a tenth of a second"
        )
    if not np.isfinite(audio).all():
        raise MusicRFMError("audio holds NaN or infinite samples and cannot be measured")
    return audio.astype(np.float32, copy=False)


def _mono(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    mono = audio.mean(1) if audio.ndim == 2 else audio
    return np.ascontiguousarray(soxr.resample(mono, sample_rate, RATE), dtype=np.float32)
