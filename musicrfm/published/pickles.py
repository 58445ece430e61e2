"""Reads arrays from a pickle file without executing code from it.

A pickle is a program. This reader first checks that every instruction is one that plain data needs,
then runs them with an unpickler that resolves only a few names: those that PyTorch and NumPy write
for arrays. None of them resolves to the real object; each creates an `Array`.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import file_to_read

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_FILE = 2**30  # bytes; 48 layers of MusicGen-large with 12 components are 5 MB
MOST_INSTRUCTIONS = 20_000  # 48 tensors take about 1200

_INSTRUCTIONS = set(
    re.findall(
        r"\w+",
        """PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT
        SHORT_BINUNICODE BINUNICODE BINUNICODE8 SHORT_BINBYTES BINBYTES BINBYTES8 BYTEARRAY8
        EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS SETITEM
        SETITEMS BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE BUILD
        BINPERSID""",
    )
)
# What an old-style torch.save begins with, before the pickle that matters.
_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
}
_NUMPY = {"f2": "float16", "f4": "float32", "f8": "float64"}
_INTEGERS = {"i2": "int16", "i4": "int32", "i8": "int64"}
_BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}


class _Refused(Exception):
    """The fault of the file, in words that follow its name."""


@dataclass(frozen=True)
class Array:
    """An array as described by a pickle; not yet checked or allocated.

    data: the raw bytes, little-endian. offset and strides count elements.
    """

    dtype: str
    data: memoryview
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __setstate__(self, state: object) -> None:
        raise _Refused("changes an array after it was built")

    def tensor(self) -> Tensor:
        """A float32 tensor. Raises MusicRFMError if the description does not fit the data."""
        import torch

        sizes = (self.offset, *self.shape, *self.strides)
        if not all(type(n) is int and n >= 0 for n in sizes) or len(self.shape) > 4:
            raise MusicRFMError("an array in the file has an invalid shape")
        held = len(self.data) // _BYTES[self.dtype]
        last = self.offset + sum(
            (n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)
        )
        if 0 in self.shape or last >= held or math.prod(self.shape) > held:
            raise MusicRFMError(
                f"an array in the file claims the shape {list(self.shape)} but has {held} numbers"
            )
        flat = torch.frombuffer(bytearray(self.data), dtype=getattr(torch, self.dtype))
        return flat.as_strided(self.shape, self.strides, self.offset).float().contiguous()


def read_pickle(path: str | os.PathLike[str]) -> Any:
    """The content of a pickle file: dicts, lists, tuples, numbers, text, and `Array`s.

    Raises MusicRFMError if the file cannot be read, or contains or would do anything else.
    """
    path = file_to_read(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise _Refused(f"is too large ({size / 2**30:.1f} GiB)")
        data = path.read_bytes()
        if data.startswith(b"PK\x03\x04"):
            return _archive(data)
        value, end = _run(data, 0, _Names(data), _no_storage)
        if end != len(data):
            raise _Refused("has data after its end")
    except OSError as error:
        raise MusicRFMError(f"{path} cannot be read: {error.strerror or error}") from error
    except _Refused as error:
        raise MusicRFMError(f"{path} is refused: it {error}") from error
    return value


@dataclass(frozen=True)  # with slots, some Pythons put their own __setstate__ here
class _Name:
    """The replacement of a name in the file; it can only be called, and has no attributes to
    change."""

    call: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.call(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _Refused("redefines a name")


@dataclass(frozen=True)  # with slots, some Pythons put their own __setstate__ here
class _Storage:
    dtype: str
    data: memoryview

    def __setstate__(self, state: object) -> None:
        raise _Refused("changes a storage")


class _NumpyType:
    """Replaces numpy.dtype: a float or, for a single number, an integer; little-endian."""

    __slots__ = ("dtype",)

    def __init__(self, code: object, *flags: object) -> None:
        if not isinstance(code, str) or code not in _NUMPY | _INTEGERS:
            raise _Refused(f"holds an array of {_shown(code)}, not of floating-point numbers")
        self.dtype = (_NUMPY | _INTEGERS)[code]

    def __setstate__(self, state: object) -> None:
        if not (isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", "|", "=")):
            raise _Refused("holds an array of another byte order")


class _NumpyArray:
    """Replaces numpy.ndarray, which is created empty and then receives its state."""

    __slots__ = ("array",)

    def __setstate__(self, state: object) -> None:
        match state:
            case (_, tuple() as shape, _NumpyType() as kind, bool() as fortran, bytes() as data):
                _check_float(kind)
                self.array = _packed(kind.dtype, data, shape, fortran)
            case _:
                raise _Refused("holds an array that has an unknown description")


_PurePython: Any = pickle._Unpickler  # typeshed knows only the public half of it


class _Unpickler(_PurePython):
    """Python's unpickler in pure Python, in which a key can be checked before a dict hashes it.

    A deeply nested tuple of repeated tuples takes exponential time to hash.
    """

    dispatch: ClassVar = dict(_PurePython.dispatch)

    def __init__(
        self,
        data: bytes,
        name: Callable[[str, str], Any],
        storage: Callable[[object], Any],
    ) -> None:
        super().__init__(io.BytesIO(data))
        self._name, self._storage = name, storage

    def find_class(self, module: str, name: str) -> Any:
        return self._name(module, name)

    def persistent_load(self, pid: object) -> Any:
        return self._storage(pid)

    def load_setitem(self) -> None:
        _check_keys(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        _check_keys(self.stack[::2])  # keys and values since the mark, alternating
        super().load_setitems()

    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems


def _check_keys(keys: list) -> None:
    for key in keys:
        parts = key if isinstance(key, tuple) else (key,)
        if not all(part is None or isinstance(part, (str, int, float, bytes)) for part in parts):
            raise _Refused("has a key that is neither a number nor text")


def _run(
    data: bytes, start: int, name: Callable[[str, str], Any], storage: Callable[[object], Any]
) -> tuple[Any, int]:
    """The value of the pickle that starts at `start`, and the position of its end."""
    end = _checked_end(data, start)
    try:
        value = _Unpickler(data[start:end], name, storage).load()
    except (_Refused, MemoryError):
        raise
    except Exception as error:  # a broken pickle may raise anything
        raise _Refused("is a damaged pickle") from error
    return _finished(value), end


def _checked_end(data: bytes, start: int) -> int:
    """The position of the end of the pickle, after checking that all its instructions only describe
    data."""
    stream = io.BytesIO(data)
    stream.seek(start)
    count = 0
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            count += 1
            if opcode.name not in _INSTRUCTIONS:
                raise _Refused(f"contains the instruction {opcode.name}, which no direction needs")
            if count > MOST_INSTRUCTIONS:
                raise _Refused(f"contains more than {MOST_INSTRUCTIONS} instructions")
            if opcode.name in ("BINPUT", "LONG_BINPUT") and int(argument or 0) > count:
                raise _Refused("reserves memory that it does not use")
            if opcode.name == "FRAME" and int(argument or 0) > len(data):
                raise _Refused("is a damaged pickle")
    except _Refused:
        raise
    except Exception as error:  # genops complains in many ways
        raise _Refused("is not a pickle, or a damaged one") from error
    return stream.tell()


def _finished(value: Any) -> Any:
    """The value with its arrays as `Array`s."""
    if isinstance(value, dict):
        return {key: _array(part) for key, part in value.items()}
    return _array(value)


def _array(value: Any) -> Any:
    if not isinstance(value, _NumpyArray):
        return value
    if not hasattr(value, "array"):
        raise _Refused("holds an array without numbers")
    return value.array


class _Names:
    """The replacements of all names in one file."""

    def __init__(self, data: bytes) -> None:
        self._unread = len(data)  # bytes not yet used by tensors
        empty = _Name(lambda *arguments: _NumpyArray())
        self._names = {
            ("torch._utils", "_rebuild_tensor_v2"): _Name(_torch_tensor),
            ("torch._utils", "_rebuild_parameter"): _Name(_torch_parameter),
            ("torch.storage", "_load_from_bytes"): _Name(self._torch_storage),
            ("collections", "OrderedDict"): _Name(lambda *pairs: {}),
            ("numpy", "ndarray"): empty,
            ("numpy", "dtype"): _Name(_NumpyType),
            ("_codecs", "encode"): _Name(_latin_bytes),
        }
        for package in ("numpy.core", "numpy._core"):  # before and since NumPy 2
            self._names[f"{package}.multiarray", "_reconstruct"] = empty
            self._names[f"{package}.multiarray", "scalar"] = _Name(_numpy_integer)
            self._names[f"{package}.numeric", "_frombuffer"] = _Name(_numpy_from_buffer)

    def __call__(self, module: str, name: str) -> Any:
        if (module, name) not in self._names:
            raise _Refused(f"requests {_shown(f'{module}.{name}')}, which no direction needs")
        return self._names[module, name]

    def _torch_storage(self, data: object) -> _Storage:
        if not isinstance(data, (bytes, bytearray)):
            raise _Refused("holds a tensor without its data")
        self._unread -= len(data)
        if self._unread < 0:
            raise _Refused("builds many tensors from the same data")
        return _torch_storage(bytes(data))


def _storage_name(module: str, name: str) -> Any:
    if module != "torch" or name not in _STORAGES:
        raise _Refused(f"requests {_shown(f'{module}.{name}')} inside a tensor")
    return _STORAGES[name]


def _no_storage(pid: object) -> Any:
    raise _Refused("refers to data outside the file")


def _archive(data: bytes) -> Any:
    """Read torch.save's current format: a ZIP archive with one pickle and separate data."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            pickled = [name for name in names if name.endswith("/data.pkl")]
            infos = archive.infolist()
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
            if len(pickled) != 1 or not stored or sum(i.file_size for i in infos) > len(data):
                raise _Refused("is an archive that torch.save did not write")
            folder = pickled[0].removesuffix("data.pkl")
            order = f"{folder}byteorder"
            if order in names and archive.read(order) != b"little":
                raise _Refused("was written on a machine with another byte order")
            parts = {name: archive.read(name) for name in names if name.startswith(f"{folder}data")}
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise _Refused("is a damaged archive") from error

    given = 0

    def storage(pid: object) -> _Storage:
        nonlocal given
        match pid:
            case ("storage", str() as dtype, str() as key, str(), int() as count) if (
                dtype in _BYTES and (numbers := parts.get(f"{folder}data/{key}")) is not None
            ):
                given += len(numbers)
                if given > LARGEST_FILE:
                    raise _Refused("builds many tensors from the same data")
                if count * _BYTES[dtype] != len(numbers):
                    raise _Refused(f"holds a tensor that claims {_shown(count)} numbers")
                return _Storage(dtype, memoryview(numbers))
        raise _Refused("holds a tensor with an unknown reference to its data")

    inside = _Names(data)

    def name(module: str, what: str) -> Any:
        storages = module == "torch" and what in _STORAGES
        return _storage_name(module, what) if storages else inside(module, what)

    value, end = _run(parts[pickled[0]], 0, name, storage)
    if end != len(parts[pickled[0]]):
        raise _Refused("has data after its end")
    return value


