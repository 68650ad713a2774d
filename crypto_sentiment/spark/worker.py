"""What a Spark Python worker does: Arrow batches of comments in, Arrow batches of scored comments out.

The worker imports this module once and keeps it from task to task, and so the model: one ONNX session per process, of
one thread, since Spark starts one process per core. The comments are judged and scored by the bulk handler's Scorer,
so that a comment gets the same row here as there.
"""

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pyarrow as pa

from lambda_fn.bulk.scoring import ScorableChunk, Scorer
from lambda_fn.contract import Env
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.model.coins import Coins
from lambda_fn.model.language import language
from lambda_fn.settings import get_settings

# Comments tokenized at a time, at most: a batch may hold 64 MiB of text, whose tokens would take gigabytes.
WAVE_CHARS = 500_000
WAVE_COMMENTS = 2048

PROBABILITIES = ("p_negative", "p_neutral", "p_positive")
COIN = pa.struct([("coin", pa.string()), ("mood", pa.string()), *((name, pa.float64()) for name in PROBABILITIES)])
# Names, order and types of schema.OUTCOME; Spark checks the types of what comes back, and never its names.
OUTCOME = {
    "label": pa.string(),
    "score": pa.float64(),
    "mood": pa.string(),
    **dict.fromkeys(PROBABILITIES, pa.float64()),
    "coins": pa.list_(COIN),
    "language": pa.string(),
    "truncated": pa.bool_(),
    "model": pa.string(),
    "error": pa.string(),
    "error_message": pa.string(),
}
# A comment as the Scorer reads it, and its place in the batch.
Comment = tuple[int, dict[str, Any]]


@lru_cache(maxsize=1)
def worker_scorer(model_dir: str | None, max_chars: int) -> tuple[Scorer, str]:
    """This process's scorer, and its model's revision."""
    os.environ[Env.ORT_THREADS] = "1"
    get_settings.cache_clear()
    classifier = SentimentClassifier.load(model_dir)
    scorer = Scorer(classifier, max_chars, language=language, read=Coins.load().reader(classifier))
    return scorer, classifier.revision


def score_batches(batches: Iterator[pa.RecordBatch], model_dir: str | None, max_chars: int) -> Iterator[pa.RecordBatch]:
    """batches: text (bytes), author, whether the line was corrupt, then id and the comment's own columns, passed on as
    they are, before the outcome's."""
    for batch in batches:
        scorer, revision = worker_scorer(model_dir, max_chars)
        outcomes = [{**outcome, "model": revision} for outcome in outcomes_of(scorer, *batch.columns[:3])]
        columns = [pa.array([outcome.get(name) for outcome in outcomes], kind) for name, kind in OUTCOME.items()]
        yield pa.RecordBatch.from_arrays(
            batch.columns[3:] + columns, names=batch.schema.names[3:] + [f"outcome {name}" for name in OUTCOME]
        )


def outcomes_of(scorer: Scorer, texts: pa.Array, authors: pa.Array, corrupt: pa.Array) -> list[dict]:
    """What is to be said of each comment, by the names of OUTCOME."""
    outcomes: list[dict] = [{}] * len(texts)
    comments: list[Comment] = []
    rows = zip(texts.to_pylist(), authors.to_pylist(), corrupt.to_pylist(), strict=True)
    for index, (raw, author, is_corrupt) in enumerate(rows):
        if is_corrupt:
            outcomes[index] = failed("record_not_json", "the record is not JSON")
            continue
        try:
            text = None if raw is None else raw.decode()
        except UnicodeDecodeError as error:
            outcomes[index] = failed("text_not_utf8", f"byte {error.start} of the text is not UTF-8")
            continue
        comments.append((index, {"text": text, "author": author and author.decode(errors="replace")}))
    for wave in waves(comments):
        for (index, _), outcome in zip(wave, scored(scorer, wave), strict=True):
            outcomes[index] = outcome
    return outcomes


def waves(comments: list[Comment]) -> Iterator[list[Comment]]:
    """The comments, shortest first, in pieces of bounded size: a whole batch shares its length buckets."""
    wave: list[Comment] = []
    chars = 0
    for comment in sorted(comments, key=_length):
        if wave and (len(wave) == WAVE_COMMENTS or chars + _length(comment) > WAVE_CHARS):
            yield wave
            wave, chars = [], 0
        wave.append(comment)
        chars += _length(comment)
    if wave:
        yield wave


def _length(comment: Comment) -> int:
    return len(comment[1]["text"] or "")


def scored(scorer: Scorer, wave: list[Comment]) -> list[dict]:
    """The outcomes of a wave. Where scoring it fails, its halves are tried, down to the comment whose fault it is."""
    try:
        [lines] = scorer.score([ScorableChunk("", 0, wave)])
    except Exception as error:  # whatever it is: a stage of a million comments must not fail for one of them
        if len(wave) == 1:
            return [failed("scoring_failed", f"scoring this comment raised {type(error).__name__}")]
        half = len(wave) // 2
        return scored(scorer, wave[:half]) + scored(scorer, wave[half:])
    return lines


def failed(code: str, message: str) -> dict:
    return {"coins": [], "truncated": False, "error": code, "error_message": message}
