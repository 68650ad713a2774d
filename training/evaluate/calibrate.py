"""Step 9b: temperatures that make the int8 model's probabilities mean what they say.

    python -m training.evaluate.calibrate --model build/training/onnx/model_quantized.onnx \
        --tokenizer build/training/student --out build/training/calibration.json

Positive against negative and neutral against both are two questions, each with a temperature of its own (Guo et al.
2017, arXiv 1706.04599): with the logits n, o and p of negative, neutral and positive,

    margin = (p - n) / binary_temperature            neutral = (o - (n + p) / 2) / neutral_temperature + neutral_bias
    probabilities = softmax(-margin / 2, neutral, margin / 2)

so that P(positive) / (P(positive) + P(negative)) is sigmoid(margin), the binary score: one set of logits serves both.
Each temperature is the one of least log-loss on the development set, the binary one on the rows that take a side. The
errors reported are cross-fitted: each fold is scored with temperatures fitted on the others.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import typer

from lambda_fn.model.classifier import LABELS, NEGATIVE, NEUTRAL, POSITIVE, softmax
from training.data.comments import scored
from training.data.records import PREPARED
from training.evaluate import first_stage
from training.evaluate.first_stage import logistic
from training.evaluate.predict import onnx_logits, save_logits
from training.ship.finish import encoder_of, matrix
from training.train.batches import encode
from training.train.encoder import load_tokenizer

# ---- settings ---------------------------------------------------------------------------------------------------
FOLDS = 10
BINS = 10  # of equal mass
BOOTSTRAPS = 1000
MAX_TOKENS = 256
GRID = np.geomspace(0.2, 8.0, 400)  # the log-loss is smooth in the temperature: a fine grid needs no optimiser
SEED = 1
# -----------------------------------------------------------------------------------------------------------------


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


def fit(logits: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """The two temperatures and the bias. logits [n, 3], scores [n] of -2..2."""
    sided, classes = scores != 0, np.sign(scores).astype(int) + 1
    margin = logits[:, POSITIVE] - logits[:, NEGATIVE]
    neutral = logits[:, NEUTRAL] - (logits[:, NEGATIVE] + logits[:, POSITIVE]) / 2
    binary = fit_binary_temperature(margin[sided], scores[sided] > 0)
    # Of the three classes' log-loss only the odds of neutral against a side are left to fit: a logistic regression
    # of which the part of the sides, log(exp(-m / 2) + exp(m / 2)), is given.
    sides = np.logaddexp(-margin / binary / 2, margin / binary / 2)
    features = np.stack([neutral, np.ones_like(neutral)], axis=1)
    slope, bias = logistic(features, classes == NEUTRAL, offset=-sides)
    return {
        "binary_temperature": round(binary, 4),
        "neutral_temperature": round(float(1 / max(slope, 1 / GRID[-1])), 4),
        "neutral_bias": round(float(bias), 4),
    }


def folds_of(rows: int, folds: int = FOLDS) -> np.ndarray:
    """int [rows]: the fold of each row."""
    return np.random.default_rng(SEED).permutation(rows) % folds


def cross_fitted(logits: np.ndarray, scores: np.ndarray, folds: int = FOLDS) -> np.ndarray:
    """Probabilities [n, 3] of each row, from temperatures fitted without that row's fold."""
    fold = folds_of(len(scores), folds)
    probabilities = np.empty((len(scores), 3))
    for k in range(folds):
        weight, bias = matrix(fit(logits[fold != k], scores[fold != k]))
        probabilities[fold == k] = softmax(logits[fold == k] @ weight[:3] + bias)
    return probabilities


def binary_confidence(probabilities: np.ndarray) -> np.ndarray:
    """[n] share of the larger side in the probability of both."""
    sides = probabilities[:, [NEGATIVE, POSITIVE]]
    return sides.max(axis=1) / sides.sum(axis=1)


