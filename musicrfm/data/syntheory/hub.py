"""The published clips of SynTheory, streamed from the Hugging Face hub.

The hub's parquet files cannot be searched, so a set is read from its start until the last requested
clip. Only the requested clips are stored, as FLAC in the user's cache, for later runs.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from musicrfm.data.clips import ClipSet, hear_file, peak_normalised
from musicrfm.data.syntheory.clicks import SECONDS
from musicrfm.data.syntheory.sound import PEAK
from musicrfm.data.syntheory.spec import ConceptSet, Row
from musicrfm.errors import MusicRFMError, first_line
from musicrfm.files.folders import cache_folder
from musicrfm.progress import Progress

HUB = "meganwei/syntheory"


def fetch(
    concept_set: ConceptSet, rows: Sequence[Row], chosen: Sequence[int], silent: int = 0
) -> ClipSet:
    """The published clips of the rows `chosen` out of `rows`; those in the cache are not downloaded
    again.

    Hub rows are identified by the set's factors in any order, and excerpts of one track by their
    order. Clips are scaled to a peak of 0.5; silent ones are excluded and added to `silent`. The
    download can be as large as the whole set (notes 14 GB, intervals 56 GB). Raises MusicRFMError
    without the package `datasets` and without a network.
    """
    folder = cache_folder() / "syntheory-hub" / concept_set.name
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "clips.jsonl"
    found = _read(index)
    missing = set(chosen) - set(found)
    if missing:
        _download(concept_set, rows, missing, folder, found)
    sounding = [i for i in chosen if i in found and not found[i]["silent"]]
    if not sounding:
        raise MusicRFMError(f"{HUB} does not contain the chosen clips of {concept_set.name}")
    picked = [rows[i] | found[i]["row"] | {"file": _file(i)} for i in sounding]
    return ClipSet(
        name=f"SynTheory {concept_set.name}, from {HUB}",
        rows=picked,
        groups=[concept_set.group(row) for row in picked],
        about={
            "set": concept_set.name,
            "source": "hub",
            "hub": HUB,
            "seconds": SECONDS,
            "peak": PEAK,
            "version": 1,
        },
        hear=partial(hear_file, folder, None),
        silent=silent + sum(found[i]["silent"] for i in chosen if i in found),
    )


def _download(
    concept_set: ConceptSet,
    rows: Sequence[Row],
    missing: set[int],
    folder: Path,
    found: dict[int, dict[str, Any]],
) -> None:
    """Add the clips of `missing` that the hub has to `found` and to the folder."""
    numbers: dict[tuple, list[int]] = {}
    for i, row in enumerate(rows):
        numbers.setdefault(_key(concept_set, row), []).append(i)
    excerpts: Counter[tuple] = Counter()
    progress = Progress(f"streaming {HUB} {concept_set.name}", len(missing), "clips")
    done, wanted = 0, set(missing)
    with (folder / "clips.jsonl").open("a", encoding="utf-8") as index:
        if index.tell():
            index.write("\n")  # the last line may be incomplete
        for example in _stream(concept_set.name):
            key = _key(concept_set, example)
            excerpt, excerpts[key] = excerpts[key], excerpts[key] + 1
            if key not in numbers or excerpt >= len(numbers[key]):
                continue
            i = numbers[key][excerpt]
            if i not in wanted:
                continue
            clip = {"clip": i, "silent": not _store(example["audio"], folder / _file(i)), "row": {}}
            if "offset_time" in concept_set.fields:
                clip["row"] = {"offset_time": float(example["offset_time"])}
            index.write(json.dumps(clip) + "\n")
            index.flush()
            found[i] = clip
            wanted.discard(i)
            progress(done := done + 1)
            if not wanted:
                return


def _stream(name: str) -> Iterator[dict[str, Any]]:
    """Examples of a set in the hub's order, with audio as the bytes of a file."""
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise MusicRFMError(
            "source 'hub' needs the package datasets: pip install 'musicrfm-bridge[hub]'"
        ) from error
    try:
        stream = datasets.load_dataset(HUB, name, split="train", streaming=True)
        # Without decoding, that library needs no audio decoder.
        yield from stream.cast_column("audio", datasets.Audio(decode=False))
    except Exception as error:  # the network's errors come from four libraries
        raise MusicRFMError(
            f"{HUB} cannot be streamed ({first_line(error)}): check the network, or render the "
            "clips on this computer with source 'render'"
        ) from error


def _store(audio: dict[str, Any], path: Path) -> bool:
    """Write the clip to `path`, mono, completely or not at all; False if it is silent."""
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(audio["bytes"]), dtype="float32", always_2d=True)
    mono = samples.mean(1)
    if not mono.any():
        return False
    part = path.with_suffix(".part")
    soundfile.write(part, peak_normalised(mono, PEAK), rate, format="FLAC", subtype="PCM_16")
    part.replace(path)
    return True


def _key(concept_set: ConceptSet, row: Row) -> tuple[str, ...]:
    """The track of a row; accepts numbers as numbers or as text."""
    return tuple(str(row.get(factor)) for factor in concept_set.factors)


def _file(number: int) -> str:
    return f"{number:05d}.flac"


def _read(index: Path) -> dict[int, dict[str, Any]]:
    """The clips in the cache."""
    found = {}
    if index.exists():
        for line in index.read_text(encoding="utf-8").splitlines():
            try:
                clip = json.loads(line)
            except json.JSONDecodeError:
                continue
            found[clip["clip"]] = clip
    return found
