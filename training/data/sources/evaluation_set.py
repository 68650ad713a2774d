"""The given evaluation set's CSV (`Comment Text, Sentiment`), for evaluation only: nothing here may feed training."""

from pathlib import Path

from training.data.records import Record
from training.data.sources.errors import SourceError
from training.data.sources.tabular import csv_rows

TEXT_COLUMN = "Comment Text"
LABEL_COLUMN = "Sentiment"


def load_evaluation_set(path: Path) -> list[Record]:
    """Rows {id, text, label}: id is the row's number, label "positive" or "negative". Exact duplicates are dropped.

    Raises SourceError, with the row's number, for a label that is neither.
    """
    records: dict[str, Record] = {}
    for number, row in enumerate(csv_rows(path, [TEXT_COLUMN, LABEL_COLUMN])):
        text, label = row[TEXT_COLUMN].strip(), row[LABEL_COLUMN].strip().lower()
        if not text and not label:
            continue
        if label not in ("positive", "negative"):
            raise SourceError(f"{path}, row {number + 1}: Sentiment is {row[LABEL_COLUMN]!r}, not Positive or Negative")
        if text:
            records.setdefault(text, {"id": str(number), "text": text, "label": label})
    return list(records.values())
