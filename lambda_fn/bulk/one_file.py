"""One file, or standard input, scored where no queue is: what the image's `score` does.

    docker run --rm -i IMAGE score - - < comments.csv > scored.jsonl

Read is what bulk scoring reads (all but Parquet, told by content), and a line is what `crypto-sentiment score` writes,
which has more formats, more processes, and goes on after an interrupt.
"""

import gzip
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO

from lambda_fn.bulk.choosing import NoText, choose_columns
from lambda_fn.bulk.columns import Columns
from lambda_fn.bulk.formats import (
    HEAD_BYTES,
    JSON_LISTED,
    PARQUET,
    FormatError,
    Wanted,
    find_format,
    first_records,
    records,
)
from lambda_fn.bulk.json_shapes import ShapeError
from lambda_fn.bulk.packing import DamagedError, unpacked, with_head
from lambda_fn.bulk.results import line_text
from lambda_fn.bulk.scoring import ScorableChunk, Scorer
from lambda_fn.contract import Exit
from lambda_fn.model.classifier import ModelError, SentimentClassifier
from lambda_fn.model.coins import Coins
from lambda_fn.model.language import language
from lambda_fn.settings import get_settings

STANDARD = "-"
# Of standard output fewer at a time, so that who reads it does not wait.
CHUNK_RECORDS = 1024
STREAM_RECORDS = 128
OUTPUTS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


class CannotScore(ValueError):
    """Why a file cannot be scored, in one line. exit_code: that of the process."""

    def __init__(self, reason: str, exit_code: int = Exit.FAILED):
        super().__init__(reason)
        self.exit_code = exit_code


def score(source: str, output: str, text_column: str | None = None) -> int:
    """Score `source` into `output`, say on standard error what came of it, and return the exit code.

    source, output: paths, or "-". text_column: the field of the text, dotted where it lies deeper; None: found.
    """
    try:
        codes = run(source, output, text_column)
    except CannotScore as error:
        return _say(str(error), error.exit_code)
    except (ModelError, ValueError) as error:  # also SettingsError
        return _say(str(error), Exit.FAILED)
    except BrokenPipeError:
        return _say("nobody reads the results any more", Exit.FAILED)
    except OSError as error:
        return _say(f"{error.filename or ''}: {error.strerror or error}", Exit.FAILED)
    except KeyboardInterrupt:
        return _say("interrupted", Exit.INTERRUPTED)
    failed = codes.total() - codes[""]
    print(f"{codes.total():,} comments in {'standard output' if output == STANDARD else output}", file=sys.stderr)
    if failed:
        kinds = ", ".join(f"{count:,} {code}" for code, count in codes.most_common() if code)
        print(f"{failed:,} of {codes.total():,} comments could not be scored: {kinds}", file=sys.stderr)
    if failed and failed == codes.total():
        return Exit.FAILED
    return Exit.SOME_NOT_SCORED if failed else Exit.DONE


def run(source: str, output: str, text_column: str | None = None) -> Counter[str]:
    """Score `source` into `output`. Returns how many lines have which error; "" is none.

    Raises CannotScore, ModelError, SettingsError, OSError. Nothing is written before the source was looked at, and a
    file has its name only when it is whole.
    """
    check_output(source, output)
    with opened(source) as raw:
        columns, lines = look(raw, source, text_column)
        codes: Counter[str] = Counter()
        with written(output) as file:
            for line in scored(columns, lines, STREAM_RECORDS if output == STANDARD else CHUNK_RECORDS):
                codes[line["error"]] += 1
                file.write((line_text(line) + "\n").encode())
    return codes


def look(raw: BinaryIO, name: str, text_column: str | None) -> tuple[Columns, Iterator[bytes]]:
    """How the records of a stream are read, and the records. Raises CannotScore."""
    with _named(name):
        stream, _, _ = unpacked(raw)
        head, stream, whole = with_head(stream, HEAD_BYTES)
        format = find_format(head, whole, Wanted(text_column=text_column), Path(name).name)
        if format.name == PARQUET:
            raise CannotScore(f"{name} is Parquet, which the image does not read; crypto-sentiment score does")
        lines = records(stream, format)
        if format.name == JSON_LISTED and not whole:
            ahead = list(islice(lines, CHUNK_RECORDS))
            sample, lines = ahead, _chained(ahead, lines)
        else:
            sample = first_records(head, whole, format)
        header = format.dialect.header if format.dialect else ()
        columns, _ = choose_columns(name, sample, header, text_column)
    return columns, _until_damage(name, lines)


def scored(columns: Columns, lines: Iterator[bytes], size: int) -> Iterator[dict[str, Any]]:
    """The result line of each record, in order; `size` of them are scored at a time."""
    classifier = SentimentClassifier.load()
    read = Coins.load().reader(classifier)
    scorer = Scorer(classifier, get_settings().max_text_chars, language=language, read=read)
    while chunk := list(islice(lines, size)):
        (results,) = scorer.score([ScorableChunk("", 0, list(enumerate(chunk)), columns)])
        yield from results


def check_output(source: str, output: str) -> None:
    """Raises CannotScore for an output that is the source, or of a format that is not written here."""
    if output == STANDARD:
        return
    if not output.endswith(OUTPUTS):
        raise CannotScore(f"the output is - or ends in one of {', '.join(OUTPUTS)}", Exit.USAGE)
    if source != STANDARD and Path(output).exists() and os.path.samefile(source, output):
        raise CannotScore(f"{output} is the input: results would replace the comments")


@contextmanager
def opened(source: str) -> Iterator[BinaryIO]:
    if source == STANDARD:
        yield sys.stdin.buffer
    else:
        with open(source, "rb") as file:
            yield file


@contextmanager
def written(output: str) -> Iterator[IO[bytes]]:
    """Where lines go: standard output, or a file beside `output` that takes its name in the end.

    What was scored before a source turns out to be damaged is kept under another name, which the error then says.
    """
    if output == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = Path(f"{output}.part")
    try:
        with part.open("wb") as raw:
            if output.endswith(".gz"):
                with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
        part.replace(output)
    except CannotScore as error:
        kept = Path(output).with_name(f"incomplete-{Path(output).name}")
        part.replace(kept)
        raise CannotScore(f"{error}; what comes before it is scored in {kept}") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """What is wrong with a source, with its name."""
    try:
        yield
    except NoText as error:
        raise CannotScore(str(error)) from None
    except (FormatError, ShapeError, DamagedError) as error:
        raise CannotScore(f"{name}: {error}") from None


def _until_damage(name: str, lines: Iterator[bytes]) -> Iterator[bytes]:
    with _named(name):
        yield from lines


def _chained(first: Iterable[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from first
    yield from rest


def _say(reason: str, exit_code: int) -> int:
    print(f"Error: {reason}", file=sys.stderr)
    return exit_code
