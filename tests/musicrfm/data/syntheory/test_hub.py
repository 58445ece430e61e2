"""SynTheory from the hub: choice of clips, caching and error messages."""

from __future__ import annotations

import builtins
import io
import pickle
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import soundfile

from musicrfm.data import syntheory
from musicrfm.data.syntheory import hub
from musicrfm.errors import MusicRFMError

RATE = 44_100


def wave(value: float) -> bytes:
    """A tenth of a second of stereo as a float WAV file, like those of the hub."""
    audio = np.full((RATE // 10, 2), value, np.float32)
    audio[::2] *= 0.5
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, RATE, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def published(name: str, programs: tuple[int, ...] = (0, 68)) -> list[dict]:
    """Rows in the hub's format, in another order, with other offsets and no extra fields."""
    one = syntheory.SETS[name]
    rows = [
        {field: row[field] for field in one.fields}
        for row in one.rows(seed=99)
        if row["midi_program_num"] in programs or name == "time_signatures"
    ]
    return [
        row | {"audio": {"bytes": wave(0 if one.silent(row) else 1e-3), "path": f"{i}.wav"}}
        for i, row in reversed(list(enumerate(rows)))
    ]


class Stream:
    """Stand-in for `datasets.IterableDataset` that counts the rows read."""

    def __init__(self, rows: list[dict], fails_at: int | None = None) -> None:
        self.rows, self.fails_at, self.read = rows, fails_at, 0

    def cast_column(self, column: str, feature: dict) -> Stream:
        assert (column, feature) == ("audio", {"decode": False})
        return self

    def __iter__(self):
        for row in self.rows:
            if self.read == self.fails_at:
                raise OSError("the line is dead\nand more")
            self.read += 1
            yield row


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Installs a fake `datasets` that streams the given rows, and an empty cache."""
    monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path / "cache"))

    def put(rows: list[dict], fails_at: int | None = None) -> Stream:
        stream = Stream(rows, fails_at)

        def load_dataset(path: str, name: str, *, split: str, streaming: bool) -> Stream:
            assert (path, split, streaming) == ("meganwei/syntheory", "train", True)
            return stream

        module = ModuleType("datasets")
        module.load_dataset = load_dataset
        module.Audio = lambda decode: {"decode": decode}
        monkeypatch.setitem(sys.modules, "datasets", module)
        return stream

    return put


def test_chosen_clips_are_found_by_labels_and_cached(fake):
    stream = fake(published("notes"))
    wanted = dict(octaves=(6, 7), midi_program_num=0)
    found = syntheory.clip_set("notes", 12, source="hub", **wanted)
    here = syntheory.clip_set("notes", 12, **wanted)
    fields = syntheory.SETS["notes"].fields
    assert [[r[f] for f in fields] for r in found.rows] == [
        [r[f] for f in fields] for r in here.rows
    ]
    assert found.groups == here.groups and found.name.endswith("from meganwei/syntheory")
    audio, rate = pickle.loads(pickle.dumps(found.hear))(found.rows[0])
    assert rate == RATE and audio.shape == (RATE // 10, 1) and audio.dtype == np.float32
    assert audio.max() == pytest.approx(0.5, abs=1e-4)
    read = stream.read
    assert read < len(stream.rows)  # it stopped at the last one

    again = syntheory.clip_set("notes", 12, source="hub", **wanted)
    assert again.rows == found.rows and again.about == found.about
    assert stream.read == read  # no request to the hub
    larger = syntheory.clip_set("notes", 24, source="hub", **wanted)
    assert len(larger) == 24 and stream.read > read


def test_numbers_given_as_text_are_understood(fake):
    rows = published("chords", (0,))
    fake([row | {"inversion": str(row["inversion"])} for row in rows])
    found = syntheory.clip_set("chords", 24, source="hub", midi_program_num=0)
    assert {row["inversion"] for row in found.rows} <= {5, 6, 64} and len(found) == 24


def test_excerpts_keep_the_offsets_of_the_hub(fake):
    rows = published("time_signatures")
    fake(rows)
    found = syntheory.clip_set("time_signatures", 16, source="hub")
    offsets = {
        (r["time_signature"], r["click_config_name"], r["reverb_level"], r["offset_time"])
        for r in rows
    }
    assert len({row["file"] for row in found.rows}) == 16
    assert all(
        (r["time_signature"], r["click_config_name"], r["reverb_level"], r["offset_time"])
        in offsets
        for r in found.rows
    )


def test_silent_clips_are_counted_and_left_out(fake, monkeypatch):
    # The table of silent clips is disabled, so silence must be found in the hub's audio.
    rows = published("notes")
    unknowing = replace(syntheory.SETS["notes"], silent=lambda row: False)
    monkeypatch.setitem(syntheory.SETS, "notes", unknowing)
    fake(rows)
    found = syntheory.clip_set("notes", source="hub", midi_program_num=68, octaves=(2, 3))
    assert found.silent == 12 and {row["octave"] for row in found.rows} == {3}


def test_interrupted_download_resumes(fake):
    rows = published("notes")
    fake(rows, fails_at=30)
    wanted = dict(source="hub", midi_program_num=0)
    with pytest.raises(MusicRFMError, match=r"the line is dead\): check the network") as refused:
        syntheory.clip_set("notes", **wanted)
    assert "\n" not in str(refused.value)
    folder = hub.cache_folder() / "syntheory-hub" / "notes"
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.flac")}
    assert kept
    with (folder / "clips.jsonl").open("a") as index:
        index.write('{"clip": 7, "sil')  # the power failed
    fake(rows)
    found = syntheory.clip_set("notes", **wanted)
    assert len(found) == 108
    assert all((folder / name).stat().st_mtime_ns == at for name, at in kept.items())
    fake([])
    assert len(syntheory.clip_set("notes", **wanted)) == 108


def test_a_hub_without_the_clips_is_refused(fake):
    fake([{"audio": {"bytes": b""}, "something": "else"}])
    with pytest.raises(MusicRFMError, match="does not contain the chosen clips of scales"):
        syntheory.clip_set("scales", 14, source="hub")


def test_missing_datasets_package_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path))
    monkeypatch.delitem(sys.modules, "datasets", raising=False)
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "datasets":
            raise ModuleNotFoundError("No module named 'datasets'", name="datasets")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MusicRFMError, match=r"pip install 'musicrfm-bridge\[hub\]'"):
        syntheory.clip_set("scales", 14, source="hub")


CARD = """---
configs:
- config_name: chords
  data_files:
  - split: train
    path: chords/train-*
---
"""


@pytest.mark.needs("datasets")
def test_real_datasets_library_streams_the_hub_format(monkeypatch, tmp_path):
    import datasets

    home = tmp_path / "syntheory"
    (home / "chords").mkdir(parents=True)
    (home / "README.md").write_text(CARD)
    rows = published("chords", (0,))
    stored = datasets.Dataset.from_list(rows).cast_column("audio", datasets.Audio(decode=False))
    stored.to_parquet(home / "chords" / "train-00000-of-00001.parquet")
    monkeypatch.setattr(hub, "HUB", str(home))
    monkeypatch.setenv("MUSICRFM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    found = syntheory.clip_set("chords", 12, source="hub", midi_program_num=0)
    assert len(found) == 12 and found.hear(found.rows[0])[1] == RATE
