"""Thresholds, mixture and report of the first stage, on made-up logits and sums whose truth is known."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.training

from training.evaluate import first_stage  # noqa: E402
from training.evaluate.calibrate import calibration  # noqa: E402


def made_up(rows: int, ngrams_know: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of an encoder, sums of n-grams that know the truth that much better than noise, and scores."""
    random = np.random.default_rng(seed)
    scores = random.choice([-2, -1, 0, 1, 2], rows)
    sign = np.sign(scores)
    logits = random.normal(0, 1, (rows, 3))
    logits[np.arange(rows), sign + 1] += 3
    sums = np.stack([sign * ngrams_know, (sign == 0) * ngrams_know], axis=1) + random.normal(0, 1, (rows, 2))
    return logits, 40 * sums, scores


def test_a_first_stage_that_knows_settles_much_and_costs_no_accuracy():
    logits, sums, scores = made_up(3000, ngrams_know=4.0)
    figures = first_stage.fit(logits, sums, scores)
    answer, settled = first_stage.together(logits, sums, figures)
    assert settled.mean() > 0.3
    encoder = first_stage.accuracies(logits, scores)
    assert np.greater_equal(first_stage.accuracies(answer, scores), encoder).all()
    assert figures["ngrams"]["margin_share"] > 0, "what it knows is added to the encoder's"


def test_a_first_stage_that_knows_nothing_settles_nothing_that_matters():
    logits, sums, scores = made_up(3000, ngrams_know=0.0)
    folds = np.arange(len(scores)) % 5
    _, settled = first_stage.cross_fitted(logits, sums, scores, folds)
    assert settled.mean() < 0.02


def test_the_calibration_with_a_first_stage_is_reported_cross_fitted():
    figures = calibration(*(made_up(2000, ngrams_know=3.0)[i] for i in (0, 2, 1)))
    assert figures["ece"] < 0.03
    stage = figures["first_stage"]
    assert 0 < stage["settled"] < 100
    low, high = stage["binary"]["interval"]
    assert low <= stage["binary"]["both"] - stage["binary"]["encoder"] <= high
