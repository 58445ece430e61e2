"""An archive of all files for a model: directions, detectors and the page about them.

It is a ZIP of safetensors files with a JSON manifest, so nothing in it is executed. The content is
limited in size, must be listed in the manifest, and is checked as a direction or detector before it
is written to its place. The manifest has the fingerprint of the model's weights; a model with other
weights is refused.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from musicrfm.directions import SUFFIX, Direction, is_file_name, user_folder
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.files.writing import beside, check_place, put, reason
from musicrfm.training.detect import FOLDER as DETECTORS
from musicrfm.training.detect import Detector

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

FORMAT = 1
ENDING = ".directions.zip"
MANIFEST, PAGE = "manifest.json", "README.md"
DIRECTIONS = "directions"
MOST_FILES = 1000
MOST_FILE = 64 * 2**20  # bytes of one member
MOST_ARCHIVE = 2**30  # bytes, of the file and of all its members, unpacked
MOST_TEXT = 4 * 2**20  # of the manifest and of the page
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Manifest:
    """model: its name in direction files. source: hub id of the model, else what it was loaded
    from. weights: fingerprint. files: SHA-256 of the bytes by member."""

    model: str
    source: str
    weights: str
    layers: int
    width: int
    files: dict[str, str]


@dataclass(frozen=True)
class Unpacked:
    """folder: of the model's directions. written, kept: names of files; kept ones existed with
    other content."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def pack(model: MusicModel, folder: Path, place: Path, source: str = "") -> Manifest:
    """Writes the directions, detectors and page of `folder` [<name>.safetensors,
    detectors/<name>.safetensors, README.md] into one archive.

    Raises MusicRFMError if there is nothing to pack, or a file is damaged or of another model.
    """
    check_place(place)
    found = {f"{DIRECTIONS}/{path.name}": path for path in sorted(folder.glob(f"[!.]*{SUFFIX}"))}
    if not found:
        raise MusicRFMError(f"there are no directions in {str(folder)!r}: train some first")
    detectors = sorted((folder / DETECTORS).glob(f"[!.]*{SUFFIX}"))
    found |= {f"{DETECTORS}/{path.name}": path for path in detectors}
    for member, path in found.items():
        _checked(member, path, model)
    if (folder / PAGE).is_file():
        found[PAGE] = folder / PAGE
    contents = {member: _bytes_of(path) for member, path in found.items()}
    if sum(map(len, contents.values())) > MOST_ARCHIVE:
        raise MusicRFMError(
            f"the files in {str(folder)!r} are too large for one archive: together they take at "
            f"most {MOST_ARCHIVE >> 20} MiB; pack fewer"
        )
    digests = {member: hashlib.sha256(data).hexdigest() for member, data in contents.items()}
    manifest = Manifest(model.name, source, model.fingerprint, model.layers, model.width, digests)
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1) + "\n"
    try:
        with beside(place) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, text)
            for member, data in contents.items():
                archive.writestr(member, data)
    except OSError as error:
        raise MusicRFMError(f"cannot write {str(place)!r}: {reason(error)}") from None
    return manifest


def read_manifest(path: Path) -> Manifest:
    """The manifest of an archive. Raises MusicRFMError if the file is not an archive."""
    with _opened(path) as archive:
        return _manifest(archive, path)


def unpack(
    path: Path, model: MusicModel, out: str | Path | None = None, overwrite: bool = False
) -> Unpacked:
    """Write the files of an archive to `<out>/<model>/`, by default in the user's folder.

    Everything is read and checked first; an existing file with other content stays, unless
    `overwrite`. Raises MusicRFMError, and writes nothing, if the archive is damaged, too large, or
    made for other weights.
    """
    folder = path_of(out or user_folder()) / model.name
    with _opened(path) as archive, tempfile.TemporaryDirectory(prefix="musicrfm-") as scratch:
        manifest = _manifest(archive, path)
        _check_weights(manifest, model, path)
        ready = dict(_members(archive, manifest, path, model, Path(scratch)))
        written: list[str] = []
        kept: list[str] = []
        for member, file in ready.items():
            name = member.removeprefix(f"{DIRECTIONS}/")
            is_here = put(folder / name, file.read_bytes(), overwrite)
            (written if is_here else kept).append(name)
    return Unpacked(folder, tuple(written), tuple(kept))


def unpacked_for(path: Path, model: MusicModel, cache: Path) -> Path:
    """A folder below `cache` with the files of an archive only, for a set that plays it."""
    if not path.is_file():
        raise MusicRFMError(f"there is no file {str(path)!r}")
    digest = hashlib.sha256(path.read_bytes() if path.stat().st_size <= MOST_ARCHIVE else b"")
    root = cache / "unpacked" / digest.hexdigest()[:24]
    shutil.rmtree(root, ignore_errors=True)  # files there may be from an interrupted run
    return unpack(path, model, root, overwrite=True).folder


def _members(
    archive: zipfile.ZipFile, manifest: Manifest, path: Path, model: MusicModel, scratch: Path
) -> Iterator[tuple[str, Path]]:
    """(member, checked file in `scratch`), with the model's name on this computer."""
    total = 0  # counted here too, because headers may be wrong
    for number, (member, digest) in enumerate(manifest.files.items()):
        data = _read(archive, member, MOST_TEXT if member == PAGE else MOST_FILE, path)
        total += len(data)
        _check_total(total, path)
        if hashlib.sha256(data).hexdigest() != digest:
            raise MusicRFMError(f"{str(path)!r} is damaged: the content of {member} has changed")
        file = scratch / f"{number}{SUFFIX}"
        file.write_bytes(data)
        if member != PAGE:
            file = _renamed(member, file, manifest, model, scratch / str(number))
        yield member, file


