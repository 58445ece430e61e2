"""The methods find planted directions, and score near chance without one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from musicrfm.errors import MusicRFMError
from musicrfm.training import linear, probes

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


@dataclass(frozen=True)
class Probe:
    """directions [layers, components, width], unit rows; layer_scores [layers] on the test part."""

    directions: np.ndarray
    layer_scores: np.ndarray


def probe_layers(
    method: str,
    states: np.ndarray,
    labels: np.ndarray,
    parts: probes.Split,
    *,
    kind: str,
    search: probes.Search | None = None,
    components: int | None = probes.COMPONENTS,
    keep: int = 1,
    basis: torch.Tensor | None = None,
) -> Probe:
    """Every layer of `states` [rows, layers, width], without the jobs of `fits`.

    basis: AGOP eigenvectors of an earlier fit.
    """
    search = search or probes.Search()
    classes = int(labels.max()) + 1 if kind == "multiclass" else 2
    question = probes.Question(kind, labels, parts, parts, classes, search.metric)
    question.check(method)
    layers = []
    for number in range(states.shape[1]):
        x = torch.from_numpy(np.ascontiguousarray(states[:, number], np.float32))
        found = basis
        if method in probes.RFM_METHODS and found is None:
            found = probes.machine(x, question, search).basis
        layers.append(probes.answer(method, x, question, found, components, keep))
    vectors = np.stack([layer.vectors for layer in layers]).astype(np.float32)
    return Probe(vectors, np.array([layer.score for layer in layers], np.float32))


def similarity(probe: Probe, truth: np.ndarray) -> np.ndarray:
    return (probe.directions[:, 0] * truth).sum(1)


@pytest.mark.parametrize("method", BINARY)
def test_a_planted_binary_direction_is_found(method):
    states, labels, truth = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    probe = probe_layers(method, states, labels, parts, kind="binary", search=QUICK, components=3)
    assert probe.directions.shape == (LAYERS, 1, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(probe.directions, axis=-1), 1, atol=1e-5)
    assert (similarity(probe, truth) > 0.85).all()
    assert (probe.layer_scores > 0.9).all()


@pytest.mark.parametrize("method", ["rfm-top", "rfm", "mean-difference", "linear"])
def test_a_planted_regression_direction_is_found(method):
    states, labels, truth = planted("regression")
    parts = probes.split(range(ROWS), seed=1)
    probe = probe_layers(method, states, labels, parts, kind="regression", search=QUICK)
    assert (similarity(probe, truth) > 0.8).all()
    assert (probe.layer_scores > 0.7).all()


@pytest.mark.parametrize("method", BINARY)
def test_the_sign_follows_the_label(method):
    states, labels, truth = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    probe = probe_layers(method, states, 1 - labels, parts, kind="binary", search=QUICK)
    assert (similarity(probe, truth) < -0.7).all()
    assert (probe.layer_scores > 0.9).all()


@pytest.mark.parametrize("method", BINARY)
def test_labels_without_signal_score_near_chance(method):
    states, _, _ = planted("binary", strength=0)
    labels = np.random.default_rng(11).integers(0, 2, ROWS).astype(np.float32)
    parts = probes.split(range(ROWS), seed=1)
    probe = probe_layers(method, states, labels, parts, kind="binary", search=QUICK)
    assert (np.abs(probe.layer_scores - 0.5) < 0.25).all()


def test_one_multiclass_basis_serves_every_class():
    rng = np.random.default_rng(3)
    centres = np.linalg.qr(rng.normal(size=(WIDTH, 4)))[0].T
    classes = rng.integers(0, 4, ROWS)
    states = (rng.normal(size=(ROWS, WIDTH)) + 6 * centres[classes]).astype(np.float32)
    parts = probes.split(range(ROWS), seed=1)
    question = probes.Question("multiclass", classes, parts, parts, 4)
    basis = probes.machine(torch.from_numpy(states), question, QUICK).basis
    np.testing.assert_allclose((basis.T @ basis).numpy(), np.eye(WIDTH), atol=1e-4)
    # three directions tell four classes apart
    span = basis[:, :3].numpy()
    between = centres - centres.mean(0)
    assert np.linalg.norm(between @ span) / np.linalg.norm(between) > 0.9
    for c in range(4):
        probe = probe_layers(
            "rfm-multiclass",
            states[:, None],
            (classes == c).astype(int),
            parts,
            kind="binary",
            components=3,
            basis=basis,
        )
        assert probe.directions[0, 0] @ (between[c] / np.linalg.norm(between[c])) > 0.85
        assert probe.layer_scores[0] > 0.9


def test_rfm_top_can_keep_more_eigenvectors():
    states, labels, _ = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    probe = probe_layers("rfm-top", states, labels, parts, kind="binary", search=QUICK, keep=3)
    assert probe.directions.shape == (LAYERS, 3, WIDTH)
    np.testing.assert_allclose(probe.directions[0] @ probe.directions[0].T, np.eye(3), atol=1e-4)


def test_the_same_seed_gives_the_same_direction():
    states, labels, _ = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    first, second = (
        probe_layers("rfm", states, labels, parts, kind="binary", search=QUICK) for _ in range(2)
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
        ("pca", "binary", None, "method 'pca' does not exist"),
        ("logistic", "regression", None, "needs classes"),
        ("linear", "ordinal", None, "is not one of"),
        ("linear", "binary", "nan", "NaN"),
        ("linear", "binary", "labels", "both classes"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(method, kind, spoil, words):
    states, labels, _ = planted("regression" if kind == "regression" else "binary")
    parts = probes.split(range(ROWS), seed=1)
    if spoil == "nan":
        states[3, 0, 0] = np.nan
    elif spoil == "labels":
        labels[:] = 1
    with pytest.raises(MusicRFMError, match=words):
        probe_layers(method, states, labels, parts, kind=kind)
    with pytest.raises(MusicRFMError, match="at least 5"):
        probes.split([1, 1, 2])


def several(classes: int = 4):
    """States with one centre per class in the first layer, and pure noise in the second."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, classes, ROWS)
    centres = 5 * np.linalg.qr(rng.normal(size=(WIDTH, classes)))[0].T
    states = rng.normal(size=(ROWS, LAYERS, WIDTH))
    states[:, 0] += centres[labels]
    return states.astype(np.float32), labels, centres - centres.mean(0)


