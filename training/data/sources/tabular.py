"""Rows of the sources' CSV and TSV files, with errors that name the file and what was expected of it."""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from training.data.sources.errors import SourceError

# One comment can exceed csv's default limit of 131,072 characters.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def csv_rows(path: Path, needed: Iterable[str], delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Rows of a CSV with a header, as dictionaries; short rows get empty strings. Embedded line breaks are kept.

    Raises SourceError if the file is missing, is not UTF-8 or lacks one of the `needed` columns.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, restval="")
            missing = [column for column in needed if column not in (reader.fieldnames or [])]
            if missing:
                raise SourceError(f"{path} has no column {missing}; it has {reader.fieldnames}")
            yield from reader
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as CSV in UTF-8: {error}") from None


def tsv_lines(path: Path) -> Iterator[list[str]]:
    """Fields of each line of a headerless, tab-separated file in which a double quote is only a character."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                if line.strip():
                    yield line.rstrip("\r\n").split("\t")
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist") from None