def _renamed(member: str, file: Path, manifest: Manifest, model: MusicModel, folder: Path) -> Path:
    """The checked file, with the model's name on this computer."""
    part, name = member.split("/")
    try:
        if part == DIRECTIONS:
            direction = Direction.read(file)
            direction.check(_maker(manifest))
            direction.meta |= {"model": model.name, "model_fingerprint": manifest.weights}
            own, saved = direction.name, lambda: direction.save(folder / name)
        else:
            detector = Detector.load(file, _maker(manifest))
            detector.meta |= {"model": model.name, "model_fingerprint": manifest.weights}
            own, saved = detector.name, lambda: detector.save(folder)
        if f"{own}{SUFFIX}" != name:
            raise MusicRFMError(f"it calls itself {own!r}")
    except MusicRFMError as error:
        raise MusicRFMError(f"{member} in the archive cannot be used: {error}") from None
    return file if manifest.model == model.name else saved()


def _maker(manifest: Manifest) -> Any:
    """A stand-in for the model that the files were made for, with the attributes that they need."""
    return SimpleNamespace(
        name=manifest.model,
        fingerprint=manifest.weights,
        layers=manifest.layers,
        width=manifest.width,
    )


def _checked(member: str, path: Path, model: MusicModel) -> None:
    if path.stat().st_size > MOST_FILE:
        raise MusicRFMError(f"{path} is too large to be packed: more than {MOST_FILE} bytes")
    Detector.load(path, model) if member.startswith(DETECTORS) else Direction.load(path, model)


def _check_weights(manifest: Manifest, model: MusicModel, path: Path) -> None:
    if (manifest.layers, manifest.width) != (model.layers, model.width):
        raise MusicRFMError(
            f"{str(path)!r} was made for {manifest.model!r}, of {manifest.layers} layers of width "
            f"{manifest.width}, and {model.name!r} has {model.layers} of width {model.width}"
        )
    if manifest.weights != model.fingerprint:
        raise MusicRFMError(
            f"{str(path)!r} was made for {manifest.model!r} with other weights than those of "
            f"{model.name!r}: take the model it names ({manifest.source or manifest.model})"
        )


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive whose members are few, small and regular files. Raises MusicRFMError otherwise."""
    try:
        _check_total(path.stat().st_size, path)
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), path)
            yield archive
    except OSError as error:
        raise MusicRFMError(f"{str(path)!r} cannot be read: {reason(error)}") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise MusicRFMError(f"{str(path)!r} is not an archive of directions: {error}") from None


def _check_members(members: list[zipfile.ZipInfo], path: Path) -> None:
    names = [member.filename for member in members]
    wrong = next((n for n in names if n != MANIFEST and not _is_member(n)), None)
    if wrong is not None:
        raise MusicRFMError(f"{str(path)!r} contains {wrong[:80]!r}, which does not belong there")
    if len(names) > MOST_FILES or len(set(names)) < len(names):
        raise MusicRFMError(f"{str(path)!r} contains too many files, or one twice")
    large = next((m for m in members if m.file_size > MOST_FILE), None)
    if large is not None:
        raise MusicRFMError(f"{large.filename} in {str(path)!r} is too large: {large.file_size} B")
    _check_total(sum(member.file_size for member in members), path)
    if any(m.compress_type not in _COMPRESSIONS or m.flag_bits & 1 for m in members):
        raise MusicRFMError(f"{str(path)!r} is encrypted, or compressed in an unusual way")


def _check_total(size: int, path: Path) -> None:
    """size: bytes of an archive, packed or unpacked."""
    if size > MOST_ARCHIVE:
        raise MusicRFMError(
            f"{str(path)!r} is too large: it takes {size} bytes, and directions at most "
            f"{MOST_ARCHIVE >> 20} MiB, also unpacked"
        )


def _is_member(name: str) -> bool:
    if name == PAGE:
        return True
    part, slash, file = name.partition("/")
    right = part in (DIRECTIONS, DETECTORS) and bool(slash) and file.endswith(SUFFIX)
    return right and is_file_name(file)


def _read(archive: zipfile.ZipFile, member: str, most: int, path: Path) -> bytes:
    """The bytes of a member, at most the permitted number, because its header may be wrong."""
    try:
        with archive.open(member) as file:
            data = file.read(most + 1)
    except KeyError:
        raise MusicRFMError(f"{str(path)!r} lacks {member}") from None
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise MusicRFMError(f"{str(path)!r} is damaged: {error}") from None
    if len(data) > most:
        raise MusicRFMError(f"{member} in {str(path)!r} is too large: more than {most} bytes")
    return data


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    text = _read(archive, MANIFEST, MOST_TEXT, path)
    version = None
    try:
        told: Any = json.loads(text)
        version = told.pop("format")
        manifest = Manifest(**told) if version == FORMAT else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise MusicRFMError(f"{str(path)!r} has a damaged {MANIFEST}") from None
    if manifest is None:
        raise MusicRFMError(f"{str(path)!r} has format {version!r}: update this program")
    texts = (manifest.model, manifest.source, manifest.weights)
    numbers = (manifest.layers, manifest.width)
    right = all(isinstance(one, str) for one in texts) and all(type(n) is int for n in numbers)
    right = right and isinstance(manifest.files, dict) and is_file_name(manifest.model)
    right = right and all(isinstance(d, str) for d in manifest.files.values())
    if not right or set(manifest.files) != set(archive.namelist()) - {MANIFEST}:
        raise MusicRFMError(f"{str(path)!r} has a {MANIFEST} that does not fit its content")
    return manifest


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MusicRFMError(f"{str(path)!r} cannot be read: {reason(error)}") from None
