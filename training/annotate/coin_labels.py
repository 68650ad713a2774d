"""The labelled comments of `training/annotate/coins/` with their texts, in two halves.

Rules and weights are chosen on the tuning half; figures are reported on the other. Which half a comment is in, its
source and id decide, by a hash.
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from training.data.records import DataError, read_records

FOLDER = Path(__file__).with_name("coins")
NAMED = FOLDER / "named.csv"
MOODS = FOLDER / "moods.csv"
COMMENTS = "comments.jsonl.gz"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LabelledComment:
    """coins: those it names. moods: about each, -1, 0 or 1; empty where only the names are labelled."""

    text: str
    coins: frozenset[str]
    moods: dict[str, int] = field(default_factory=dict)


def is_reported(key: Key) -> bool:
    """Whether the comment (source, id) is in the half that figures are reported on."""
    digest = hashlib.blake2b("\0".join(key).encode(), digest_size=8).digest()
    return bool(digest[0] & 1)


def named_comments(data: Path, *, reported: bool) -> list[LabelledComment]:
    """Comments that may name a coin, of one half. data: the folder with comments.jsonl.gz."""
    with open(NAMED, encoding="utf-8", newline="") as rows:
        labels = {(row["source"], row["id"]): frozenset(row["coins"].split()) for row in csv.DictReader(rows)}
    wanted = [key for key in labels if is_reported(key) is reported]
    texts = texts_of(data, wanted)
    return [LabelledComment(texts[key], labels[key]) for key in wanted]


def mood_comments(data: Path, *, reported: bool) -> list[LabelledComment]:
    """Comments that name several coins, of one half, with the mood about each."""
    moods: dict[Key, dict[str, int]] = {}
    with open(MOODS, encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            moods.setdefault((row["source"], row["id"]), {})[row["coin"]] = int(row["mood"])
    wanted = [key for key in moods if is_reported(key) is reported]
    texts = texts_of(data, wanted)
    return [LabelledComment(texts[key], frozenset(moods[key]), moods[key]) for key in wanted]


def texts_of(data: Path, keys: Iterable[Key]) -> dict[Key, str]:
    """Raises DataError where a comment is not in the data."""
    wanted = set(keys)
    texts = {
        key: record["text"]
        for record in read_records(data / COMMENTS, ("source", "id", "text"))
        if (key := (record["source"], record["id"])) in wanted
    }
    if missing := wanted - texts.keys():
        raise DataError(f"{data / COMMENTS} lacks {len(missing)} labelled comments, the first {min(missing)}")
    return texts
