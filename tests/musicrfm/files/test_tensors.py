"""The project's safetensors writer."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import load

from musicrfm.files.tensors import packed


def test_safetensors_library_reads_it_and_order_does_not_matter():
    tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([1, -2])}
    texts = {"z": '"ü"', "y": "1"}
    data = packed(tensors, texts)
    found = load(data)
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype and (found[name] == array).all()
    turned = packed(dict(reversed(tensors.items())), dict(reversed(texts.items())))
    assert turned == data
