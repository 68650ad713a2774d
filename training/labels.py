"""The labels without their texts: `training/labels.csv.gz`, columns source, id, score, split (train or dev).

    python -m training.labels ../data/labelled.jsonl ../data/dev.jsonl

The texts are their authors' and are not published again; `training.join_labels` puts them back from public sources.
"""

import csv
import gzip
import io
import re
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from training.records import DataError, read_records

DEFAULT_LABELS = Path(__file__).with_name("labels.csv.gz")
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


def main(
    train: Annotated[Path, typer.Argument(help="Labelled comments (.jsonl or .jsonl.gz) to learn from.")],
    dev: Annotated[Path, typer.Argument(help="Labelled comments of the development set.")],
    out: Annotated[Path, typer.Option(help="The file to write.")] = DEFAULT_LABELS,
) -> None:
    """Write the labels of two files of labelled comments, without their texts."""
    try:
        labels = [
            Label(record["source"], str(record["id"]), int(record["score"]), split)
            for path, split in ((train, "train"), (dev, "dev"))
            for record in read_records(path)
        ]
        write_labels(out, labels)
    except (DataError, KeyError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(labels):,} labels in {out} ({out.stat().st_size:,} bytes)")


if __name__ == "__main__":
    typer.run(main)
