"""What the n-grams' sums mean, how much they say beside the encoder, and from when on they settle a comment alone.

All of it is fitted on the development set, in three steps: the rule's scales, the shares in the mixture, and of all
thresholds of the grid those that settle most while neither the binary accuracy nor the macro-F1 falls below the
encoder's own. Reported is the cross-fitted result: each fold is judged by what the others chose, thresholds included.
"""

from dataclasses import asdict
from itertools import product

import numpy as np
from sklearn.metrics import f1_score

from lambda_fn.model.classifier import NEGATIVE, NEUTRAL, POSITIVE, softmax
from lambda_fn.model.ngrams import NGrams, Rule
from training.ship.finish import matrix

# ---- settings ---------------------------------------------------------------------------------------------------
LEADS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
NEVER = 1e9  # a lead that no comment has
MARGINS = (0.0, 1.0, 1.5, 1.75, 2.0, 2.5, 3.0)
# -----------------------------------------------------------------------------------------------------------------


def logistic(features: np.ndarray, true: np.ndarray, offset: np.ndarray | float, ridge: float = 1e-3) -> np.ndarray:
    """Weights [k] of least log-loss of sigmoid(features @ weights + offset) for `true`, by Newton's method.

    features [n, k], true bool [n], offset [n] or one for all.
    """
    signs = np.where(true, 1.0, -1.0)

    def loss(weights: np.ndarray) -> float:
        return np.logaddexp(0, -signs * (features @ weights + offset)).sum() + ridge * weights @ weights / 2

    weights = np.zeros(features.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-(features @ weights + offset)))
        gradient = features.T @ (p - true) + ridge * weights
        hessian = (features.T * (p * (1 - p))) @ features + ridge * np.eye(len(weights))
        step = np.linalg.solve(hessian, gradient)
        while np.abs(step).max() > 1e-10 and loss(weights - step) > loss(weights):
            step /= 2  # where classes nearly part, a full step overshoots
        weights -= step
        if np.abs(step).max() <= 1e-10:
            break
    return weights


def two_questions(margins: np.ndarray, neutrals: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the margins [n, k] and of the neutrals [n, j]: the binary log-loss on the rows that take a side, and
    with its margin given that of neutral against both sides, on all."""
    sided = scores != 0
    to_sides = logistic(margins[sided], scores[sided] > 0, 0.0)
    margin = margins @ to_sides
    return to_sides, logistic(neutrals, scores == 0, -np.logaddexp(-margin / 2, margin / 2))


def split(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margin of positive over negative [n], and neutral over the mean of both [n]."""
    sides = (logits[:, NEGATIVE] + logits[:, POSITIVE]) / 2
    return logits[:, POSITIVE] - logits[:, NEGATIVE], logits[:, NEUTRAL] - sides


def accuracies(logits: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Binary accuracy on the rows that take a side, and macro-F1 of the three classes."""
    sided = scores != 0
    binary = ((logits[:, POSITIVE] >= logits[:, NEGATIVE]) == (scores > 0))[sided].mean()
    return float(binary), float(f1_score(np.sign(scores) + 1, logits.argmax(1), average="macro", labels=[0, 1, 2]))


def together(logits: np.ndarray, sums: np.ndarray, calibration: dict) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated logits [n, 3] and bool [n], which are the first stage's. logits, sums: as in `fit`."""
    weight, bias = matrix(calibration)
    mixed = np.concatenate([logits, sums], axis=1) @ weight + bias
    settled, own = own_logits(sums, Rule(**calibration["ngrams"]["rule"]))
    return np.where(settled[:, None], own, mixed), settled


def own_logits(sums: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    margin, neutral = sums[:, 0] * rule.margin_scale, sums[:, 1] * rule.neutral_scale + rule.neutral_bias
    half = np.abs(margin) / 2
    settled = (2 * half >= rule.min_margin) & (np.abs(half - neutral) >= rule.min_lead)
    return settled, np.stack([-margin / 2, neutral, margin / 2], axis=1)


def fit(logits: np.ndarray, sums: np.ndarray, scores: np.ndarray) -> dict:
    """The calibration of both stages. logits [n, 3] of the encoder; sums [n, 2] of the n-grams, each divided by the
    root of the number of features; scores [n] of -2..2."""
    margin, neutral = split(logits)
    ones = np.ones(len(scores))
    alone = two_questions(margin[:, None], np.stack([neutral, ones], 1), scores)
    encoder = np.stack([-margin * alone[0][0] / 2, neutral * alone[1][0] + alone[1][1], margin * alone[0][0] / 2], 1)
    floor = accuracies(encoder, scores)
    mixed = two_questions(np.stack([margin, sums[:, 0]], 1), np.stack([neutral, sums[:, 1], ones], 1), scores)
    own = two_questions(sums[:, :1], np.stack([sums[:, 1], ones], 1), scores)
    rule = {"margin_scale": own[0][0], "neutral_scale": own[1][0], "neutral_bias": own[1][1]}
    figures = {
        "binary_temperature": 1 / mixed[0][0],
        "neutral_temperature": 1 / mixed[1][0],
        "neutral_bias": mixed[1][2],
        "ngrams": {"margin_share": mixed[0][1], "neutral_share": mixed[1][1]},
    }
    best = (0.0, NEVER, NEVER)
    for lead, least in product(LEADS, MARGINS):
        figures["ngrams"]["rule"] = rule | {"min_margin": least, "min_lead": lead}
        answer, settled = together(logits, sums, figures)
        if settled.mean() > best[0] and (np.array(accuracies(answer, scores)) >= floor).all():
            best = (settled.mean(), lead, least)
    figures["ngrams"]["rule"] = asdict(Rule(**rule, min_margin=best[2], min_lead=best[1]))
    return plain(figures)


def plain(figures: dict) -> dict:
    """numpy's numbers as JSON's, rounded where nothing is lost by it."""
    return {k: plain(v) if isinstance(v, dict) else round(float(v), 6) for k, v in figures.items()}


def cross_fitted(logits: np.ndarray, sums: np.ndarray, scores: np.ndarray, folds: np.ndarray) -> tuple:
    """Probabilities [n, 3] and bool [n] of each row by what was fitted without its fold. folds: int [n]."""
    probabilities, settled = np.empty((len(scores), 3)), np.empty(len(scores), bool)
    for fold in np.unique(folds):
        rest, here = folds != fold, folds == fold
        answer, settled[here] = together(logits[here], sums[here], fit(logits[rest], sums[rest], scores[rest]))
        probabilities[here] = softmax(answer)
    return probabilities, settled


def sums_of(weights: np.ndarray, ids: list) -> np.ndarray:
    """float [n, 2]: the n-grams' sums, each divided by the root of the number of features."""
    sums, features = NGrams(weights, Rule(1, 1, 0, 0, 0)).sums(ids)
    return sums / np.sqrt(features)[:, None]
