"""Chunks of records in, result lines out. Equal texts are scored once; a bad comment is an error line of its own."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lambda_fn.bulk.columns import ABSENT, Columns, at, id_text
from lambda_fn.bulk.records import UnreadableRecord, check_object, parse_record
from lambda_fn.bulk.results import result_line
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.isolation import Classifier
from lambda_fn.model.moodless import why_no_mood
from lambda_fn.model.result import failed_fields, scored_fields
from lambda_fn.model.text import TextError, check_text

# Texts whose sentiment is remembered from one batch to the next; about 15 MB.
REMEMBERED_TEXTS = 20_000
LEFT_OUT = frozenset({"text_deleted", "text_bot"})


@dataclass(slots=True)
class Tally:
    """Counts of one invocation. seconds: spent in the classifier. kinds: errors by code. read: texts that it got;
    settled: of these, by its first stage.
    """

    comments: int = 0
    errors: int = 0
    read: int = 0
    settled: int = 0
    repeated: int = 0
    tokens: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    moods: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    @property
    def scored(self) -> int:
        return self.comments - self.errors


@dataclass(slots=True)
class ScorableChunk:
    """A chunk that is ready to be scored: (position, raw JSON line or decoded comment) of each record.

    columns: how its source's records are read; None: each by its usual names, its text left out of the result.
    """

    work_id: str
    start: int
    records: Sequence[tuple[int, Any]]
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A record read: what of it goes into the result, and its text, with a digest of it, or what is wrong with it."""

    id: str | None
    own: dict[str, Any]
    text: TextError | str
    digest: bytes = b""


def plain_english(text: str) -> str:
    """The language of every text where no detector is given."""
    return "en"


class Scorer:
    """Scores chunks together and counts. max_chars: characters of the longest comment that is scored.

    keep_deleted: score what is nobody's mood (deleted comments, bots' notices) all the same. language: of a text, "en"
    or "other". read: `Coins.reader` of the classifier, where lines are to carry coins: of texts, their sentiments and a
    list of {coin, mood, p_negative, p_neutral, p_positive} each.
    """

    def __init__(
        self,
        classifier: Classifier,
        max_chars: int,
        *,
        keep_deleted: bool = False,
        language: Callable[[str], str] = plain_english,
        read: Callable[[Sequence[str]], tuple[Sequence[Sentiment], list[list[dict[str, Any]]]]] | None = None,
    ):
        self._classifier = classifier
        self._max_chars = max_chars
        self._keep_deleted = keep_deleted
        self._language = language
        self._read = read or (lambda texts: (classifier.classify(texts), [[] for _ in texts]))
        self._usual = Columns()
        self._remembered: dict[bytes, dict[str, Any]] = {}
        self.tally = Tally()

    def score(self, chunks: Sequence[ScorableChunk]) -> list[list[dict[str, Any]]]:
        """The result lines of each chunk. The comments of all chunks share the classifier's length-bucketed batches."""
        judged = [
            [self._judge(record, chunk.columns or self._usual) for _, record in chunk.records] for chunk in chunks
        ]
        outcomes = self._outcomes(item for items in judged for item in items)
        return [
            [
                result_line(_identity(chunk, position), item.id, item.own, self._outcome(item, outcomes))
                for (position, _), item in zip(chunk.records, items, strict=True)
            ]
            for chunk, items in zip(chunks, judged, strict=True)
        ]

    def _judge(self, record: Any, columns: Columns) -> Judged:
        if isinstance(record, UnreadableRecord):
            return Judged(record.id, {}, record)
        try:
            comment = parse_record(record) if isinstance(record, bytes) else check_object(record)
        except TextError as error:
            return Judged(None, {}, error)
        plan = columns.plan(comment)
        column, text = columns.text_of(comment, plan)
        own = columns.own_fields(comment, plan, column)
        found_id = id_text(at(comment, plan.id)) if plan.id else None
        try:
            if text is ABSENT:
                raise TextError("text_missing", "the comment has no text")
            reason = why_no_mood(text, comment.get(plan.author) if plan.author else None)
            if reason and not (self._keep_deleted and reason.code in LEFT_OUT):
                raise reason
            text = check_text(text, self._max_chars)
            return Judged(found_id, own, text, _digest(text))
        except TextError as error:
            return Judged(found_id, own, error)

    def _outcomes(self, items: Iterable[Judged]) -> dict[bytes, dict[str, Any]]:
        """The outcome of each distinct text, by its digest."""
        found: dict[bytes, dict[str, Any]] = {}
        new: dict[bytes, str] = {}
        for item in items:
            digest = item.digest
            if isinstance(item.text, str):
                if digest in found or digest in new:
                    self.tally.repeated += 1
                elif digest in self._remembered:
                    self.tally.repeated += 1
                    found[digest] = self._remembered[digest]
                else:
                    new[digest] = item.text
        started = time.perf_counter()
        scored = dict(zip(new, self._classify(list(new.values())), strict=True)) if new else {}
        self.tally.seconds += time.perf_counter() - started
        self._remember(scored)
        return found | scored

    def _classify(self, texts: list[str]) -> list[dict[str, Any]]:
        """The outcome of each text. What the model cannot take at all is narrowed down to the one comment."""
        try:
            sentiments, coins = self._read(texts)
        except Exception as error:
            if not _one_texts_fault(error):
                raise
            if len(texts) == 1:
                if not self.works():
                    raise
                unreadable = TextError("text_unreadable", "the model cannot read this text")
                return [failed_fields(unreadable, self._classifier.revision)]
            middle = len(texts) // 2
            return self._classify(texts[:middle]) + self._classify(texts[middle:])
        self.tally.tokens += sum(sentiment.tokens for sentiment in sentiments)
        self.tally.read += len(sentiments)
        self.tally.settled += sum(sentiment.settled for sentiment in sentiments)
        revision = self._classifier.revision
        return [
            scored_fields(sentiment, found, self._language(text), revision)
            for text, sentiment, found in zip(texts, sentiments, coins, strict=True)
        ]

    def works(self) -> bool:
        """Whether a plain comment can be scored. If not, the model is broken, and no comment is at fault."""
        try:
            self._read(["to the moon"])
        except Exception:
            return False
        return True

    def _remember(self, scored: dict[bytes, dict[str, Any]]) -> None:
        self._remembered.update(scored)
        while len(self._remembered) > REMEMBERED_TEXTS:  # the oldest first
            del self._remembered[next(iter(self._remembered))]

    def _outcome(self, item: Judged, outcomes: dict[bytes, dict[str, Any]]) -> dict[str, Any]:
        self.tally.comments += 1
        if isinstance(item.text, TextError):
            outcome = failed_fields(item.text, self._classifier.revision)
        else:
            outcome = outcomes[item.digest]
        if outcome["error"]:
            self.tally.errors += 1
            self.tally.kinds[outcome["error"]] += 1
        else:
            self.tally.moods[outcome["mood"]] += 1
            self.tally.languages[outcome["language"]] += 1
        return outcome


def _one_texts_fault(error: Exception) -> bool:
    """Whether a batch failed by what is in it. A service that is away, or a broken model, is no comment's fault."""
    ours = type(error).__module__.partition(".")[0] == "lambda_fn"
    return not ours and not isinstance(error, ConnectionError | TimeoutError)


def _identity(chunk: ScorableChunk, position: int) -> dict[str, Any]:
    return {"work_id": chunk.work_id, "position": position} if chunk.work_id else {}


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
