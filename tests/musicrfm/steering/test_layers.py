"""Layer weights compared with the published formula."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.steering.layers import layer_weights

SCORES = np.array([0.5, 0.9, 0.7, 0.6])


def published(scores: np.ndarray, base: float, rate: float, regression: bool) -> list[float]:
    """base * normalised score ** (1 / rate); errors are normalised in reverse."""
    best, worst = (min(scores), max(scores)) if regression else (max(scores), min(scores))
    if regression:
        normalised = [(worst - score) / (worst - best) for score in scores]
    else:
        normalised = [(score - worst) / (best - worst) for score in scores]
    return [base * score ** (1 / rate) for score in normalised]


def test_all_and_top_layers() -> None:
    assert layer_weights("all", SCORES).tolist() == [1, 1, 1, 1]
    assert layer_weights("top:1", SCORES).tolist() == [0, 1, 0, 0]
    assert layer_weights("top:3", SCORES).tolist() == [0, 1, 1, 1]
    assert layer_weights("top:4", SCORES).tolist() == [1, 1, 1, 1]


def test_the_best_layers_have_the_lowest_error() -> None:
    assert layer_weights("top:1", SCORES, False).tolist() == [1, 0, 0, 0]
    assert layer_weights("top:2", SCORES, False).tolist() == [1, 0, 0, 1]


def test_single_layer_counted_from_either_end() -> None:
    for number in range(-4, 4):
        weights = layer_weights(f"layer:{number}", SCORES)
        assert weights.tolist() == [float(layer == number % 4) for layer in range(4)]


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize(("base", "rate"), [(1.0, 0.95), (2.0, 0.5), (0.3, 3.0)])
def test_exponential_weighting_matches_the_publication(
    base: float, rate: float, regression: bool
) -> None:
    scores = np.random.default_rng(0).random(24)
    found = layer_weights(f"exp:{base},{rate}", scores, not regression)
    np.testing.assert_allclose(found, published(scores, base, rate, regression), atol=1e-12)
    # A negated error is a score, with the same weights.
    np.testing.assert_allclose(found, layer_weights(f"exp:{base},{rate}", -scores, regression))


def test_layers_with_equal_scores_have_equal_weights() -> None:
    for higher in (True, False):
        assert layer_weights("exp:1.5,0.95", np.full(3, 0.4), higher).tolist() == [1.5] * 3


@pytest.mark.parametrize("spec", ["exp:1e308,1", "exp:-1e4,2", "exp:1001,0.5"])
def test_extreme_exponential_base_is_refused(spec: str) -> None:
    with pytest.raises(MusicRFMError, match="BASE must be from -1000 to 1000"):
        layer_weights(spec, SCORES)


def test_tiny_rate_keeps_only_the_best_layer() -> None:
    assert layer_weights("exp:2,1e-308", SCORES).tolist() == [0, 2, 0, 0]


def test_layers_are_chosen_by_number():
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    for spec in ("layer:1,3", [1, 3], (1, -1), np.array([3, 1])):
        np.testing.assert_array_equal(layer_weights(spec, scores), [0, 1, 0, 1])
    for spec in ([], [1.5], [4], 3):
        with pytest.raises(MusicRFMError, match="layers"):
            layer_weights(spec, scores)
