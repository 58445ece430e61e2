"""Rendering SynTheory to a folder: complete, resumable, and readable again."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import pytest
import soundfile

from musicrfm import cli
from musicrfm.data import clips, syntheory
from musicrfm.data.syntheory import folder, sound
from musicrfm.errors import MusicRFMError


def notes(count: int = 12, **filters) -> clips.ClipSet:
    return syntheory.clip_set("notes", count, octaves=(5, 5), **filters)


def test_rendered_folder_reads_back_as_the_same_set(tmp_path):
    chosen = notes()
    done = folder.render_folder("notes", chosen, tmp_path / "out")
    assert (done.clips, done.fresh, done.silent) == (12, 12, chosen.silent)
    back = clips.audio_folder(done.table.parent, done.table, label="root_note_pitch_class")
    extra = {"file", "group"}
    assert [{k: v for k, v in row.items() if k not in extra} for row in back.rows] == chosen.rows
    assert len(set(back.groups)) == len(set(chosen.groups))
    assert back.about["seconds"] == 4.0
    for row, again in zip(chosen.rows[:2], back.rows[:2], strict=True):
        (audio, rate), (read, read_rate) = chosen.hear(row), back.hear(again)
        assert rate == read_rate == 32_000
        np.testing.assert_allclose(read[:, 0], audio, atol=1 / 32_000)


def test_interrupted_rendering_resumes(tmp_path, monkeypatch):
    chosen, write, calls = notes(), folder._write, []

    def interrupted(name, job):
        calls.append(job[1].name)
        if len(calls) == 5:
            job[1].with_name(f"{job[1].name}.part").write_bytes(b"half a clip")
            raise KeyboardInterrupt
        return write(name, job)

    monkeypatch.setattr(folder, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.render_folder("notes", chosen, tmp_path)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.flac")}
    assert len(kept) == 4 and not (tmp_path / "labels.csv").exists()

    done = folder.render_folder("notes", chosen, tmp_path)
    assert (done.clips, done.fresh) == (12, 8)
    assert not set(kept) & set(calls[5:]) and len(calls) == 5 + 8
    assert all((tmp_path / name).stat().st_mtime_ns == at for name, at in kept.items())
    assert {path.suffix for path in tmp_path.iterdir()} == {".flac", ".csv"}


def test_table_of_other_clips_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "_write", lambda name, job: job[1].touch() or True)
    first = folder.render_folder("notes", notes(4), tmp_path)
    listed = first.table.read_bytes()
    assert folder.render_folder("notes", notes(4), tmp_path).table == first.table
    other = folder.render_folder("notes", notes(4, seed=7), tmp_path)
    assert other.table.name == "labels-2.csv" and first.table.read_bytes() == listed


def test_larger_subset_reuses_rendered_clips(tmp_path):
    folder.render_folder("chords", syntheory.clip_set("chords", 4), tmp_path)
    done = folder.render_folder("chords", syntheory.clip_set("chords", 8), tmp_path)
    assert (done.clips, done.fresh) == (8, 4)


@pytest.mark.slow
def test_worker_processes_render_the_same(tmp_path):
    chosen = syntheory.clip_set("time_signatures", 8)
    here, there = (
        folder.render_folder("time_signatures", chosen, tmp_path / str(n), format="wav", workers=n)
        for n in (0, 2)
    )
    assert here.table.read_bytes() == there.table.read_bytes()
    for path in here.table.parent.glob("*.wav"):
        one, other = (soundfile.read(d.table.parent / path.name)[0] for d in (here, there))
        np.testing.assert_array_equal(one, other)
    assert soundfile.info(path).subtype == "FLOAT"


def test_silent_clips_are_counted_and_left_out(tmp_path, monkeypatch):
    chosen = notes(24)
    deaf = chosen.rows[3]["midi_program_num"]
    hear = partial(sound.hear)
    monkeypatch.setattr(
        sound,
        "hear",
        lambda name, row: None if row["midi_program_num"] == deaf else hear(name, row),
    )
    done = folder.render_folder("notes", chosen, tmp_path)
    assert (done.clips, done.silent) == (12, chosen.silent + 12)
    back = clips.audio_folder(tmp_path, done.table)
    assert len(back) == 12 and deaf not in {row["midi_program_num"] for row in back.rows}


def test_folder_of_another_set_is_refused(tmp_path):
    folder.render_folder("chords", syntheory.clip_set("chords", 4), tmp_path)
    with pytest.raises(MusicRFMError, match="another set: choose another folder"):
        folder.render_folder("notes", notes(), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(MusicRFMError, match="cannot be created"):
        folder.render_folder("notes", notes(), tmp_path / "file")
    with pytest.raises(MusicRFMError, match="format 'mp3' is not one of flac, wav"):
        folder.render_folder("notes", notes(), tmp_path / "new", format="mp3")


def test_unwritable_clip_is_reported_in_one_sentence(tmp_path):
    chosen = notes()
    blocked = f"{syntheory.SETS['notes'].file_stem(chosen.rows[2])}.flac.part"
    (tmp_path / blocked).mkdir()
    with pytest.raises(MusicRFMError, match="cannot be written") as refused:
        folder.render_folder("notes", chosen, tmp_path)
    assert "\n" not in str(refused.value)


def test_render_command_writes_balanced_clips_and_a_summary(tmp_path, capsys):
    out = str(tmp_path / "chords")
    call = ["syntheory", "render", "chords", "--subset", "9", "--balance", "inversion"]
    call += ["--out", out, "--workers", "1", "--seed", "3", "--format", "wav"]
    assert cli.main(call) == 0
    assert "9 clips (9 rendered now, 0 already present); 0 silent clips" in capsys.readouterr().out
    found = clips.audio_folder(out, f"{out}/labels.csv")
    assert Counter(row["inversion"] for row in found.rows) == {5: 3, 6: 3, 64: 3}
    assert cli.main(call) == 0
    assert "(0 rendered now, 9 already present)" in capsys.readouterr().out


def test_render_command_refuses_in_one_sentence(tmp_path, capsys):
    call = ["syntheory", "render", "tempos", "--out", str(tmp_path), "--balance", "mode"]
    assert cli.main([*call, "--subset", "5"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: tempos has no field 'mode' to balance") and "\n" not in said[:-1]


def test_list_command_shows_every_set(capsys):
    assert cli.main(["syntheory", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["notes", "9936", "89"],
        ["intervals", "39744", "0"],
    ]
    assert [line.split()[0] for line in lines[1:]] == list(syntheory.SETS)
