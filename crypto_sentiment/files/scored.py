"""A chunk's results: its lines, and what they add to the counts and to the columns of the whole."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lambda_fn.bulk.times import TIME_NAMES
from lambda_fn.contract import RESULT_FIELDS

_OURS = frozenset(RESULT_FIELDS)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")
INT64 = range(-(2**63), 2**63)
FLOAT_EXACT = range(-(2**53), 2**53 + 1)
MOST_DECIMAL_DIGITS = 38

_SIMPLE: dict[type, str] = {bool: "truth", float: "float"}
# What values of a column were seen. "whole53": whole numbers that a float holds exactly.
Kinds = dict[str, set[str]]


@dataclass(slots=True)
class Counts:
    """comments: lines. moods and languages: of what was scored. errors: by code."""

    comments: int = 0
    moods: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        self.comments += other.comments
        self.moods += other.moods
        self.languages += other.languages
        self.errors += other.errors

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def as_json(self) -> dict:
        return {"comments": self.comments, "moods": self.moods, "languages": self.languages, "errors": self.errors}

    @classmethod
    def of_json(cls, found: dict) -> "Counts":
        counters = (Counter(found[name]) for name in ("moods", "languages", "errors"))
        return cls(found["comments"], *counters)


def count(lines: Iterable[dict]) -> Counts:
    """The counts of result lines."""
    counts = Counts()
    for line in lines:
        counts.comments += 1
        if line["error"]:
            counts.errors[line["error"]] += 1
        else:
            counts.moods[line["mood"]] += 1
            counts.languages[line["language"]] += 1
    return counts


def kinds_of(lines: Sequence[dict], time_column: str | None) -> Kinds:
    """The comments' own columns in the order they appear, and the kinds of their values."""
    return {name: _kinds(name, values, time_column) for name, values in _own_columns(lines).items()}


def _own_columns(lines: Sequence[dict]) -> dict[str, Sequence[object]]:
    """The values of the comments' own columns; those that a line lacks are left out."""
    if len({tuple(line) for line in lines}) == 1:
        pairs = zip(lines[0], zip(*(line.values() for line in lines), strict=True), strict=True)
        return {name: values for name, values in pairs if name not in _OURS}
    columns: dict[str, list] = {}
    for line in lines:
        for name, value in line.items():
            if name not in _OURS:
                columns.setdefault(name, []).append(value)
    return dict(columns)


def _kinds(name: str, values: Sequence[object], time_column: str | None) -> set[str]:
    """The kinds of one column's values. Types are told all at once; only numbers and times are looked at singly."""
    kinds: set[str] = set()
    for kind in set(map(type, values)) - {type(None)}:
        if kind is str:
            if name == time_column or name.strip().lower() in TIME_NAMES:
                kinds |= {"time" if _TIME.fullmatch(v) else "text" for v in values if type(v) is str}
            else:
                kinds.add("text")
        elif kind is int:
            kinds |= {_whole(value) for value in values if type(value) is int}
        else:
            kinds.add(_SIMPLE.get(kind, "nested"))
    return kinds


def _whole(value: int) -> str:
    if value in FLOAT_EXACT:
        return "whole53"
    if value in INT64:
        return "whole64"
    return "decimal" if len(str(abs(value))) <= MOST_DECIMAL_DIGITS else "number"


def merge(kinds: Kinds, more: Kinds) -> None:
    """Add what was seen in later lines."""
    for name, seen in more.items():
        kinds.setdefault(name, set()).update(seen)


def own_names(line: dict) -> list[str]:
    return [name for name in line if name not in _OURS]


def plain(value: object) -> object:
    """A value as one cell: nested ones as JSON."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else value
