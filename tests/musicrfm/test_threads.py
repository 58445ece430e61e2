"""Pieces of work on several threads: in order, each alone, and never far ahead."""

from __future__ import annotations

import threading

import pytest
import torch

from musicrfm.executor import each_alone, in_turn

CPU = torch.device("cpu")


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_pieces_are_worked_on_together_each_on_one_thread(two_threads):
    met = threading.Barrier(2, timeout=60)  # breaks unless two threads are there at a time

    def work(piece: int) -> tuple[int, int]:
        met.wait()
        return piece, torch.get_num_threads()

    assert each_alone(work, range(4)) == [(n, 1) for n in range(4)]
    assert torch.get_num_threads() == 2


def test_threads_are_restored_after_an_error(two_threads):
    def work(piece: int) -> int:
        return 1 // piece

    with pytest.raises(ZeroDivisionError):
        each_alone(work, [1, 0])
    assert torch.get_num_threads() == 2


def test_pieces_are_fetched_when_they_are_needed(two_threads):
    fetched: list[int] = []

    def pieces():
        for n in range(5):
            fetched.append(n)
            yield n

    results = in_turn(lambda n: n * n, pieces(), CPU)
    assert next(results) == 0 and fetched == [0, 1]
    assert list(results) == [1, 4, 9, 16]
    fetched.clear()
    assert next(in_turn(lambda n: n, pieces(), torch.device("meta"))) == 0 and fetched == [0]