def _torch_storage(data: bytes) -> _Storage:
    """Read torch.save's old format: five pickles, then the data."""
    claims: list[tuple[str, str, int]] = []

    def storage(pid: object) -> str:
        match pid:
            case ("storage", str() as dtype, str() as key, str(), int() as count, None) | (
                "storage",
                str() as dtype,
                str() as key,
                str(),
                int() as count,
            ) if dtype in _BYTES:
                claims.append((dtype, key, count))
                return key
        raise _Refused("holds a tensor with an unknown reference to its data")

    position, values = 0, []
    for _ in range(5):
        value, position = _run(data, position, _storage_name, storage)
        values.append(value)
    magic, version, system, _, keys = values
    if (magic, version) != (_MAGIC, _VERSION) or len(claims) != 1:
        raise _Refused("holds a tensor that torch did not write")
    if not (isinstance(system, dict) and system.get("little_endian") is True):
        raise _Refused("was written on a machine with another byte order")
    dtype, key, count = claims[0]
    numbers = memoryview(data)[position + 8 :]
    written = struct.unpack("<q", data[position : position + 8].ljust(8, b"\0"))[0]
    if keys != [key] or not count == written == len(numbers) / _BYTES[dtype]:
        raise _Refused(
            f"holds a tensor that claims {_shown(max(count, written))} numbers but contains "
            f"{len(numbers) // _BYTES[dtype]}"
        )
    return _Storage(dtype, numbers)


