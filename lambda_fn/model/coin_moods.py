"""The mood about each coin of a comment that names several: "I sold all my ETH, it is garbage, and bought SOL".

While such a comment is read, the encoder's states halfway up are looked at, where each word has its own, with all
others around it: their mean over the coin's name, over the clauses that speak of it, and over the whole comment. A
linear layer weighs these and the whole comment's logits (training.train.coin_moods fits it, training.evaluate.coins
measures it).
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
from lambda_fn.model.hidden import WIDTH
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


def prepare(classifier: SentimentClassifier) -> None:
    """Load what the first comment of several coins needs, while little else is in memory."""
    if isinstance(classifier, SentimentClassifier) and Head.load().revision == classifier.revision:
        classifier.give_states()


def moods_of_several(
    classifier: SentimentClassifier,
    named: Named,
    texts: Sequence[str],
    places: Sequence[int],
    sentiments: Sequence[Sentiment] | None = None,
) -> tuple[Sequence[Sentiment], dict[int, dict[str, CoinMood]]]:
    """The sentiments of `texts`, and of those at `places`, which name several coins each, the mood about each coin.

    sentiments: of `texts`, where the caller has them; those at `places` are then read a second time.
    A coin whose name `text.normalise` removes is left out; so are all of a model that the layer was not fitted on, and
    of one that is asked over HTTP. Their mood is the whole comment's.
    """
    head = Head.load()
    if not places or head.revision != classifier.revision or not isinstance(classifier, SentimentClassifier):
        return classifier.classify(texts) if sentiments is None else sentiments, {}
    sentiments, coins, features = read_with_coins(classifier, named, texts, places, sentiments)
    moods: dict[int, dict[str, CoinMood]] = {}
    for (place, coin), row in zip(coins, head.probabilities(features), strict=True):
        moods.setdefault(place, {})[coin] = CoinMood.of(coin, dict(zip(LABELS, row.tolist(), strict=True)))
    return sentiments, moods


def read_with_coins(
    classifier: SentimentClassifier,
    named: Named,
    texts: Sequence[str],
    places: Sequence[int],
    sentiments: Sequence[Sentiment] | None = None,
) -> tuple[Sequence[Sentiment], list[tuple[int, str]], np.ndarray]:
    """The sentiments, (place, coin) of every coin of the texts at `places`, and the layer's features of each,
    [n, FEATURES]."""
    plain = [normalise(texts[place]) for place in places]
    means: dict[int, dict[str, np.ndarray]] = {}
    takers = {
        place: _taker(means, place, text, named, encoding.offsets)
        for place, text, encoding in zip(places, plain, classifier.tokenizer.encode_batch(plain), strict=True)
    }
    if sentiments is None:
        sentiments = classifier.classify(texts, states=takers)
    else:
        again = {row: takers[place] for row, place in enumerate(places)}
        classifier.classify([texts[place] for place in places], "encoder", again)
    coins: list[tuple[int, str]] = []
    rows: list[np.ndarray] = []
    for place in places:
        whole = np.log(np.maximum([sentiments[place].probabilities[label] for label in LABELS], LEAST))
        for coin, states in means[place].items():
            coins.append((place, coin))
            rows.append(np.concatenate([states, whole]))
    return sentiments, coins, np.array(rows, dtype=np.float32).reshape(-1, FEATURES)


def _taker(
    means: dict[int, dict[str, np.ndarray]], place: int, text: str, named: Named, offsets: Sequence[Span]
) -> Callable[[np.ndarray], None]:
    """What keeps of a text's states, of each of its coins, the three means [3 * WIDTH]: of the states themselves a
    thousand comments have tens of megabytes."""

    def take(state: np.ndarray) -> None:
        mentions = named(text)
        starts, ends = np.array(offsets).T
        everywhere = state.mean(axis=0)
        kept = means[place] = {}
        for coin, spoken in clauses(text, mentions).items():
            names = [(mention.start, mention.end) for mention in mentions if mention.coin == coin]
            parts = (_mean_within(state, starts, ends, spans) for spans in (names, spoken))
            # What lies beyond the model's window has no state of its own.
            kept[coin] = np.concatenate([*(everywhere if part is None else part for part in parts), everywhere])

    return take


def _mean_within(state: np.ndarray, starts: np.ndarray, ends: np.ndarray, spans: Sequence[Span]) -> np.ndarray | None:
    """Mean of the states [tokens, WIDTH] whose tokens touch one of `spans`; None where none does."""
    within = np.zeros(len(starts), dtype=bool)
    for first, last in spans:
        within |= (starts < last) & (ends > first)
    within &= ends > starts
    if not within.any():
        return None
    mean: np.ndarray = state[within].mean(axis=0)
    return mean