def calibration_errors(probabilities: np.ndarray, scores: np.ndarray) -> dict:
    """Expected calibration errors of the binary score, with its 95 % bootstrap interval, and of each class."""
    sided, classes = scores != 0, np.sign(scores).astype(int) + 1
    confidence = binary_confidence(probabilities[sided])
    positive = probabilities[sided, POSITIVE] >= probabilities[sided, NEGATIVE]
    right = (positive == (scores[sided] > 0)).astype(float)
    random = np.random.default_rng(SEED)
    draws = [random.integers(0, len(right), len(right)) for _ in range(BOOTSTRAPS)]
    errors = [expected_calibration_error(confidence[d], right[d]) for d in draws]
    return {
        "ece": round(expected_calibration_error(confidence, right), 4),
        "ece_interval": [round(float(q), 4) for q in np.quantile(errors, (0.025, 0.975))],
        "ece_classes": {
            label: round(expected_calibration_error(probabilities[:, k], (classes == k).astype(float)), 4)
            for k, label in enumerate(LABELS)
        },
    }


def calibration(logits: np.ndarray, scores: np.ndarray, sums: np.ndarray | None = None) -> dict:
    """Temperatures and bias, and the cross-fitted errors. logits [n, 3], scores [n].

    sums: of the n-grams (first_stage.sums_of); with them also shares and rule of the first stage, and what both stages
    are worth, cross-fitted.
    """
    logits = logits.astype(np.float64)
    raw = calibration_errors(softmax(logits), scores)
    if sums is None:
        fitted, probabilities = fit(logits, scores), cross_fitted(logits, scores)
    else:
        fitted = first_stage.fit(logits, sums, scores)
        probabilities, settled = first_stage.cross_fitted(logits, sums, scores, folds_of(len(scores)))
        fitted["first_stage"] = worth(probabilities, cross_fitted(logits, scores), settled, scores)
    return {
        **fitted,
        **calibration_errors(probabilities, scores),
        "ece_uncalibrated": raw["ece"],
        "rows": int((scores != 0).sum()),
        "folds": FOLDS,
        "bins": BINS,
    }


def worth(both: np.ndarray, encoder: np.ndarray, settled: np.ndarray, scores: np.ndarray) -> dict:
    """Share settled, and binary accuracy and macro-F1 of both stages and of the encoder alone, in percent, with the
    difference's 95 % bootstrap interval. Probabilities [n, 3] are cross-fitted; settled bool [n], scores [n].
    """
    random = np.random.default_rng(SEED)
    draws = [random.integers(0, len(scores), len(scores)) for _ in range(BOOTSTRAPS)]
    differences = np.array(
        [np.subtract(*(first_stage.accuracies(p[d], scores[d]) for p in (both, encoder))) for d in draws]
    )
    out = {"settled": round(100 * float(settled.mean()), 1)}
    for column, name in enumerate(("binary", "macro_f1_3")):
        ours, theirs = (100 * first_stage.accuracies(p, scores)[column] for p in (both, encoder))
        interval = [round(100 * float(q), 2) for q in np.quantile(differences[:, column], (0.025, 0.975))]
        out[name] = {"both": round(ours, 2), "encoder": round(theirs, 2), "interval": interval}
    return out


def calibrate(
    model: Annotated[Path, typer.Option(help="int8 ONNX file, finished or not")],
    tokenizer: Annotated[Path, typer.Option(help="folder with tokenizer.json: the checkpoint or an artifact")],
    out: Annotated[Path, typer.Option(help="JSON file to write")],
    ngrams: Annotated[Path | None, typer.Option(help="npz of training.train.ngrams, for a first stage")] = None,
    data: Path = PREPARED,
) -> None:
    """Fit the temperatures of MODEL on the development set and write them, with their error, to OUT."""
    dev = scored(data, "dev")
    encoder = encoder_of(onnx.load(model)).SerializeToString()
    tokens, texts = load_tokenizer(str(tokenizer)), [r["text"] for r in dev]
    logits = onnx_logits(encoder, tokens, texts, MAX_TOKENS)
    sums = first_stage.sums_of(np.load(ngrams)["weights"], encode(tokens, texts, MAX_TOKENS)) if ngrams else None
    figures = calibration(logits, np.array([r["score"] for r in dev]), sums)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_logits(out.with_name("dev_logits_int8.npz"), dev, logits)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(calibrate)