@pytest.mark.parametrize("method", sorted(set(probes.METHODS) - {"random"}))
def test_a_multiclass_probe_has_one_component_a_class(method):
    states, labels, between = several()
    parts = probes.split(range(ROWS), seed=1)
    probe = probe_layers(
        method, states, labels, parts, kind="multiclass", search=QUICK, components=None
    )
    assert probe.directions.shape == (LAYERS, 4, WIDTH)
    along = (probe.directions[0] @ between.T) / np.linalg.norm(between, axis=1)
    assert (along.argmax(1) == range(4)).all()
    assert along.diagonal().min() > (0.5 if method == "rfm-top" else 0.85)
    assert probe.layer_scores[0] > 0.85 and abs(probe.layer_scores[1] - 0.5) < 0.2


@pytest.mark.parametrize("method", ["rfm", "rfm-top", "linear", "logistic"])
def test_multiclass_methods_accept_two_classes(method):
    states, labels, between = several(2)
    parts = probes.split(range(ROWS), seed=1)
    probe = probe_layers(
        method, states, labels, parts, kind="multiclass", search=QUICK, components=None
    )
    along = probe.directions[0] @ between.T / np.linalg.norm(between, axis=1)
    assert along.shape == (2, 2) and along.diagonal().min() > 0.85


def test_sweep_chooses_the_number_of_eigenvectors():
    states, labels, _ = several()
    parts = probes.split(range(ROWS), seed=1)
    question = probes.Question("multiclass", labels, parts, parts, 4)
    x = torch.from_numpy(np.ascontiguousarray(states[:, 0]))
    basis = probes.machine(x, question, QUICK).basis
    layer = probes.answer("rfm", x, question, basis, components=None)
    told = layer.chosen["sweep"]
    assert list(told) == [1, 2, 3, 4, 6, 8, 12, 16, 24]
    assert layer.chosen["components"] == max(told, key=told.get)
    assert told[1] < told[3]  # three directions tell four classes apart, one does not
    assert layer.projections.shape == (ROWS, layer.chosen["components"]) == (ROWS, len(layer.basis))


@pytest.mark.parametrize("metric", ["auc", "accuracy", "f1", "mse", "agop-auc"])
def test_every_metric_tunes_and_reports(metric):
    states, labels, _ = planted("binary")
    parts = probes.split(range(ROWS), seed=1)
    search = probes.Search(trials=2, iterations=1, metric=metric)
    probe = probe_layers("rfm", states, labels, parts, kind="binary", search=search)
    assert (probe.layer_scores < 0.2 if metric == "mse" else probe.layer_scores > 0.85).all()


