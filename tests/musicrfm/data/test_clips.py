"""Clips from a user's folder: recordings and MIDI files with a table of labels."""

from __future__ import annotations

import json
import pickle
import unicodedata
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from musicrfm.data import clips
from musicrfm.data.labels import read_labels
from musicrfm.errors import MusicRFMError
from musicrfm.listening import measure

RATE = 22_050


def tone(path: Path, hertz: float = 440.0, seconds: float = 1.0, channels: int = 1, **kind) -> Path:
    times = np.arange(round(seconds * RATE)) / RATE
    audio = 0.25 * np.sin(2 * np.pi * hertz * times).astype(np.float32)
    soundfile.write(path, np.stack([audio] * channels, 1), RATE, **kind)
    return path


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def melody(path: Path, *pitches: int, program: int = 0) -> Path:
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    for pitch in pitches:
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_off", note=pitch, time=480))
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path)
    return path


def test_recordings_are_read_with_their_labels(tmp_path):
    tone(tmp_path / "a.wav", channels=2)
    tone(tmp_path / "b.flac", 220.0)
    (tmp_path / "more").mkdir()
    tone(tmp_path / "more" / "c.ogg", 330.0)
    path = table(
        tmp_path,
        "file,mood,energy,take,solo\n"
        "a.wav,calm,0.5,1,true\n"
        'b.flac,"wild, loud",-2,2,False\n'
        "more/c.ogg,calm,1e1,3,TRUE\n",
    )
    found = clips.audio_folder(tmp_path, path)
    assert found.rows == [
        {"file": "a.wav", "mood": "calm", "energy": 0.5, "take": 1, "solo": True},
        {"file": "b.flac", "mood": "wild, loud", "energy": -2, "take": 2, "solo": False},
        {"file": "more/c.ogg", "mood": "calm", "energy": 10.0, "take": 3, "solo": True},
    ]
    assert len(set(found.groups)) == len(found) == 3 and found.silent == 0
    assert tmp_path.name in found.name and str(tmp_path.parent) not in json.dumps(found.about)
    audio, rate = pickle.loads(pickle.dumps(found.hear))(found.rows[0])
    assert rate == RATE and audio.shape == (RATE, 2) and audio.dtype == np.float32
    assert np.abs(audio).max() == pytest.approx(0.5)
    kept = clips.audio_folder(tmp_path, path, keep_level=True)
    audio, _ = pickle.loads(pickle.dumps(kept.hear))(kept.rows[0])
    assert np.abs(audio).max() == pytest.approx(0.25, abs=0.01)  # as loud as it was recorded
    assert kept.about != found.about


@pytest.mark.parametrize("column", clips.FILE_COLUMNS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_of_any_spreadsheet_are_understood(tmp_path, column, separator):
    tone(tmp_path / "01.wav")
    text = f"\ufefflabel{separator}{column}\r\n\r\n7{separator}01.wav\r\n"
    assert clips.audio_folder(tmp_path, table(tmp_path, text)).rows == [
        {"label": 7, column: "01.wav"}
    ]


def test_files_are_found_across_spellings_of_their_names(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    names = ["Übung.wav", "my take 1.wav", "more/a.wav"]
    (tmp_path / "more").mkdir()
    for name in names:
        tone(tmp_path / unicodedata.normalize("NFD", name))
    text = "File,mood\nÜbung.wav,a\nmy take 1.wav,b\nmore\\a.wav,c\n~/more/a.wav,d\n"
    path = table(tmp_path, unicodedata.normalize("NFC", text))
    found = clips.audio_folder("~", path)
    assert [row["mood"] for row in found.rows] == list("abcd")
    assert all(found.hear(row) is not None for row in found.rows)
    table(tmp_path, "file,mood\nMy Take 1.wav,a\n")
    with pytest.raises(MusicRFMError, match="row 1 .*did you mean 'my take 1.wav'"):
        clips.audio_folder("~", path)


def test_recording_with_cancelling_channels_is_refused(tmp_path):
    wave = 0.3 * np.sin(np.arange(RATE) / 10)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, -wave], 1), RATE)
    found = clips.audio_folder(tmp_path, table(tmp_path, "file\na.wav\n"))
    with pytest.raises(MusicRFMError, match="the channels of .*a.wav' cancel"):
        found.hear(found.rows[0])


