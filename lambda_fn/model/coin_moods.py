"""The mood about each coin of a comment that names several: "I sold all my ETH, it is garbage, and bought SOL".

Such a comment is read once more, for the encoder's states halfway up, where each word has its own, with all others
around it: their mean over the coin's name, over the clauses that speak of it, and over the whole comment. A linear
layer weighs these and the whole comment's logits (training.train.coin_moods fits it, training.evaluate.coins measures
it). All of a call's comments share their batches; few name several coins, so that the second reading costs little.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lambda_fn.model.classifier import LABELS, Sentiment, SentimentClassifier, softmax
from lambda_fn.model.coin_clauses import Span, clauses
from lambda_fn.model.coin_table import Mention
from lambda_fn.model.hidden import WIDTH, hidden_states
from lambda_fn.model.text import normalise

HEAD = Path(__file__).with_name("coin_moods.npz")
FEATURES = 3 * WIDTH + len(LABELS)
# A probability of nothing at all has no logarithm.
LEAST = 1e-4

Named = Callable[[str], list[Mention]]


@dataclass(frozen=True, slots=True)
class CoinMood:
    """mood: the likeliest of "negative", "neutral" and "positive"; the probabilities sum to 1 but for rounding."""

    coin: str
    mood: str
    p_negative: float
    p_neutral: float
    p_positive: float

    @classmethod
    def of(cls, coin: str, probabilities: dict[str, float]) -> "CoinMood":
        mood = max(probabilities, key=probabilities.__getitem__)
        return cls(coin, mood, **{f"p_{label}": round(p, 4) for label, p in probabilities.items()})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Head:
    """A linear layer over standardised features. revision: of the model whose states it was fitted on."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    revision: str

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls, path: Path = HEAD) -> "Head":
        with np.load(path) as arrays:
            parts = {name: arrays[name].astype(np.float32) for name in ("mean", "scale", "weights", "bias")}
            return cls(**parts, revision=str(arrays["revision"]))

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """[n, 3] of features [n, FEATURES]."""
        return softmax((features - self.mean) / self.scale @ self.weights + self.bias)


def moods_of_several(
    classifier: SentimentClassifier, named: Named, texts: Sequence[str], sentiments: Sequence[Sentiment]
) -> list[dict[str, CoinMood]]:
    """Of each of `texts`, which name several coins each, the mood about each coin, by its symbol.

    A coin whose name `text.normalise` removes is left out; so are all of a model that the layer was not fitted on, and
    of one that is asked over HTTP. Their mood is the whole comment's.
    """
    moods: list[dict[str, CoinMood]] = [{} for _ in texts]
    head = Head.load()
    if head.revision != classifier.revision or not isinstance(classifier, SentimentClassifier):
        return moods
    coins, features = read_again(classifier, named, texts, sentiments)
    for (place, coin), row in zip(coins, head.probabilities(features), strict=True):
        moods[place][coin] = CoinMood.of(coin, dict(zip(LABELS, row.tolist(), strict=True)))
    return moods


def read_again(
    classifier: SentimentClassifier, named: Named, texts: Sequence[str], sentiments: Sequence[Sentiment]
) -> tuple[list[tuple[int, str]], np.ndarray]:
    """(place of the text, coin) of every coin of every text, and the layer's features of each, [n, FEATURES]."""
    plain = [normalise(text) for text in texts]
    encodings = classifier.tokenizer.encode_batch(plain)
    states = hidden_states(classifier, [encoding.ids for encoding in encodings])
    coins: list[tuple[int, str]] = []
    rows: list[np.ndarray] = []
    for place, (text, encoding, state, sentiment) in enumerate(zip(plain, encodings, states, sentiments, strict=True)):
        mentions = named(text)
        everywhere = state.mean(axis=0)
        whole = np.log(np.maximum([sentiment.probabilities[label] for label in LABELS], LEAST))
        for coin, spoken in clauses(text, mentions).items():
            names = [(mention.start, mention.end) for mention in mentions if mention.coin == coin]
            at_name, at_clauses = (_mean_within(state, encoding.offsets, spans) for spans in (names, spoken))
            # What lies beyond the model's window has no state of its own.
            parts = [everywhere if part is None else part for part in (at_name, at_clauses)]
            coins.append((place, coin))
            rows.append(np.concatenate([*parts, everywhere, whole]))
    return coins, np.array(rows, dtype=np.float32).reshape(-1, FEATURES)


def _mean_within(state: np.ndarray, offsets: Sequence[Span], spans: Sequence[Span]) -> np.ndarray | None:
    """Mean of the states [tokens, WIDTH] whose tokens touch one of `spans`; None where none does."""
    within = [
        token
        for token, (start, end) in enumerate(offsets)
        if end > start and any(start < last and end > first for first, last in spans)
    ]
    return state[within].mean(axis=0) if within else None