def _torch_tensor(
    storage: object, offset: object, shape: object, strides: object, *hooks: object
) -> Array:
    if not (isinstance(storage, _Storage) and isinstance(offset, int)):
        raise _Refused("holds a tensor without its data")
    if not (isinstance(shape, tuple) and isinstance(strides, tuple) and len(shape) == len(strides)):
        raise _Refused("holds a tensor without a shape")
    return Array(storage.dtype, storage.data, offset, shape, strides)


def _torch_parameter(tensor: object, *hooks: object) -> Array:
    if not isinstance(tensor, Array):
        raise _Refused("holds a parameter without its data")
    return tensor


def _numpy_integer(kind: object, data: object) -> int:
    """A NumPy integer, as used for layer numbers."""
    if not (isinstance(kind, _NumpyType) and isinstance(data, (bytes, bytearray))):
        raise _Refused("holds a number that has an unknown description")
    if kind.dtype not in _INTEGERS.values() or 8 * len(data) != int(kind.dtype[3:]):
        raise _Refused("holds a NumPy scalar that is not an integer")
    return int.from_bytes(data, "little", signed=True)


def _numpy_from_buffer(data: object, kind: object, shape: object, order: object) -> Array:
    if not (isinstance(kind, _NumpyType) and isinstance(data, (bytes, bytearray))):
        raise _Refused("holds an array that has an unknown description")
    if not isinstance(shape, tuple):
        raise _Refused("holds an array without a shape")
    _check_float(kind)
    return _packed(kind.dtype, bytes(data), shape, order == "F")


def _check_float(kind: _NumpyType) -> None:
    if kind.dtype not in _BYTES:
        raise _Refused(f"holds an array of {kind.dtype}, not of floating-point numbers")


def _packed(dtype: str, data: bytes, shape: tuple, fortran: bool) -> Array:
    """An array whose elements are contiguous, with the first or last index fastest."""
    if not all(type(n) is int and 0 < n <= len(data) for n in shape) or len(shape) > 4:
        raise _Refused("holds an array with an invalid shape")
    sizes = shape if fortran else shape[::-1]
    strides = tuple(math.prod(sizes[:i]) for i in range(len(sizes)))
    return Array(dtype, memoryview(data), 0, shape, strides if fortran else strides[::-1])


def _latin_bytes(text: object, encoding: object) -> bytes:
    """Bytes as protocol 2 writes them."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _Refused("encodes something other than bytes")
    return text.encode("latin-1")


def _shown(what: object) -> str:
    """A value from the file, shortened for a message and without terminal control codes."""
    text = ascii(what).strip("'\"") if isinstance(what, (str, int)) else "something"
    return text if len(text) <= 60 else f"{text[:57]}..."
