"""The reliability report of a training: intervals, chance level and verdict."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm import metrics
from musicrfm.data.hidden import Data
from musicrfm.training.telling import told
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


@pytest.mark.parametrize("metric", ["auc", "accuracy", "f1", "mse"])
def test_sizes_chance_of_every_metric_and_a_verdict_are_told(metric):
    known, labels = data(3.0)
    trained = fit(known, "a", labels, kind="binary", method="mean-difference", metric=metric)
    best, together = told(trained).splitlines()[2:4]
    assert "clips: 84 to train, 18 to choose settings, 18 to test" in told(trained)
    assert best.startswith(f"  best layer 1: {metric} ") and "chance is " in best
    assert together.count("chance is ") == 2  # of AUC and accuracy
    assert "better than chance in the best layer" in told(trained)
    unknown, labels = data(0.0)
    trained = fit(unknown, "a", labels, kind="binary", method="random")
    assert "  not better than chance (0.50)" in told(trained)


def test_chance_is_the_best_score_without_looking():
    few = np.array([1.0, 0.0, 0.0, 0.0])
    assert metrics.chance("binary", "accuracy", few) == 0.75
    assert metrics.chance("binary", "f1", few) == pytest.approx(0.4)
    assert metrics.chance("binary", "mse", few) == pytest.approx(3 / 16)
    of_four = np.array([0, 0, 1, 2])
    constant = np.tile([0.5, 0.25, 0.25, 0.0], (4, 1))
    found = metrics.measure("multiclass", of_four, constant)
    assert metrics.chance("multiclass", "mse", of_four, 4) == pytest.approx(found["mse"])
    assert metrics.chance("multiclass", "f1", of_four, 4) == pytest.approx(1 / 3)
    assert metrics.chance("binary", "f1", np.array([])) is None
