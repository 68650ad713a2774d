"""The leakage guard: whatever matches or nearly matches an evaluation text leaves the training data.

    python -m training.data.leakage --evaluation any.csv            # drop it from build/training/data
    python -m training.data.leakage --evaluation any.csv --check    # only report; exit code 1 if something leaks

A text matches if it is equal but for case and punctuation, nearly equal (pairs of words, Jaccard 0.5: stricter
than duplicate removal), or shares a run of 8 words (a quotation, a truncation, an edit).
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from training.data.near_duplicates import NearDuplicates, canonical
from training.data.records import PREPARED, DataError, Record, read_records, write_records

SIMILARITY = 0.5
SHARED_WORDS = 8
TRAINING_FILES = ("labelled.jsonl.gz", "unlabelled.jsonl.gz", "general.jsonl.gz", "dev.jsonl.gz")
# What CSVs of evaluation sets call the text, in the order tried.
TEXT_COLUMNS = ("Comment Text", "text", "comment", "body", "comment_body", "Body", "Text", "content", "Tweet Text")


class LeakageGuard:
    """Knows the evaluation texts and tells which training texts come too near to them."""

    def __init__(self, evaluation_texts: Iterable[str]):
        texts = list(evaluation_texts)
        self._near = NearDuplicates(SIMILARITY)
        self._near.add([str(number) for number in range(len(texts))], texts, "Indexing the evaluation set")
        self._equal = {canonical(text) for text in texts}
        self._runs = {run for key in self._equal for run in word_runs(key)}

    def reasons(self, texts: Sequence[str], description: str = "Leakage guard") -> list[str | None]:
        """For each text "equal", "near", "shared words", or None if it is far from every evaluation text."""
        near = self._near.find(texts, description)
        return [self._reason(canonical(text), match) for text, match in zip(texts, near, strict=True)]

    def _reason(self, key: str, match: str | None) -> str | None:
        if key in self._equal:
            return "equal"
        if match is not None:
            return "near"
        return "shared words" if not self._runs.isdisjoint(word_runs(key)) else None

    def keep(self, records: Sequence[Record], description: str = "Leakage guard") -> tuple[list[Record], Counter]:
        """The records that may be learned from, and how many were dropped for which reason."""
        reasons = self.reasons([record["text"] for record in records], description)
        kept = [record for record, reason in zip(records, reasons, strict=True) if reason is None]
        return kept, Counter(reason for reason in reasons if reason)


def word_runs(key: str) -> set[tuple[str, ...]]:
    """All runs of 8 consecutive words of a canonical text; none for a shorter one."""
    words = key.split()
    return {tuple(words[start : start + SHARED_WORDS]) for start in range(len(words) - SHARED_WORDS + 1)}


def evaluation_texts(path: Path, column: str | None = None) -> list[str]:
    """The texts of an evaluation CSV. Raises DataError if there is no text column or no text."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            name = column or next((known for known in TEXT_COLUMNS if known in columns), None)
            if name is None or name not in columns:
                raise DataError(f"{path} has columns {columns}; name the one with the text with --text-column")
            texts = [text for row in reader if (text := (row[name] or "").strip())]
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV in UTF-8: {error}") from None
    if not texts:
        raise DataError(f"{path} holds no text in column {name!r}")
    return texts


def main(
    evaluation: Annotated[Path, typer.Option(help="CSV whose texts must not be learned from.")],
    data: Annotated[Path, typer.Option(help="Folder of prepared data.")] = PREPARED,
    text_column: Annotated[str | None, typer.Option(help="The CSV's column with the text.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 if anything leaks.")] = False,
) -> None:
    """Drop what matches or nearly matches an evaluation set from the prepared training data."""
    try:
        guard = LeakageGuard(evaluation_texts(evaluation, text_column))
        files = [data / name for name in TRAINING_FILES if (data / name).exists()]
        if not files:
            raise DataError(
                f"{data} holds none of {', '.join(TRAINING_FILES)}; run python -m training.data.prepare first"
            )
        report = {}
        for file in files:
            records = list(read_records(file))
            kept, dropped = guard.keep(records, file.name)
            if dropped and not check:
                write_records(file, kept)
            report[file.name] = {"before": len(records), "kept": len(kept), **dict(sorted(dropped.items()))}
    except DataError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(2) from None
    typer.echo(json.dumps(report, indent=1))
    leaked = sum(row["before"] - row["kept"] for row in report.values())
    if check and leaked:
        typer.secho(f"{leaked} training texts match the evaluation set", fg="red", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
