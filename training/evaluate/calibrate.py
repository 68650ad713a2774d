"""Step 9: temperatures that make the int8 model's probabilities mean what they say.

    python -m training.evaluate.calibrate --model build/training/onnx/model_quantized.onnx \
        --tokenizer build/training/student --out build/training/calibration.json

Two temperatures (Guo et al. 2017, arXiv 1706.04599), each the one of least log-loss on the development set: one for
the three classes, one for the margin of positive over negative on the rows that take a side. The error reported is
cross-fitted: each fold is scored with temperatures fitted on the others.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import NEGATIVE, POSITIVE, softmax
from training.data.comments import scored
from training.data.records import PREPARED
from training.evaluate.predict import onnx_logits, save_logits
from training.train.encoder import load_tokenizer

# ---- settings ---------------------------------------------------------------------------------------------------
FOLDS = 10
BINS = 10  # of equal mass
BOOTSTRAPS = 1000
MAX_TOKENS = 256
GRID = np.geomspace(0.2, 8.0, 400)  # the log-loss is smooth in the temperature: a fine grid needs no optimiser
SEED = 1
# -----------------------------------------------------------------------------------------------------------------


def fit_temperature(logits: np.ndarray, scores: np.ndarray) -> float:
    """Temperature of least log-loss for the class sign(score). logits [n, 3], scores [n] of -2..2."""
    classes = np.sign(scores).astype(int) + 1
    rows = np.arange(len(classes))
    losses = [-np.log(softmax(logits / t)[rows, classes] + 1e-12).mean() for t in GRID]
    return float(GRID[int(np.argmin(losses))])


def fit_binary_temperature(margin: np.ndarray, positive: np.ndarray) -> float:
    """Temperature of least log-loss for sigmoid(margin / t). margin [n], positive bool [n]."""
    signed = np.where(positive, margin, -margin)
    losses = [np.logaddexp(0, -signed / t).mean() for t in GRID]
    return float(GRID[int(np.argmin(losses))])


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Mean over equal-mass bins of |accuracy - confidence|, weighted by bin size. confidence, right: [n]."""
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, bins)
    return float(sum(len(p) * abs(right[p].mean() - confidence[p].mean()) for p in parts if len(p)) / len(order))


def cross_fitted_confidence(margin: np.ndarray, positive: np.ndarray, folds: int = FOLDS) -> np.ndarray:
    """Probability of the predicted side for each row, from a temperature fitted without that row's fold."""
    fold = np.random.default_rng(SEED).permutation(len(margin)) % folds
    confidence = np.empty(len(margin))
    for k in range(folds):
        t = fit_binary_temperature(margin[fold != k], positive[fold != k])
        confidence[fold == k] = 1 / (1 + np.exp(-np.abs(margin[fold == k]) / t))
    return confidence


def calibration(logits: np.ndarray, scores: np.ndarray) -> dict:
    """Both temperatures, and the cross-fitted error with its 95 % bootstrap interval. logits [n, 3], scores [n]."""
    logits = logits.astype(np.float64)
    sided = scores != 0
    margin, positive = (logits[:, POSITIVE] - logits[:, NEGATIVE])[sided], scores[sided] > 0
    confidence = cross_fitted_confidence(margin, positive)
    right = ((margin >= 0) == positive).astype(float)
    random = np.random.default_rng(SEED)
    draws = [random.integers(0, len(right), len(right)) for _ in range(BOOTSTRAPS)]
    errors = [expected_calibration_error(confidence[d], right[d]) for d in draws]
    raw = 1 / (1 + np.exp(-np.abs(margin)))
    return {
        "temperature": round(fit_temperature(logits, scores), 4),
        "binary_temperature": round(fit_binary_temperature(margin, positive), 4),
        "ece": round(expected_calibration_error(confidence, right), 4),
        "ece_interval": [round(float(q), 4) for q in np.quantile(errors, (0.025, 0.975))],
        "ece_uncalibrated": round(expected_calibration_error(raw, right), 4),
        "rows": len(right),
        "folds": FOLDS,
        "bins": BINS,
    }


def calibrate(
    model: Annotated[Path, typer.Option(help="int8 ONNX file")],
    tokenizer: Annotated[Path, typer.Option(help="checkpoint folder with tokenizer.json")],
    out: Annotated[Path, typer.Option(help="JSON file to write")],
    data: Path = PREPARED,
) -> None:
    """Fit the temperatures of MODEL on the development set and write them, with their error, to OUT."""
    dev = scored(data, "dev")
    logits = onnx_logits(model, load_tokenizer(str(tokenizer)), [r["text"] for r in dev], MAX_TOKENS)
    figures = calibration(logits, np.array([r["score"] for r in dev]))
    out.parent.mkdir(parents=True, exist_ok=True)
    save_logits(out.with_name("dev_logits_int8.npz"), dev, logits)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(calibrate)
