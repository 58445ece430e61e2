"""Tunes that people wrote, read from the scores in the wheel `music21` (the extra `recipe`).

Three collections whose music is out of copyright and whose transcriptions come with no condition:

- Ryan's Mammoth Collection (Boston, 1883): fiddle tunes, transcribed by Ray Davies.
- O'Neill's Music of Ireland (Chicago, 1903): transcribed by Norbert Paap and others.
- J. S. Bach's four-part chorales: transcribed by Margaret Greentree and others, given to music21.

Left out: the Essen folk songs (their licence forbids commercial use), Aird's Airs (the transcriber
keeps his rights), and the Nottingham tunes (one small file, some tunes by living authors).
Only pitches, durations and bar lines are kept; no score is copied into the repository.
"""

from __future__ import annotations

import json
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MODES = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian")
HELD_OUT_SHARE = 0.05
SHORTEST, LONGEST = 24, 1000  # notes in the melody; shorter ones are fragments


@dataclass(frozen=True)
class Tune:
    """A melody, or four voices, on a grid of bars.

    voices: highest first; each a list of (onset, length, MIDI pitch), in quarter notes from the
    start. bars: onset of every bar line. beats: quarter notes per beat (1, or 1.5 for beats of
    three eighths) and beats in a full bar.
    """

    title: str
    collection: str
    tonic: int
    mode: str
    beat: float
    beats_in_bar: int
    bars: list[float]
    voices: list[list[tuple[float, float, int]]]
    dance: str | None = None  # "reel", "jig" and so on, where it is known

    @property
    def held_out(self) -> bool:
        """Whether the whole tune is excluded from training, in any key or instrumentation."""
        return zlib.crc32(f"{self.collection}/{self.title}".encode()) % 1000 < 1000 * HELD_OUT_SHARE


def read(cache: Path) -> list[Tune]:
    """All tunes; parsed once (a minute), then stored as JSON in the file `cache`."""
    if not cache.exists():
        tunes = _parse_all()
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps([asdict(tune) for tune in tunes]))
    return [
        Tune(**row | {"voices": [[tuple(note) for note in voice] for voice in row["voices"]]})
        for row in json.loads(cache.read_text())
    ]


def _parse_all() -> list[Tune]:
    try:
        import music21
    except ImportError as error:
        raise ImportError(
            "the tunes come with `music21`: pip install 'musicrfm-bridge[recipe]'"
        ) from error
    corpus = Path(music21.__file__).parent / "corpus"
    tunes: list[Tune] = []
    for collection, pattern in (
        ("ryansMammoth", "*.abc"),
        ("oneills1850", "*.abc"),
        ("bach", "*.mxl"),
    ):
        for file in sorted((corpus / collection).glob(pattern)):
            try:
                parsed = music21.converter.parse(file)
            except Exception as error:  # a file that music21 itself cannot read
                print(f"{file.name} skipped: {error}", file=sys.stderr)
                continue
            for score in getattr(parsed, "scores", None) or [parsed]:
                tune = _tune(score, collection, file.stem)
                if tune is not None:
                    tunes.append(tune)
    return tunes


def _tune(score, collection: str, name: str) -> Tune | None:
    """A parsed score as a `Tune`; None if its metre changes or it has no usable melody."""
    parts = list(score.parts)
    if not parts or (collection == "bach" and len(parts) != 4):
        return None
    voices: list[list[tuple[float, float, int]]] = []
    bars: list[float] = []
    key: Any = None
    metre = ""
    for i, part in enumerate(parts):
        measures = list(part.getElementsByClass("Measure"))
        metres = {t.ratioString for m in measures for t in m.getElementsByClass("TimeSignature")}
        if i == 0:
            metre = next(iter(metres), "")
            key = _key(measures)
            if len(metres) != 1 or metre not in _METRES or key is None:
                return None
        at, notes, bars = 0.0, [], []
        for measure in _unrolled(measures):
            bars.append(at)
            notes += [
                (
                    round(at + float(n.offset), 5),
                    round(float(n.quarterLength), 5),
                    n.pitches[-1].midi,
                )
                for n in measure.flatten().notes
                if n.quarterLength > 0 and n.pitches  # grace notes last 0, chord symbols are silent
            ]
            at = round(at + float(measure.duration.quarterLength), 5)
        voices.append(notes)
    if not SHORTEST <= len(voices[0]) <= LONGEST or len(bars) < 6:
        return None
    tonic = (TONICS[key.tonic.step] + int(key.tonic.alter)) % 12
    title = (score.metadata.title if score.metadata and score.metadata.title else None) or name
    beat, count = _METRES[metre]
    return Tune(title, collection, tonic, key.mode, beat, count, bars, voices, _dance(name, metre))


_METRES = {  # ratio -> (quarter notes in a beat, beats in a bar)
    "4/4": (1.0, 4),
    "2/2": (1.0, 4),
    "2/4": (1.0, 2),
    "3/4": (1.0, 3),
    "6/8": (1.5, 2),
    "9/8": (1.5, 3),
    "12/8": (1.5, 4),
}


def _key(measures: list) -> object | None:
    """music21's key of a part, or None if it names none of `MODES`."""
    for kind in ("Key", "KeySignature"):
        for measure in measures:
            for found in measure.getElementsByClass(kind):
                key = found if kind == "Key" else found.asKey()
                return key if key.mode in MODES else None
    return None


def _unrolled(measures: list) -> list:
    """The measures in playing order: repeated sections twice."""
    out: list = []
    section: list = []
    for measure in measures:
        left, right = measure.leftBarline, measure.rightBarline
        if getattr(left, "direction", None) == "start":
            out += section
            section = []
        section.append(measure)
        if getattr(right, "direction", None) == "end":
            out += section * 2
            section = []
    return out + section


def _dance(name: str, metre: str) -> str | None:
    for word in ("reel", "hornpipe", "strathspey", "jig", "waltz", "march"):
        if word in name.casefold():
            return word
    return "jig" if metre in ("6/8", "9/8") else None
