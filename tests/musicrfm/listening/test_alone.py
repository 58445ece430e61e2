"""Measuring keeps NumPy's products on one thread, also from several threads at once."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from musicrfm.listening.alone import alone

assert np.__version__  # its library must be loaded to be limited


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_last_one_that_measures_takes_the_limit_back():
    with threadpool_limits(2, "blas"):
        before = threads()
        alone.__enter__()
        alone.__enter__()  # by another thread, before the first one has ended
        alone.__exit__()
        assert threads() == {1}
        alone.__exit__()
        assert threads() == before == {2}
        assert alone(threads)() == {1} and threads() == {2}
