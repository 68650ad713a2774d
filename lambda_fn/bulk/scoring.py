"""Chunks of records in, result lines out. Equal texts are scored once; a bad comment is an error line of its own."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lambda_fn.bulk.records import check_object, parse_record
from lambda_fn.bulk.results import result_line
from lambda_fn.model.classifier import Sentiment, SentimentClassifier
from lambda_fn.model.text import TextError, check_text

# Texts whose sentiment is remembered from one batch to the next; about 15 MB.
REMEMBERED_TEXTS = 20_000


@dataclass(slots=True)
class Tally:
    """Counts of one invocation. seconds: spent in the classifier."""

    comments: int = 0
    errors: int = 0
    positive: int = 0
    repeated: int = 0
    tokens: int = 0
    seconds: float = 0.0

    @property
    def scored(self) -> int:
        return self.comments - self.errors


@dataclass(slots=True)
class ScorableChunk:
    """A chunk that is ready to be scored: (position, raw JSON line or decoded comment) of each record."""

    work_id: str
    start: int
    records: Sequence[tuple[int, Any]]


class Scorer:
    """Scores chunks together and counts. max_chars: characters of the longest comment that is scored."""

    def __init__(self, classifier: SentimentClassifier, max_chars: int):
        self._classifier = classifier
        self._max_chars = max_chars
        self._remembered: dict[bytes, Sentiment] = {}
        self.tally = Tally()

    def score(self, chunks: Sequence[ScorableChunk]) -> list[list[dict]]:
        """The result lines of each chunk. The comments of all chunks share the classifier's length-bucketed batches."""
        judged = [[self._judge(record) for _, record in chunk.records] for chunk in chunks]
        sentiments = self._classify(error_or_text for chunk in judged for _, error_or_text in chunk)
        return [
            [
                result_line(chunk.work_id, position, comment, self._outcome(error_or_text, sentiments))
                for (position, _), (comment, error_or_text) in zip(chunk.records, judgements, strict=True)
            ]
            for chunk, judgements in zip(chunks, judged, strict=True)
        ]

    def _judge(self, record: Any) -> tuple[dict, TextError | str]:
        """The comment's fields, and its text or what is wrong with it."""
        comment: dict = {}
        try:
            comment = parse_record(record) if isinstance(record, bytes) else check_object(record)
            if "text" not in comment:
                raise TextError("text_missing", "the comment has no text")
            return comment, check_text(comment["text"], self._max_chars)
        except TextError as error:
            return comment, error

    def _classify(self, errors_and_texts) -> dict[bytes, Sentiment]:
        """Sentiment of each distinct text, by its digest."""
        found: dict[bytes, Sentiment] = {}
        new: dict[bytes, str] = {}
        for item in errors_and_texts:
            if isinstance(item, str):
                digest = _digest(item)
                if digest in found or digest in new:
                    self.tally.repeated += 1
                elif digest in self._remembered:
                    self.tally.repeated += 1
                    found[digest] = self._remembered[digest]
                else:
                    new[digest] = item
        started = time.perf_counter()
        scored = dict(zip(new, self._classifier.classify(list(new.values())), strict=True)) if new else {}
        self.tally.seconds += time.perf_counter() - started
        self.tally.tokens += sum(sentiment.tokens for sentiment in scored.values())
        self._remember(scored)
        return found | scored

    def _remember(self, scored: dict[bytes, Sentiment]) -> None:
        self._remembered.update(scored)
        while len(self._remembered) > REMEMBERED_TEXTS:  # the oldest first
            del self._remembered[next(iter(self._remembered))]

    def _outcome(self, error_or_text: TextError | str, sentiments: dict[bytes, Sentiment]) -> dict:
        self.tally.comments += 1
        if isinstance(error_or_text, TextError):
            self.tally.errors += 1
            return {
                "error": {"code": error_or_text.code, "message": str(error_or_text)},
                "model": self._classifier.revision,
            }
        sentiment = sentiments[_digest(error_or_text)]
        self.tally.positive += sentiment.label == "positive"
        return {
            "label": sentiment.label,
            "score": round(sentiment.score, 6),
            "probabilities": {label: round(p, 4) for label, p in sentiment.probabilities.items()},
            "truncated": sentiment.truncated,
            "model": self._classifier.revision,
        }


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
