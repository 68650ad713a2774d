"""The line-delimited JSON that the steps hand to each other: what a comment is, and how files of them are read.

A comment: id (str), text (str), score (-2..2, labelled ones only), subreddit (str or null), created_utc (Unix
seconds or null) and source (`owner/repository:path`). A general text: text, label and source.
"""

import filecmp
import gzip
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Record = dict[str, Any]

# Where `training.data.prepare` writes, and every training step reads, <name>.jsonl.gz of each of these.
PREPARED = Path("build/training/data")
FILES = ("labelled", "dev", "unlabelled", "general")


class DataError(ValueError):
    """A data file is missing or not of the form this project writes; the message says which and what to do."""


def read_records(path: Path, fields: tuple[str, ...] = ()) -> Iterator[Record]:
    """Records of a `.jsonl` or `.jsonl.gz` file, in file order.

    Raises DataError with the line's number, also for a record that lacks one of `fields`.
    """
    opener = gzip.open if path.name.endswith(".gz") else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    record = json.loads(line)
                    if missing := [field for field in fields if not isinstance(record, dict) or field not in record]:
                        raise DataError(f"{path}, line {number}: no {', '.join(missing)}")
                    yield record
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is cut short or damaged after line {number}: {error}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}, line {number}: not JSON in UTF-8 ({error})") from None


def write_records(path: Path, records: Iterable[Record]) -> int:
    """Write `records` to `path` and return how many. The file appears whole or not at all.

    Gzip carries no time stamp, so equal records give equal bytes. A file that has them already keeps its time, so that
    the pipeline does not run again what depends on it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    count = 0
    with open(partial, "wb") as raw:
        out = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) if path.name.endswith(".gz") else raw
        for record in records:
            # A lone surrogate (broken upstream encoding) has no UTF-8 form; "?" keeps the rest of the comment.
            line = json.dumps(record, ensure_ascii=False) + "\n"
            out.write(line.encode("utf-8", errors="replace"))
            count += 1
        if out is not raw:
            out.close()
    if path.exists() and filecmp.cmp(partial, path, shallow=False):
        partial.unlink()
    else:
        os.replace(partial, path)
    return count


def unix_seconds(created: object) -> float | None:
    """A time as Unix seconds, or None where its zone is unknown or it is no time at all.

    Sources write Unix seconds (as numbers or digits), ISO 8601 with an offset, or a local time without one. The last
    cannot be placed on the UTC day; `calendar_year` still reads its year.
    """
    if created is None or isinstance(created, bool):
        return None
    try:
        return float(created)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        pass
    try:
        moment = datetime.fromisoformat(str(created))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def calendar_year(created: object) -> int | None:
    """The year of a time in any of the forms `unix_seconds` names; None for anything else."""
    seconds = unix_seconds(created)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC).year
    try:
        return datetime.fromisoformat(str(created)).year
    except ValueError:
        return None


def repository_of(source: str) -> str:
    """`owner/name` of a source written `owner/name:path`."""
    return source.partition(":")[0]
