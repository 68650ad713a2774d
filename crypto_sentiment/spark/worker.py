"""What a Spark Python worker does: Arrow batches of comments in, Arrow batches of scored comments out.

The worker imports this module once and keeps it from task to task, and so the model: one ONNX session per process, of
one thread, since Spark starts one process per core. The comments are judged and scored by the bulk handler's Scorer,
so that a comment gets the same row here as there.
"""

import os
from collections.abc import Iterator
from functools import lru_cache

import pyarrow as pa

from lambda_fn.bulk.scoring import ScorableChunk, Scorer
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import get_settings

# Comments tokenized at a time, at most: a batch may hold 64 MiB of text, whose tokens would take gigabytes.
WAVE_CHARS = 1_000_000
WAVE_COMMENTS = 4096

MOODS = ("negative", "neutral", "positive")
PROBABILITIES = tuple(f"p_{mood}" for mood in MOODS)
COIN = pa.struct(
    [("coin", pa.string()), ("mood", pa.string()), *((probability, pa.float64()) for probability in PROBABILITIES)]
)
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


@lru_cache(maxsize=1)
def worker_scorer(model: str | None, max_chars: int) -> tuple[Scorer, str]:
    """This process's scorer, and its model's revision. model: its name among the job's files, None: the one here."""
    os.environ["ORT_THREADS"] = "1"
    get_settings.cache_clear()
    folder = None
    if model:
        from pyspark import SparkFiles

        folder = SparkFiles.get(model)
    classifier = SentimentClassifier.load(folder)
    return Scorer(classifier, max_chars), classifier.revision


def score_batches(batches: Iterator[pa.RecordBatch], model: str | None, max_chars: int) -> Iterator[pa.RecordBatch]:
    """batches: text (bytes), whether the line was corrupt, id, and the comment's own columns, passed on as they are."""
    for batch in batches:
        scorer, revision = worker_scorer(model, max_chars)
        outcomes = [{**outcome, "model": revision} for outcome in outcomes_of(scorer, batch.column(0), batch.column(1))]
        columns = [pa.array([outcome.get(name) for outcome in outcomes], kind) for name, kind in OUTCOME.items()]
        yield pa.RecordBatch.from_arrays(
            batch.columns[2:] + columns, names=batch.schema.names[2:] + [f"outcome {name}" for name in OUTCOME]
        )


def outcomes_of(scorer: Scorer, texts: pa.Array, corrupt: pa.Array) -> list[dict]:
    """What is to be said of each comment, by the names of OUTCOME."""
    outcomes: list[dict | None] = [None] * len(texts)
    comments: list[tuple[int, dict]] = []
    for index, (raw, is_corrupt) in enumerate(zip(texts.to_pylist(), corrupt.to_pylist(), strict=True)):
        try:
            comments.append((index, {} if raw is None else {"text": raw.decode()}))
        except UnicodeDecodeError as error:
            outcomes[index] = failed("text_not_utf8", f"byte {error.start} of the text is not UTF-8")
        if is_corrupt:
            outcomes[index] = failed("record_not_json", "the record is not JSON")
    comments = [comment for comment in comments if outcomes[comment[0]] is None]
    for wave in waves(comments):
        for (index, _), outcome in zip(wave, scored(scorer, wave), strict=True):
            outcomes[index] = outcome
    return outcomes


def waves(comments: list[tuple[int, dict]]) -> Iterator[list[tuple[int, dict]]]:
    """The comments, shortest first, in pieces of bounded size: a whole batch shares its length buckets."""
    wave: list[tuple[int, dict]] = []
    chars = 0
    for comment in sorted(comments, key=lambda comment: len(comment[1].get("text", ""))):
        length = len(comment[1].get("text", ""))
        if wave and (len(wave) == WAVE_COMMENTS or chars + length > WAVE_CHARS):
            yield wave
            wave, chars = [], 0
        wave.append(comment)
        chars += length
    if wave:
        yield wave


def scored(scorer: Scorer, wave: list[tuple[int, dict]]) -> list[dict]:
    """The outcomes of a wave. Where scoring it fails, its halves are tried, down to the comment whose fault it is."""
    try:
        [lines] = scorer.score([ScorableChunk("", 0, wave)])
    except Exception as error:  # whatever it is: a stage of a million comments must not fail for one of them
        if len(wave) == 1:
            return [failed("scoring_failed", f"scoring this comment raised {type(error).__name__}")]
        half = len(wave) // 2
        return scored(scorer, wave[:half]) + scored(scorer, wave[half:])
    return [outcome_of(line) for line in lines]


def failed(code: str, message: str) -> dict:
    return {"coins": [], "error": code, "error_message": message}


def outcome_of(line: dict) -> dict:
    """A line of the Scorer's in the names of OUTCOME."""
    if error := line.get("error"):
        return failed(error["code"], error["message"])
    probabilities = [line["probabilities"][mood] for mood in MOODS]
    return {
        **dict(zip(PROBABILITIES, probabilities, strict=True)),
        "label": line["label"],
        "score": line["score"],
        "mood": MOODS[probabilities.index(max(probabilities))],
        "coins": line.get("coins", []),
        "language": line.get("language"),
        "truncated": line["truncated"],
        "error": "",
        "error_message": "",
    }
