"""The labels without their texts: `training/data/labels.csv.gz`, columns source, id, score, split (train or dev).

    python -m training.data.labels ../data/labelled.jsonl ../data/dev.jsonl more.jsonl...

The texts are their authors' and are not published again; `training.data.join_labels` puts them back from public
sources. Beside it goes `labels_check.csv`: for a few comments of each source file a short hash of the text, so that
joining can tell whether rows that serve as ids still have the numbers they had.
"""

import csv
import gzip
import hashlib
import io
import re
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from training.data.records import DataError, Record, read_records, repository_of

DEFAULT_LABELS = Path(__file__).with_name("labels.csv.gz")
CHECKS_PER_FILE = 20
# Ids of the other repositories are row numbers, which mean something only within their file, in its version.
REDDIT_IDS = frozenset({"anatosun/reddit-cryptocurrency-analysis", "zakariaeyahya/Crypto_Analysis"})
COLUMNS = ("source", "id", "score", "split")


class Label(NamedTuple):
    source: str
    id: str
    score: int
    split: str


def natural(label: Label) -> tuple:
    """Sorts row 9 before row 10; equal prefixes side by side compress well."""
    number = re.search(r"\d+$", label.id)
    return label.source, len(number[0]) if number and "-" in label.id else 0, label.id, label.split


def write_labels(path: Path, labels: list[Label]) -> None:
    """Write `labels`, sorted; equal labels give equal bytes (gzip without a time stamp or name).

    Raises DataError for a score outside -2..2, an unknown split, or two labels for one comment.
    """
    seen: dict[tuple[str, str], Label] = {}
    for label in labels:
        if label.score not in range(-2, 3) or label.split not in ("train", "dev"):
            raise DataError(f"{label} is no label: scores are -2 to 2, splits train and dev")
        if label[:2] in seen:
            raise DataError(f"{label} is there twice: {seen[label[:2]]}")
        seen[label[:2]] = label
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(labels, key=natural))
    path.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))


def read_labels(path: Path = DEFAULT_LABELS) -> list[Label]:
    """The labels of `path`. Raises DataError if it is not such a file."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            if tuple(next(reader, ())) != COLUMNS:
                raise DataError(f"{path} has not the columns {', '.join(COLUMNS)}")
            return [Label(source, id, int(score), split) for source, id, score, split in reader]
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} cannot be read as labels: {error}") from None


def checks_path(labels: Path) -> Path:
    """Where the checks of a labels file are: beside it."""
    return labels.with_name(labels.name.removesuffix(".csv.gz") + "_check.csv")


def text_hash(text: str) -> str:
    """8 hex digits of the text's sha256, white space aside, which scrapers and parsers treat differently."""
    return hashlib.sha256("".join(text.split()).encode("utf-8", "replace")).hexdigest()[:8]


def write_checks(path: Path, records: list[Record]) -> None:
    """Write source, id and text hash of evenly spaced comments of every source file whose ids are row numbers.

    Records without a text say nothing about it and are passed over.
    """
    files: dict[str, list[Record]] = {}
    for record in records:
        if "text" in record and repository_of(record["source"]) not in REDDIT_IDS:
            files.setdefault(record["source"], []).append(record)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("source", "id", "text_hash"))
        for source, found in sorted(files.items()):
            found.sort(key=lambda record: str(record["id"]))
            count = min(CHECKS_PER_FILE, len(found))
            for n in range(count):
                record = found[n * len(found) // count]
                writer.writerow((source, record["id"], text_hash(record["text"])))


def read_checks(path: Path) -> dict[tuple[str, str], str]:
    """(source, id) to text hash; empty if there is no such file."""
    if not path.exists():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        return {(row["source"], row["id"]): row["text_hash"] for row in csv.DictReader(file)}


def main(
    train: Annotated[Path, typer.Argument(help="Labelled comments (.jsonl or .jsonl.gz) to learn from.")],
    dev: Annotated[Path, typer.Argument(help="Labelled comments of the development set.")],
    more: Annotated[
        list[Path] | None, typer.Argument(help="Further labels to learn from; id, source and score are enough.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = DEFAULT_LABELS,
) -> None:
    """Write the labels of files of labelled comments, without their texts: all to train on, but for the second's."""
    try:
        records = [
            (record, "dev" if path == dev else "train")
            for path in (train, dev, *(more or []))
            for record in read_records(path, ("source", "id", "score"))
        ]
        labels = [Label(record["source"], str(record["id"]), int(record["score"]), split) for record, split in records]
        write_labels(out, labels)
        write_checks(checks_path(out), [record for record, _ in records])
    except DataError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(labels):,} labels in {out} ({out.stat().st_size:,} bytes)")


if __name__ == "__main__":
    typer.run(main)
