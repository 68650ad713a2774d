import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.training

from training.evaluate.calibrate import calibration, expected_calibration_error, fit_binary_temperature  # noqa: E402


def overconfident(n: int, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose margin is `factor` times the true log-odds, and scores drawn from the true odds."""
    random = np.random.default_rng(3)
    odds = random.normal(0, 2, n)
    scores = np.where(random.random(n) < 1 / (1 + np.exp(-odds)), 2, -2)
    logits = np.zeros((n, 3))
    logits[:, 2] = factor * odds
    return logits, scores


def test_the_temperature_undoes_overconfidence():
    logits, scores = overconfident(20_000, factor=3.0)
    assert fit_binary_temperature(logits[:, 2], scores > 0) == pytest.approx(3.0, rel=0.1)


def test_cross_fitted_error_is_small_after_and_large_before():
    figures = calibration(*overconfident(5000, factor=3.0))
    assert figures["ece"] < 0.03 < figures["ece_uncalibrated"]
    low, high = figures["ece_interval"]
    assert low <= high < figures["ece_uncalibrated"]


def test_calibration_error_of_known_cases():
    always = np.full(100, 0.9)
    assert expected_calibration_error(always, np.ones(100)) == pytest.approx(0.1)
    right = (np.arange(100) % 10 != 0).astype(float)  # nine of ten, evenly spread
    assert expected_calibration_error(always, right) == pytest.approx(0.0)
