"""The benchmark of the cache times both precisions, and knows their memory."""

from __future__ import annotations

import pytest

from benchmarks.cache import measured
from musicrfm.weights.cost import Shape


@pytest.mark.needs("numba")
def test_each_cache_is_timed_by_turns() -> None:
    found = measured(Shape(2, 64, 4, 128), "int4", positions=100, turns=3, steps=2)
    assert all(len(row["ms"]) == 3 and min(row["ms"]) > 0 for row in found.values())
    assert 1.6 < found["int16"]["mib"] / found["int8"]["mib"] < 2
