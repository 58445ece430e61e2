"""Safetensors files that hold the same bytes whenever they hold the same things.

The library's own writer orders the metadata anew in every process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

ALIGNED = 8  # bytes, of the header with what fills it up
DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}


def packed(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file; arrays are of one of `DTYPES`, names in any order."""
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    parts, at = [], 0
    for name, array in sorted(tensors.items()):
        part = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(part)],
        }
        parts.append(part)
        at += len(part)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNED)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)
