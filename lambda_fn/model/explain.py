"""Which words carried a comment: occlusion.

Each word is left out in turn, and what the comment loses by it is the word's contribution. All variants are scored in
one call of the classifier. Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", 2014 (section 4.2);
for text, Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation Erasure", 2016.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lambda_fn.model.classifier import Sentiment, SentimentClassifier
from lambda_fn.model.isolation import classify_each
from lambda_fn.model.text import TextError, normalise

# Tokens that one explanation may cost, about half a second on one vCPU: a long comment gets fewer, longer parts.
MAX_TOKENS = 4096

_WORD = re.compile(r"\S+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Contribution:
    """text[start:end] of the comment (code points), and the log-odds towards positive that the comment owes to it.

    text: half a surrogate, which no encoding can carry, is shown as U+FFFD.
    """

    text: str
    start: int
    end: int
    contribution: float


class AtStage:
    """The classifier, of which one stage reads every text."""

    def __init__(self, classifier: SentimentClassifier, stage: str):
        self.classifier = classifier
        self.stage = stage
        self.revision = classifier.revision

    def classify(self, texts: Sequence[str]) -> list[Sentiment]:
        return self.classifier.classify(texts, stage=self.stage)


def explain(classifier: SentimentClassifier, text: str, max_words: int) -> tuple[Sentiment, list[Contribution]]:
    """The comment's sentiment, and its words in order with their contributions.

    A comment of more than `max_words` words, or too long for the token budget, is split into parts of several words.
    Raises TextError `text_unreadable` if the comment, or what is left of it without a part, cannot be scored.
    """
    tokens = len(classifier.encode([normalise(text)])[0].ids)
    parts = split(text, min(max_words, max(1, MAX_TOKENS // tokens)))
    without = [text[:start] + text[end:] for start, end in parts]
    whole, *rest = readable(classify_each(classifier, [text, *without]))
    # Between two stages a difference is no word's contribution: the one that answered reads the others' parts too.
    others = [i for i, part in enumerate(rest) if part.settled != whole.settled]
    if others:
        same = AtStage(classifier, "ngrams" if whole.settled else "encoder")
        for i, part in zip(others, readable(classify_each(same, [without[i] for i in others])), strict=True):
            rest[i] = part
    return whole, [
        Contribution(_SURROGATE.sub("\ufffd", text[start:end]), start, end, round(log_odds(whole) - log_odds(part), 4))
        for (start, end), part in zip(parts, rest, strict=True)
    ]


def readable(results: Sequence[Sentiment | TextError]) -> list[Sentiment]:
    """`results`. Raises the first that is an error."""
    sentiments: list[Sentiment] = []
    for result in results:
        if isinstance(result, TextError):
            raise result
        sentiments.append(result)
    return sentiments


def split(text: str, max_parts: int) -> list[tuple[int, int]]:
    """Start and end of at most `max_parts` runs of words, of even numbers of words."""
    words = [match.span() for match in _WORD.finditer(text)]
    size = max(1, math.ceil(len(words) / max_parts))
    runs = [words[i : i + size] for i in range(0, len(words), size)]
    return [(run[0][0], run[-1][1]) for run in runs]


def log_odds(sentiment: Sentiment) -> float:
    """log(P(positive) / P(negative)); finite also where the score has rounded to 1."""
    score = min(sentiment.score, 1 - 1e-9)
    odds = math.log(score / (1 - score))
    return odds if sentiment.label == "positive" else -odds
