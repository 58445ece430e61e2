"""Direction files: spelling, saving and loading, and clear refusals."""

from __future__ import annotations

import csv
import json
import os
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from musicrfm.cli import main
from musicrfm.directions import Direction, canonical_name, list_directions, user_folder
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.steering.beat import Beat
from musicrfm.training.detect import list_detectors


def make(name: str = "note_C", layers: int = 2, width: int = 32, **meta: object) -> Direction:
    generator = torch.Generator().manual_seed(0)
    vectors = 3 * torch.randn(layers, 2, width, generator=generator)
    return Direction(
        name, vectors, torch.rand(layers, generator=generator), {"model": "tiny", **meta}
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "filed"),
    [
        ("note_C", "note_C"),
        ("note_C#", "note_Cs"),
        ("note_Db", "note_Cs"),
        ("note_d♭", "note_Cs"),
        ("note_E#", "note_F"),
        ("note_Cb", "note_B"),
        ("note_B", "note_B"),
        ("note_b", "note_B"),
        ("note_As", "note_As"),
        ("key_F♯", "key_Fs"),
        ("tempo", "tempo"),
        ("note_H", "note_H"),
        ("chord_C#m", "chord_C#m"),
        ("", ""),
    ],
)
def test_canonical_name(typed: str, filed: str) -> None:
    assert canonical_name(typed) == filed
    assert canonical_name(filed) == filed


def test_rows_are_normalised_and_zero_rows_stay_zero() -> None:
    vectors = torch.randn(2, 1, 8)
    vectors[1] = 0
    direction = Direction("x", vectors, torch.ones(2), {"model": "tiny"})
    assert direction.vectors[0].norm() == pytest.approx(1.0)
    assert not direction.vectors[1].any()


def test_direction_survives_saving_and_loading(folder: Path, model: MusicModel) -> None:
    saved = make(
        "note_Db", model=model.name, kind="binary", range=(-1.5, 6), label_mean=0.25, target="Cs"
    )
    path = saved.save(folder / model.name / "note_Cs.safetensors")
    for name in ("note_C#", "note_Cs", "note_Db", path, str(path)):
        loaded = Direction.load(name, model)
        assert loaded.name == "note_Cs"
        assert torch.equal(loaded.vectors, saved.vectors)
        assert torch.equal(loaded.layer_scores, saved.layer_scores)
        assert loaded.range == (-1.5, 6.0) and loaded.scale == 6.0
        assert loaded.meta["label_mean"] == 0.25 and loaded.model == model.name
    assert [p.name for p in path.parent.iterdir()] == ["note_Cs.safetensors"]
    assert list_directions(model.name) == ["note_Cs"]
    assert list_directions("other") == []


def test_scale_is_the_larger_end_of_the_range_or_1() -> None:
    assert make().range is None and make().scale == 1.0
    assert make(range=[-8, 2]).scale == 8.0
    assert make(range=[0, 0]).scale == 1.0


def test_curve_maps_coefficients_to_raw_values_and_back() -> None:
    plain, bent = make(range=[-2, 8]), make(range=[-2, 8], curve=2.0)
    assert [plain.raw(c) for c in (-0.5, 0, 0.5, 1)] == [-4, 0, 4, 8]
    assert [bent.raw(c) for c in (-0.5, 0, 0.5, 1, 2)] == [-2, 0, 2, 8, 32]
    assert [bent.coefficient(raw) for raw in (-2, 0, 2, 8)] == [-0.5, 0, 0.5, 1]
    for curve in (-1, float("nan")):
        with pytest.raises(MusicRFMError, match="curve .* above 0"):
            make(curve=curve)


def test_tempo_coefficients_of_plus_and_minus_1_are_the_range_ends() -> None:
    beat = make(kind="beat", range=[-2, 1])
    assert [beat.raw(c) for c in (-1, -0.5, 0, 0.5, 1)] == [-2, -1, 0, 0.5, 1]
    assert [beat.coefficient(raw) for raw in (-2, -1, 0, 0.5, 1)] == [-1, -0.5, 0, 0.5, 1]
    assert make(kind="beat").raw(0.5) == 0.5
    shipped = Path(__file__).parents[2] / "directions" / "nano"
    tempo = Direction.load(shipped / "tempo.safetensors")
    assert [round(Beat.of(tempo).bpm(tempo.raw(c))) for c in (-1, 1)] == [60, 160]


