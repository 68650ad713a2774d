"""The first stage: what a logistic regression of words and word pairs is sure of needs no encoder.

Features are a comment's WordPiece ids and pairs of neighbouring ids, hashed into one table of int8 weights. A comment's
weights are summed as integers, and what follows is single, correctly rounded float64 operations: whether a comment is
settled here is the same on every CPU, alone and in any batch, so that a retry writes the same bytes. The encoder's
graph holds the same table and the same rule (training/ship/first_stage_nodes.py), which is how a comment that is not
settled gets one probability out of both.

Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009 (arXiv 0902.2206).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

# (id * 7,919 + 13) % slots, and (id * 1,000,003 + next id * 8,191 + 1) % slots: far below 2**63 for any vocabulary.
UNIGRAM, UNIGRAM_SHIFT = 7_919, 13
FIRST, SECOND, PAIR_SHIFT = 1_000_003, 8_191, 1


@dataclass(frozen=True)
class Rule:
    """What the sums s0 and s1 of a comment of f features say, and from when on they settle it.

    margin = s0 * margin_scale / sqrt(f), the log-odds of positive against negative; neutral = s1 * neutral_scale /
    sqrt(f) + neutral_bias; the calibrated logits are -margin / 2, neutral, margin / 2. Settled is a comment with
    |margin| >= min_margin whose likelier of neutral and the larger side leads by at least min_lead.
    """

    margin_scale: float
    neutral_scale: float
    neutral_bias: float
    min_margin: float
    min_lead: float


class NGrams:
    """The table [slots, 2] and the rule."""

    def __init__(self, weights: np.ndarray, rule: Rule):
        self.weights = weights
        self.rule = rule

    @classmethod
    def load(cls, file: Path) -> "NGrams":
        """Read ngrams.npz: weights, int8 [slots, 2], and the fields of Rule. Raises KeyError, OSError, ValueError."""
        with np.load(file, allow_pickle=False) as saved:
            rule = Rule(**{name: float(saved[name]) for name in Rule.__dataclass_fields__})
            return cls(saved["weights"], rule)

    def read(self, ids: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
        """bool [n], whether each comment is settled, and its calibrated logits, float64 [n, 3].

        ids: token ids of each comment, the two markers included.
        """
        sums, features = self.sums(ids)
        root = np.sqrt(features.astype(np.float64))
        margin = sums[:, 0] * self.rule.margin_scale / root
        neutral = sums[:, 1] * self.rule.neutral_scale / root + self.rule.neutral_bias
        half = np.abs(margin) / 2
        settled = (2 * half >= self.rule.min_margin) & (np.abs(half - neutral) >= self.rule.min_lead)
        return settled, np.stack([-margin / 2, neutral, margin / 2], axis=1)

    def sums(self, ids: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Sums of weights, int64 [n, 2], and numbers of features, int64 [n]."""
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        if not len(lengths):
            return np.zeros((0, 2), np.int64), lengths
        flat = np.fromiter(chain.from_iterable(ids), np.int64, int(lengths.sum()))
        ends = np.cumsum(lengths)
        unigrams, pairs = slots(flat, len(self.weights))
        rows = self.weights[unigrams].astype(np.int64)
        of_pairs = self.weights[pairs].astype(np.int64)
        of_pairs[ends[:-1] - 1] = 0  # from one comment's end to the next one's start
        rows[:-1] += of_pairs
        return np.add.reduceat(rows, ends - lengths, axis=0), 2 * lengths - 1


def slots(ids: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Slots of the ids [t] and of their pairs [t - 1], in a table of `count`."""
    unigrams = (ids * UNIGRAM + UNIGRAM_SHIFT) % count
    return unigrams, (ids[:-1] * FIRST + ids[1:] * SECOND + PAIR_SHIFT) % count
