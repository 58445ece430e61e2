"""The reliability report of a training: intervals, chance level and verdict."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.data.hidden import Data
from musicrfm.training.train import fit


def data(strength: float, clips: int = 120, seed: int = 0) -> tuple[Data, list[bool]]:
    rng = np.random.default_rng(seed)
    labels = [bool(n % 2) for n in range(clips)]
    states = rng.normal(size=(clips, 2, 6)).astype(np.float32)
    states[:, 1, 0] += strength * np.array(labels)
    rows = [{"n": n} for n in range(clips)]
    return Data("made up", "x", states, rows, list(range(clips)), "mean", 0), labels


def test_signal_is_above_chance_and_missing_signal_is_reported():
    known, labels = data(3.0)
    trained = fit(known, "a", labels, kind="binary", method="mean-difference")
    sure = trained.reliability
    assert sure.best == 1 and sure.layers[1].above(0.5) and sure.verdict == ""
    assert sure.chance["auc"] == 0.5 and sure.chance["accuracy"] == pytest.approx(0.5)
    unknown, labels = data(0.0)
    trained = fit(unknown, "a", labels, kind="binary", method="random")
    assert "chance (0.50)" in trained.reliability.verdict
    assert trained.direction.meta["verdict"] == trained.reliability.verdict


def test_split_predictions_and_confusion_matrix_are_stored():
    known, labels = data(4.0)
    trained = fit(known, "a", labels, kind="binary", method="linear")
    tested = trained.split.test
    assert trained.predictions["truth"].tolist() == [float(labels[n]) for n in tested]
    assert trained.predictions["linear"].reshape(-1).shape == tested.shape
    assert trained.confusion.sum() == len(tested)
    assert np.trace(trained.confusion) / len(tested) == pytest.approx(
        trained.report["aggregated"]["linear"]["accuracy"]
    )
    assert trained.report["splits"]["test"]["clips"] == len(tested)


def test_clips_of_one_group_count_once():
    known, labels = data(1.0, clips=240)
    alone = fit(known, "a", labels, kind="binary", method="mean-difference").reliability
    known.groups = [n // 8 for n in range(240)]
    grouped = fit(known, "a", labels, kind="binary", method="mean-difference").reliability
    assert grouped.layers[1].count < alone.layers[1].count


def test_samples_with_one_class_do_not_pull_the_interval_of_auc_to_chance():
    known, labels = data(50.0, clips=40)
    sure = fit(known, "a", labels, kind="binary", method="mean-difference").reliability
    assert sure.layers[1].value == 1.0 and sure.layers[1].low == 1.0 and sure.verdict == ""
    assert all(one["auc"].low > 0.9 for one in sure.together.values())


def test_one_group_of_test_clips_is_told_as_too_few_for_an_interval():
    known, labels = data(3.0, clips=60)
    known.groups = [n // 10 for n in range(60)]  # six, of which one is for the test
    verdict = fit(known, "a", labels, kind="binary", method="mean-difference").reliability.verdict
    assert verdict == "too few groups of test clips for an interval: 1, at least 2 are needed"