def test_numeric_file_names_stay_text(tmp_path):
    for name in ("01", "02"):
        tone(tmp_path / name, format="WAV")
    found = clips.audio_folder(tmp_path, table(tmp_path, "file,x\n01,1\n02,2\n"))
    assert [row["file"] for row in found.rows] == ["01", "02"]


def test_rows_of_one_file_or_group_share_a_group(tmp_path):
    for name in "abc":
        tone(tmp_path / f"{name}.wav")
    twice = clips.audio_folder(tmp_path, table(tmp_path, "file,x\na.wav,1\nb.wav,2\na.wav,3\n"))
    assert twice.groups[0] == twice.groups[2] != twice.groups[1]
    text = "file,group\na.wav,monday\nb.wav,monday\nc.wav,\n"
    assert clips.audio_folder(tmp_path, table(tmp_path, text)).groups == [
        "monday",
        "monday",
        "c.wav",
    ]


def test_clips_are_limited_to_the_given_seconds(tmp_path):
    tone(tmp_path / "long.wav", seconds=2.0)
    tone(tmp_path / "short.wav", seconds=0.5)
    path = table(tmp_path, "file,x\nlong.wav,1\nshort.wav,2\n")
    whole = clips.audio_folder(tmp_path, path)
    assert [len(whole.hear(row)[0]) for row in whole.rows] == [2 * RATE, RATE // 2]
    assert whole.about["seconds"] is None
    cut = clips.audio_folder(tmp_path, path, seconds=1)
    assert [len(cut.hear(row)[0]) for row in cut.rows] == [RATE, RATE // 2]
    equal = clips.audio_folder(tmp_path, path, seconds=0.5)
    assert [len(equal.hear(row)[0]) for row in equal.rows] == [RATE // 2] * 2
    assert equal.about["seconds"] == 0.5


def test_replaced_recording_changes_the_description(tmp_path):
    path = table(tmp_path, "file,x\na.wav,1\n")
    tone(tmp_path / "a.wav")
    before = clips.audio_folder(tmp_path, path).about
    assert clips.audio_folder(tmp_path, path).about == before
    tone(tmp_path / "a.wav", 220.0, seconds=1.5)
    assert clips.audio_folder(tmp_path, path).about != before


def test_silent_recording_is_none(tmp_path):
    soundfile.write(tmp_path / "quiet.wav", np.zeros(1000), RATE)
    found = clips.audio_folder(tmp_path, table(tmp_path, "file\nquiet.wav\n"))
    assert found.hear(found.rows[0]) is None


def test_empty_cells_are_none_and_an_empty_label_is_refused(tmp_path):
    for name in "abc":
        tone(tmp_path / f"{name}.wav")
    path = table(tmp_path, "file,bpm,note\na.wav,120,x\nb.wav,,y\nc.wav,NaN,\n")
    found = clips.audio_folder(tmp_path, path, label="file")
    assert [row["bpm"] for row in found.rows] == [120, None, None]
    assert [row["note"] for row in found.rows] == ["x", "y", None]
    with pytest.raises(MusicRFMError, match=r"row 2 of labels.csv \(b.wav\) has no 'bpm'"):
        clips.audio_folder(tmp_path, path, label="bpm")
    infinite = table(tmp_path, "file,bpm\na.wav,120\nb.wav,inf\n")
    with pytest.raises(MusicRFMError, match="row 2 .* not a finite number"):
        clips.audio_folder(tmp_path, infinite, label="bpm")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("file,x\n", "has a header but no rows"),
        ("sound,x\na.wav,1\n", "no column 'file': it has sound, x"),
        ("file,x\nb.wav,1\n", "row 1 of labels.csv: file .*b.wav' does not exist"),
        ("file,x\na.wav,1\n,2\n", "row 2 of labels.csv has no file name"),
        ("file,x\na.wav\n", "line 2 of labels.csv has 1 cells for 2 columns"),
        ("file,x,x\na.wav,1,2\n", "two columns 'x'"),
        ("file,x\nnotes.txt,1\n", "notes.txt' is not a readable sound file"),
        ("file,x\nempty.wav,1\n", "without samples"),
        ("file,x\na.wav,\0\n", "not a text file"),
    ],
)
def test_unusable_tables_are_refused(tmp_path, text, message):
    tone(tmp_path / "a.wav")
    (tmp_path / "notes.txt").write_text("no sound")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    with pytest.raises(MusicRFMError, match=message) as refused:
        clips.audio_folder(tmp_path, table(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_wrong_encodings_paths_and_arguments_are_refused(tmp_path):
    tone(tmp_path / "a.wav")
    mac = table(tmp_path, "file,stimmung\na.wav,fröhlich\n", "mac_roman")
    with pytest.raises(MusicRFMError, match=r"labels.csv is not UTF-8 \(byte 22, in line 2\)"):
        clips.audio_folder(tmp_path, mac)
    with pytest.raises(MusicRFMError, match="file .*none.csv' does not exist"):
        clips.audio_folder(tmp_path, tmp_path / "none.csv")
    with pytest.raises(MusicRFMError, match="is a folder, not a file"):
        clips.audio_folder(tmp_path, tmp_path)
    good = table(tmp_path, "file,x\na.wav,1\n")
    with pytest.raises(MusicRFMError, match="the folder .*elsewhere.* does not exist"):
        clips.audio_folder(tmp_path / "elsewhere", good)
    with pytest.raises(MusicRFMError, match="no column 'y': it has file, x"):
        clips.audio_folder(tmp_path, good, label="y")
    with pytest.raises(MusicRFMError, match="seconds per file must be above 0, not 0"):
        clips.audio_folder(tmp_path, good, seconds=0)


def test_recordings_that_change_or_vanish_are_refused(tmp_path):
    tone(tmp_path / "a.wav")
    found = clips.audio_folder(tmp_path, table(tmp_path, "file\na.wav\n"))
    soundfile.write(tmp_path / "a.wav", np.array([0.1, np.nan]), RATE, subtype="FLOAT")
    with pytest.raises(MusicRFMError, match="samples that are not finite"):
        found.hear(found.rows[0])
    (tmp_path / "a.wav").unlink()
    with pytest.raises(MusicRFMError, match="does not exist"):
        found.hear(found.rows[0])


def test_midi_files_are_rendered(tmp_path):
    melody(tmp_path / "low.mid", 57, 57, program=48)
    melody(tmp_path / "high.mid", 76, program=48)
    found = clips.midi_folder(tmp_path, table(tmp_path, "file,up\nlow.mid,no\nhigh.mid,yes\n"))
    hear = pickle.loads(pickle.dumps(found.hear))
    for row, pitch_class in zip(found.rows, (9, 4), strict=True):
        audio, rate = hear(row)
        assert np.abs(audio).max() == pytest.approx(0.5) and audio.shape[1] == 2
        assert measure.pitch_class_of(audio.mean(1), rate) == pitch_class
    short = clips.midi_folder(tmp_path, tmp_path / "labels.csv", seconds=0.25)
    assert [len(short.hear(row)[0]) for row in short.rows] == [rate // 4] * 2
    assert short.about["seconds"] == 0.25


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable MIDI file"),
        (b"RIFFxxxxWAVE", "not a readable MIDI file"),
        (b"MThd\0\0\0\6\0\0\0\1\0\0MTrk\0\0\0\0", "not a readable MIDI file"),
        (b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "without notes"),
    ],
)
def test_unusable_midi_files_are_refused(tmp_path, content, message):
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(MusicRFMError, match=message):
        clips.midi_folder(tmp_path, table(tmp_path, "file\na.mid\n"))


def test_midi_files_of_more_than_an_hour_are_refused(tmp_path):
    melody(tmp_path / "a.mid", *[60] * 3)
    midi = mido.MidiFile(tmp_path / "a.mid")
    midi.tracks[0].append(mido.Message("note_off", note=1, time=480 * 7300))
    midi.save(tmp_path / "a.mid")
    with pytest.raises(MusicRFMError, match="more than an hour"):
        clips.midi_folder(tmp_path, table(tmp_path, "file\na.mid\n"))


def test_labels_keep_their_types(tmp_path):
    path = table(tmp_path, "n,x,mixed,truth\n1,1.5,1,true\n-2,3,one,\n")
    assert read_labels(path) == [
        {"n": 1, "x": 1.5, "mixed": "1", "truth": True},
        {"n": -2, "x": 3, "mixed": "one", "truth": None},
    ]


def test_groups_must_fit_rows():
    with pytest.raises(ValueError, match="2 rows do not fit 1 groups"):
        clips.ClipSet("x", [{}, {}], [0], {}, lambda row: None)


def test_peaks_are_scaled():
    scaled = clips.peak_normalised(np.array([[0.1], [-0.2]]), 0.8)
    assert scaled.dtype == np.float32 and np.abs(scaled).max() == pytest.approx(0.8)
    assert not clips.peak_normalised(np.zeros(4)).any()
