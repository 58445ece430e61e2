"""The methods must find directions that were planted, and say nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicrfm import probes
from musicrfm.errors import MusicRFMError

ROWS, LAYERS, WIDTH = 360, 2, 24
QUICK = probes.Search(trials=3, iterations=2)
BINARY = ("rfm-top", "rfm", "mean-difference", "linear", "logistic")


def planted(kind: str, strength: float = 3.0, classes: int = 1):
    """States with `strength` times the (standardised) label along a random direction per layer.

    The first two features carry much louder noise, as residual streams do.
    """
    rng = np.random.default_rng(7)
    truth = rng.normal(size=(LAYERS, WIDTH))
    truth[:, :2] = 0
    truth /= np.linalg.norm(truth, axis=1, keepdims=True)
    labels = (
        rng.integers(0, 2, ROWS).astype(np.float32)
        if kind == "binary"
        else rng.uniform(50, 210, ROWS).astype(np.float32)
    )
    unit = (labels - labels.mean()) / labels.std()
    states = rng.normal(size=(ROWS, LAYERS, WIDTH)) + 5
    states[:, :, :2] *= 3
    states += strength / 2 * unit[:, None, None] * truth
    return states.astype(np.float32), labels, truth


def similarity(probe: probes.Probe, truth: np.ndarray) -> np.ndarray:
    return (probe.directions[:, 0] * truth).sum(1)


@pytest.mark.parametrize("method", BINARY)
def test_a_planted_binary_direction_is_found(method):
    states, labels, truth = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    probe = probes.probe_layers(
        method, states, labels, parts, kind="binary", search=QUICK, components=3
    )
    assert probe.directions.shape == (LAYERS, 1, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(probe.directions, axis=-1), 1, atol=1e-5)
    assert (similarity(probe, truth) > 0.85).all()
    assert (probe.layer_scores > 0.9).all()


@pytest.mark.parametrize("method", ["rfm-top", "rfm", "mean-difference", "linear"])
def test_a_planted_regression_direction_is_found(method):
    states, labels, truth = planted("regression")
    parts = probes.split(range(ROWS), seed=1)
    probe = probes.probe_layers(method, states, labels, parts, kind="regression", search=QUICK)
    assert (similarity(probe, truth) > 0.8).all()
    assert (probe.layer_scores > 0.7).all()


@pytest.mark.parametrize("method", BINARY)
def test_the_sign_follows_the_label(method):
    states, labels, truth = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    probe = probes.probe_layers(method, states, 1 - labels, parts, kind="binary", search=QUICK)
    assert (similarity(probe, truth) < -0.7).all()
    assert (probe.layer_scores > 0.9).all()


@pytest.mark.parametrize("method", BINARY)
def test_labels_without_a_trace_score_near_chance(method):
    states, _, _ = planted("binary", strength=0)
    labels = np.random.default_rng(11).integers(0, 2, ROWS).astype(np.float32)
    parts = probes.split(range(ROWS), seed=1)
    probe = probes.probe_layers(method, states, labels, parts, kind="binary", search=QUICK)
    assert (np.abs(probe.layer_scores - 0.5) < 0.25).all()


def test_one_multiclass_basis_serves_every_class():
    rng = np.random.default_rng(3)
    centres = np.linalg.qr(rng.normal(size=(WIDTH, 4)))[0].T
    classes = rng.integers(0, 4, ROWS)
    states = (rng.normal(size=(ROWS, WIDTH)) + 6 * centres[classes]).astype(np.float32)
    parts = probes.split(range(ROWS), seed=1)
    onehot = torch.eye(4)[classes]
    basis = probes.agop_basis(torch.from_numpy(states), onehot, parts, "binary", QUICK)
    np.testing.assert_allclose((basis.T @ basis).numpy(), np.eye(WIDTH), atol=1e-4)
    # three directions tell four classes apart
    span = basis[:, :3].numpy()
    between = centres - centres.mean(0)
    assert np.linalg.norm(between @ span) / np.linalg.norm(between) > 0.9
    for c in range(4):
        probe = probes.probe_layers(
            "rfm-multiclass",
            states[:, None],
            classes == c,
            parts,
            kind="binary",
            components=3,
            bases=[basis],
        )
        assert probe.directions[0, 0] @ (between[c] / np.linalg.norm(between[c])) > 0.85
        assert probe.layer_scores[0] > 0.9


def test_rfm_top_can_keep_more_eigenvectors():
    states, labels, _ = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    probe = probes.probe_layers(
        "rfm-top", states, labels, parts, kind="binary", search=QUICK, keep=3
    )
    assert probe.directions.shape == (LAYERS, 3, WIDTH)
    np.testing.assert_allclose(probe.directions[0] @ probe.directions[0].T, np.eye(3), atol=1e-4)


def test_the_same_seed_gives_the_same_direction():
    states, labels, _ = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    first, second = (
        probes.probe_layers("rfm", states, labels, parts, kind="binary", search=QUICK)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.directions, second.directions)


def test_splits_are_70_15_15_and_keep_groups_together():
    groups = [i // 12 for i in range(1200)]
    parts = probes.split(groups, seed=5)
    assert [len(p) for p in (parts.train, parts.val, parts.test)] == [840, 180, 180]
    held = [{i // 12 for i in p} for p in (parts.train, parts.val, parts.test)]
    assert not held[0] & held[1] and not held[0] & held[2] and not held[1] & held[2]
    assert set(probes.split(groups, seed=6).test) != set(parts.test)


def test_scores_are_auc_and_spearman():
    from scipy.stats import spearmanr
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    along, labels = np.round(rng.normal(size=80), 1), rng.integers(0, 2, 80)
    assert probes.score(along, labels, "binary") == pytest.approx(roc_auc_score(labels, along))
    bpm = along * 20 + rng.normal(size=80) * 30
    assert probes.score(along, bpm, "regression") == pytest.approx(spearmanr(along, bpm).statistic)


@pytest.mark.parametrize(
    ("method", "kind", "spoil", "words"),
    [
        ("pca", "binary", None, "no method 'pca'"),
        ("logistic", "regression", None, "needs binary labels"),
        ("rfm-multiclass", "binary", None, "needs several classes"),
        ("linear", "ordinal", None, "neither"),
        ("linear", "binary", "nan", "NaN"),
        ("linear", "binary", "labels", "both classes"),
        ("linear", "binary", "short", "one label a row"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(method, kind, spoil, words):
    states, labels, _ = planted("regression" if kind == "regression" else "binary")
    parts = probes.split(range(ROWS), seed=1)
    if spoil == "nan":
        states[3, 0, 0] = np.nan
    elif spoil == "labels":
        labels[:] = 1
    elif spoil == "short":
        labels = labels[:-1]
    with pytest.raises(MusicRFMError, match=words):
        probes.probe_layers(method, states, labels, parts, kind=kind)
    with pytest.raises(MusicRFMError, match="at least 7"):
        probes.split([1, 1, 2])
