"""A fault in scoring many comments is narrowed down to the one that causes it, which gets an error line.

Whatever the fault: who sends one comment that nobody thought of must not cost others theirs.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from lambda_fn.bulk.columns import id_text
from lambda_fn.bulk.records import UnreadableRecord, parse_record
from lambda_fn.bulk.scoring import ScorableChunk, Scorer
from lambda_fn.model.text import TextError

Report = Callable[[Exception], object]


def score_narrowly(scorer: Scorer, chunks: Sequence[ScorableChunk], report: Report) -> list[list[dict[str, Any]]]:
    """The result lines of each chunk, those of comments that cannot be scored as `text_unreadable`.

    report: is told of each fault that was narrowed down. Raises what the scorer raises if it fails on any text at all.
    """
    tally = copy.deepcopy(scorer.tally)
    try:
        return scorer.score(chunks)
    except Exception as error:
        scorer.tally = tally
        if len(chunks) > 1:
            middle = len(chunks) // 2
            return score_narrowly(scorer, chunks[:middle], report) + score_narrowly(scorer, chunks[middle:], report)
        [chunk] = chunks
        if len(chunk.records) > 1:
            middle = len(chunk.records) // 2
            halves = [_part(chunk, 0, middle), _part(chunk, middle, len(chunk.records))]
            return [[line for half in halves for line in score_narrowly(scorer, [half], report)[0]]]
        if not scorer.works():
            raise
        report(error)
        return scorer.score([_unreadable(chunk, error)])


def _part(chunk: ScorableChunk, first: int, last: int) -> ScorableChunk:
    part = copy.copy(chunk)
    part.records = chunk.records[first:last]
    return part


def _unreadable(chunk: ScorableChunk, error: Exception) -> ScorableChunk:
    """A chunk of one record, which is known to be unreadable."""
    [(position, record)] = chunk.records
    part = copy.copy(chunk)
    part.records = [(position, UnreadableRecord(_id_of(record), error))]
    return part


def _id_of(record: Any) -> str | None:
    try:
        return id_text((parse_record(record) if isinstance(record, bytes) else record)["id"])
    except (TextError, LookupError, TypeError):
        return None