def test_one_class_of_a_multiclass_direction_loads_by_name(folder: Path, model: MusicModel) -> None:
    many = make(
        "notes", model=model.name, classes=["C", "Cs"], range=[0, 3], class_ranges={"Cs": [0, 5]}
    )
    many.save(folder / model.name / "notes.safetensors")
    one = Direction.load("notes:C#", model)
    assert one.name == "notes_Cs" and one.meta["target"] == "Cs" and one.range == (0.0, 5.0)
    assert torch.equal(one.vectors, many.vectors[:, 1:])
    assert Direction.load(folder / model.name / "notes.safetensors").only(0).range is None
    with pytest.raises(MusicRFMError, match="has no 'D': choose one of C, Cs"):
        Direction.load("notes:D", model)
    with pytest.raises(MusicRFMError, match="2 components but 1 classes"):
        make(classes=["C"])
    unnamed = make("pair")
    assert unnamed.only(1).name == "pair_1" and unnamed.only("0").components == 1


def test_user_file_takes_precedence_over_a_shipped_one(
    folder: Path, model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = folder / "shipped"
    monkeypatch.setattr("musicrfm.directions.roots", lambda: [folder / "own", shipped])
    make("note_C", kind="shipped").save(shipped / model.name / "note_C.safetensors")
    make("note_D", kind="shipped").save(shipped / model.name / "note_D.safetensors")
    make("note_C", kind="own").save(folder / "own" / model.name / "note_C.safetensors")
    assert list_directions(model.name) == ["note_C", "note_D"]
    assert Direction.load("note_C", model).meta["kind"] == "own"
    assert Direction.load("note_D", model).meta["kind"] == "shipped"


def test_user_folder_follows_the_environment_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert user_folder() == tmp_path
    monkeypatch.delenv("MUSICRFM_DIRECTIONS")
    assert user_folder().parts[-2:] == ("musicrfm", "directions")


def test_missing_mismatched_and_damaged_files_are_refused(folder: Path, model: MusicModel) -> None:
    def refused(pattern: str, *args: object) -> None:
        with pytest.raises(MusicRFMError, match=pattern) as caught:
            Direction.load(*args)
        assert "\n" not in str(caught.value)

    refused("no direction 'note_C'.*none yet", "note_C", model)
    refused("is a name", "note_C")
    refused("direction file .* does not exist", "nowhere/note_C.safetensors", model)
    make("note_D", model=model.name).save(folder / model.name / "note_D.safetensors")
    refused("known: note_D", "note_C", model)

    other = make(model="musicgen-small").save(folder / "other.safetensors")
    refused("'musicgen-small' and does not apply to 'tiny'", other, model)
    deep = make(layers=5).save(folder / "deep.safetensors")
    refused("5 layers of width 32.* has 2 of width 32", deep, model)
    wide = make(width=64).save(folder / "wide.safetensors")
    refused("2 layers of width 64", wide, model)

    damaged = folder / "damaged.safetensors"
    damaged.write_bytes(b"nothing of the kind")
    refused("not a direction file", damaged, model)
    save_file({"other": torch.ones(1)}, folder / "empty.safetensors")
    refused("not a direction file", folder / "empty.safetensors", model)
    tensors = {"directions": torch.ones(2, 1, 32), "layer_scores": torch.ones(2)}
    save_file(tensors, folder / "text.safetensors", {"kind": "not JSON"})
    refused("not a direction file", folder / "text.safetensors", model)
    save_file(tensors, folder / "new.safetensors", {"format_version": "99"})
    refused("format version 99", folder / "new.safetensors", model)


@pytest.mark.parametrize(
    ("vectors", "scores", "meta", "pattern"),
    [
        (torch.ones(2, 8), torch.ones(2), {}, "layers, components, width"),
        (torch.ones(2, 0, 8), torch.ones(2), {}, "layers, components, width"),
        (torch.ones(2, 1, 8), torch.ones(3), {}, "layer scores"),
        (torch.full((2, 1, 8), torch.nan), torch.ones(2), {}, "not finite"),
        (torch.ones(2, 1, 8), torch.tensor([1.0, torch.inf]), {}, "not finite"),
        (torch.ones(2, 1, 8), torch.ones(2), {"range": [3, 1]}, "low, high"),
        (torch.ones(2, 1, 8), torch.ones(2), {"range": [0, float("nan")]}, "low, high"),
        (torch.ones(2, 1, 8), torch.ones(2), {"range": 5}, "low, high"),
    ],
)
def test_invalid_tensors_and_ranges_are_refused(vectors, scores, meta, pattern: str) -> None:
    with pytest.raises(MusicRFMError, match=pattern):
        Direction("x", vectors, scores, {"model": "tiny", **meta})


@pytest.mark.parametrize(("on_disk", "typed"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_names_match_across_unicode_normal_forms(folder, model, on_disk, typed) -> None:
    name = "Übung"
    direction = make(model=model.name)
    path = direction.save(
        folder / model.name / f"{unicodedata.normalize(on_disk, name)}x.safetensors"
    )
    assert f"{unicodedata.normalize('NFC', name)}x" in list_directions(model.name)
    wanted = f"{unicodedata.normalize(typed, name)}x"
    assert torch.equal(Direction.load(wanted, model).vectors, direction.vectors)
    by_path = Direction.load(str(folder / model.name / f"{wanted}.safetensors"), model)
    assert torch.equal(by_path.vectors, direction.vectors) and path.exists()


def test_home_folder_in_a_path_is_expanded(folder, model, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", "~/mine")
    assert user_folder() == folder / "mine"
    assert make(model=model.name).save("~/a/b.safetensors") == folder / "a" / "b.safetensors"
    assert Direction.load("~/a/b.safetensors", model).name == "note_C"


def stranger(path: Path, **meta: str) -> Path:
    """Writes a direction file with arbitrary metadata, as another program might."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {"directions": torch.ones(2, 1, 32), "layer_scores": torch.ones(2)}
    save_file(tensors, path, meta)
    return path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("classes", "5"),
        ("classes", "[[1]]"),
        ("classes", '{"a": 1}'),
        ("curve", "{}"),
        ("curve", "-1"),
        ("curve", "Infinity"),
        ("curve", "1e30"),
        ("curve", "true"),
        ("range", "[1, 1e30]"),
        ("range", "[NaN, 1]"),
        ("range", "7"),
        ("range", '["a", 1]'),
        ("range", "[1" + "0" * 400 + ", 2]"),
        ("class_ranges", "[1]"),
        ("class_ranges", '{"C": 5}'),
        ("class_curves", '{"C": []}'),
        ("class_curves", "3"),
        ("class_calibrations", '{"C": 3}'),
        ("class_listeners", '{"C": {}}'),
        ("calibration", "[1]"),
        ("listener", "{}"),
        ("model", "[1]"),
        ("kind", "{}"),
    ],
)
def test_invalid_metadata_is_refused_naming_the_key(tmp_path: Path, key: str, value: str) -> None:
    path = stranger(tmp_path / "odd.safetensors", **{key: value})
    with pytest.raises(MusicRFMError, match=f"'odd' has .*{key}|2 components"):
        Direction.load(str(path))


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5_000, '{"a":' * 50_000, "not JSON"])
def test_metadata_that_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MusicRFMError, match="odd"):
        Direction.load(str(stranger(tmp_path / "odd.safetensors", note=text)))


@pytest.mark.parametrize("value", ["null", "[]", '["C"]'])
def test_empty_metadata_is_accepted(tmp_path: Path, value: str) -> None:
    keys = ("classes",) if value != "null" else ("classes", "range", "curve", "class_ranges")
    path = stranger(tmp_path / "plain.safetensors", **dict.fromkeys(keys, value))
    plain = Direction.load(str(path))
    assert plain.scale == 1.0 and plain.only(0).range is None


@pytest.mark.needs("posix")
def test_pipes_and_folders_are_refused_without_blocking(folder: Path, model: MusicModel) -> None:
    (folder / model.name).mkdir(parents=True)
    os.mkfifo(folder / model.name / "pipe.safetensors")
    (folder / model.name / "dir.safetensors").mkdir()
    for name in ("pipe", "dir"):
        with pytest.raises(MusicRFMError, match="not a direction file"):
            Direction.load(name, model)


@pytest.mark.parametrize(
    "name", ["../../up", "/etc/x", "a/b", "c:\\x", "", ".hidden", "a\nb", "x" * 300]
)
def test_unsafe_name_inside_a_file_is_refused(name, tmp_path):
    path = tmp_path / "good.safetensors"
    Direction(name, torch.ones(2, 1, 4), torch.ones(2), {"model": "tiny"}).save(path)
    with pytest.raises(MusicRFMError, match="is not valid as a file name"):
        Direction.load(path)


# ---- the model that a direction belongs to ----


def owner(name: str, fingerprint: str | None, layers: int = 2, width: int = 32) -> SimpleNamespace:
    return SimpleNamespace(name=name, fingerprint=fingerprint, layers=layers, width=width)


def test_direction_is_bound_to_the_fingerprint_not_the_name(folder: Path, caplog) -> None:
    mine, copy, other = owner("a", "11"), owner("b", "11"), owner("a", "22")
    made = Direction.of(mine, "note_C", torch.randn(2, 1, 32), range=[0, 3])
    path = made.save(folder / "a" / "note_C.safetensors")
    for same in (mine, copy):
        assert Direction.load(path, same).range == (0.0, 3.0)
        assert Direction.load("note_C", same).fingerprint == "11"  # from any model's folder
    with pytest.raises(MusicRFMError, match="other weights called 'a' and does not apply to 'a'"):
        Direction.load("note_C", other)
    with pytest.raises(MusicRFMError, match="different models"):
        made + Direction.of(other, "note_D", torch.randn(2, 1, 32))
    assert not caplog.records


def test_file_without_fingerprint_loads_by_model_name_with_a_warning(folder: Path, caplog) -> None:
    path = make(model="a").save(folder / "a" / "note_C.safetensors")
    assert Direction.load(path, owner("a", "11")).fingerprint is None
    assert "has no fingerprint of its model's weights" in caplog.text
    with pytest.raises(MusicRFMError, match="trained on model 'a' and does not apply to 'b'"):
        Direction.load(path, owner("b", "11"))


def test_a_direction_without_a_model_is_refused() -> None:
    with pytest.raises(MusicRFMError, match="does not name its model"):
        Direction("x", torch.ones(2, 1, 8), torch.ones(2))


def test_stream_checks_the_fingerprint_too(model: MusicModel) -> None:
    from musicrfm.stream import MusicStream

    vectors = torch.ones(model.layers, 1, model.width)
    stream = MusicStream(model, "piano")
    renamed = Direction("a", vectors, torch.ones(model.layers), {"model": "copy"})
    with pytest.raises(MusicRFMError, match="does not apply to 'tiny'"):
        stream.steering.add(renamed)
    renamed.meta["model_fingerprint"] = model.fingerprint
    stream.steering.add(renamed, 1.0)
    with pytest.raises(MusicRFMError, match="coefficient 1e\\+09 of 'a' is too large"):
        stream.steering.set("a", 1e9)


# ---- metadata, listing and export ----


def test_equal_directions_are_written_as_equal_bytes(folder: Path) -> None:
    meta = {"kind": "binary", "data": {"b": 1, "a": [2]}, "range": [0, 3]}
    one = make(**meta).save(folder / "one.safetensors").read_bytes()
    turned = dict(reversed(meta.items()))
    assert make(**turned).save(folder / "two.safetensors").read_bytes() == one
    again = Direction.load(folder / "one.safetensors").save(folder / "3.safetensors")
    assert again.read_bytes() == one


def test_direction_is_shown_and_exported(folder: Path, capsys) -> None:
    meta = {"model_fingerprint": "11", "layer_intervals": [[0.1, 0.9], None], "licence": "CC0"}
    made = make("notes", classes=["C", "D"], **meta)
    path = made.save(folder / "tiny" / "notes.safetensors")
    assert main(["directions", "show", "notes", "--model", "tiny", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    for key in ("versions", "data", "splits", "calibration"):
        assert about[key] is None
    assert (about["model_fingerprint"], about["licence"]) == ("11", "CC0") and about["created"]
    assert [layer["interval"] for layer in about["layers"]] == [[0.1, 0.9], None]
    assert main(["directions", "show", str(path)]) == 0
    told = capsys.readouterr().out
    assert "versions: unknown" in told and "run `musicrfm calibrate`" in told
    for suffix in ("csv", "npz", "pkl"):
        out = folder / f"out.{suffix}"
        assert main(["directions", "export", str(path), "--out", str(out)]) == 0
    rows = list(csv.DictReader((folder / "out.csv").open()))
    assert [(row["layer"], row["component"]) for row in rows[:2]] == [("0", "C"), ("0", "D")]
    assert float(rows[1]["v3"]) == made.vectors[0, 1, 3].item()
    arrays = np.load(folder / "out.npz")
    assert (arrays["directions"] == made.vectors.numpy()).all()
    assert json.loads(str(arrays["metadata"]))["name"] == "notes"
    from musicrfm.published.pickles import read_pickle

    published = read_pickle(folder / "out.pkl")
    assert sorted(published) == [-2, -1]
    assert torch.equal(published[-1].tensor(), made.vectors[1])
    assert main(["directions", "export", str(path), "--out", str(folder / "out.txt")]) == 2
    assert "let its name end in .csv, .npz, .pkl" in capsys.readouterr().err


@pytest.mark.needs("posix")  # Windows allows no such name
def test_files_with_control_characters_in_the_name_are_not_listed(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICRFM_DIRECTIONS", str(tmp_path))
    for folder in ("nano", "nano/detectors"):
        (tmp_path / folder).mkdir()
        for name in ("\x1b[2Jfine", "two\nlines", "\u202eright", ".hidden", "fine"):
            (tmp_path / folder / f"{name}.safetensors").write_bytes(b"")
    names = list_directions("nano")
    assert "fine" in names and all(name.isprintable() for name in names)
    assert list_detectors("nano") == ["fine"]


@pytest.mark.parametrize(
    ("given", "model", "message"),
    [
        (["a"], None, "a direction must be a name or a file, not \\['a'\\]"),
        ("note_C", "nano", "'nano' is not a model: load it with MusicModel.load\\('nano'\\)"),
    ],
)
def test_wrong_arguments_of_load_are_told_in_a_sentence(given, model, message):
    with pytest.raises(MusicRFMError, match=message):
        Direction.load(given, model)