@pytest.mark.parametrize(("metric", "better"), [("mse", False), ("r2", True)])
def test_regression_metrics_tune_and_report(metric, better):
    states, labels, _ = planted("regression")
    labels = (labels - labels.mean()) / labels.std()
    parts = probes.split(range(ROWS), seed=1)
    search = probes.Search(trials=2, iterations=1, metric=metric)
    probe = probe_layers("rfm", states, labels, parts, kind="regression", search=search)
    assert (probe.layer_scores > 0.4 if better else probe.layer_scores < 0.6).all()
    with pytest.raises(MusicRFMError, match="metric 'auc' does not fit regression labels"):
        probe_layers(
            "linear", states, labels, parts, kind="regression", search=probes.Search(metric="auc")
        )


def test_metrics_match_scikit_learn():
    from sklearn import metrics as theirs

    from musicrfm import metrics

    rng = np.random.default_rng(2)
    truth, raw = rng.integers(0, 3, 90), rng.uniform(size=(90, 3))
    raw[np.arange(90), truth] += 0.3
    told = raw / raw.sum(1, keepdims=True)
    found = metrics.measure("multiclass", truth, told)
    assert found["accuracy"] == pytest.approx(theirs.accuracy_score(truth, told.argmax(1)))
    assert found["f1"] == pytest.approx(theirs.f1_score(truth, told.argmax(1), average="macro"))
    assert found["auc"] == pytest.approx(theirs.roc_auc_score(truth, told, multi_class="ovr"))
    one = metrics.measure("binary", truth > 0, told[:, 1])
    assert one["f1"] == pytest.approx(theirs.f1_score(truth > 0, told[:, 1] >= 0.5))
    y, guess = rng.normal(size=50), rng.normal(size=50)
    numbers = metrics.measure("regression", y, guess)
    assert numbers["r2"] == pytest.approx(theirs.r2_score(y, guess))
    assert numbers["mse"] == pytest.approx(theirs.mean_squared_error(y, guess))


def test_balanced_parts_have_equal_class_counts():
    labels = (np.arange(600) % 12 == 0).astype(int)
    parts = probes.split(range(600), seed=1)
    even = probes.balanced(parts, labels, seed=1)
    for name in ("train", "val", "test"):
        whole, part = getattr(parts, name), getattr(even, name)
        assert set(part) <= set(whole)
        assert labels[part].sum() * 2 == len(part) == labels[whole].sum() * 2
    assert not np.array_equal(even.train, probes.balanced(parts, labels, seed=2).train)
    np.testing.assert_array_equal(even.train, probes.balanced(parts, labels, seed=1).train)


def test_rare_classes_reach_every_part():
    classes = ["common"] * 40 + ["rare"] * 4
    parts = probes.split(range(44), seed=0, classes=classes)
    for part in (parts.train, parts.val, parts.test):
        assert {classes[i] for i in part} == {"common", "rare"}
    mixed = [i % 10 for i in range(44)]  # groups that hold several classes stay whole
    parts = probes.split(mixed, seed=0, classes=classes)
    held = [{mixed[i] for i in part} for part in (parts.train, parts.val, parts.test)]
    assert not held[0] & held[1] and not held[1] & held[2] and not held[0] & held[2]


def test_longer_searches_begin_with_the_same_trials():
    from musicrfm.training import rfm

    few, many = (probes.Search(trials=n, rows=50, seed=3) for n in (2, 5))
    train = np.arange(200)
    rows, first = rfm.draws(few, train)
    same, longer = rfm.draws(many, train)
    np.testing.assert_array_equal(rows, same)
    assert longer[:2] == first and len(set(longer)) == 5
    for draw in longer:
        assert 1e-5 <= draw.reg <= 10 and 1 <= draw.bandwidth <= 100
        assert 0.7 <= draw.exponent <= 1.4


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_of_certain_answers_are_0_and_1(dtype):
    far = np.array([[-2000.0], [-800.0], [0.0], [2000.0]], dtype)
    assert np.allclose(linear.outputs(far, "binary"), [[0], [0], [0.5], [1]])
    told = linear.outputs(np.array([[2000.0, -2000.0], [1.0, 1.0]], dtype), "multiclass")
    assert np.allclose(told, [[1, 0], [0.5, 0.5]]) and told.dtype == dtype
