"""CSV as people have it: its delimiter and escapes found, stray quotes survived. Each row becomes a JSON line.

One physical row in is one record out. A row that cannot be read is a record that says so, and reading goes on in the
next line: a quote that never closes costs its own row, not all that follow.
"""

import csv
import io
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from lambda_fn.bulk.columns import TEXT_NAMES, usual
from lambda_fn.bulk.records import MAX_RECORD_BYTES

DELIMITERS = (",", ";", "\t", "|")
# No comment holds a unit separator: the "delimiter" of a file with one column.
NO_DELIMITER = "\x1f"
_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV is written. escape: a backslash where quotes are escaped by one and not doubled. skip: lines of it
    that come before the header. old_mac: lines end in a carriage return alone."""

    delimiter: str
    escape: str | None = None
    skip: int = 0
    header: tuple[str, ...] = ()
    old_mac: bool = False


def find_dialect(sample: str, text_column: str | None = None, delimiter: str | None = None) -> Dialect:
    """The dialect of a CSV that begins with `sample`: the one whose header names a text, whose rows fit it best."""
    old_mac = "\n" not in sample and "\r" in sample
    skip = 0
    if match := _SEP_LINE.match(sample):
        skip, delimiter, sample = 1, delimiter or match[1], sample[match.end() :]
    wanted = (text_column.strip().lower(),) if text_column else TEXT_NAMES
    best: tuple[tuple[bool, float, int], Dialect] | None = None
    for candidate in [delimiter] if delimiter else DELIMITERS:
        for escape in (None, "\\") if '\\"' in sample else (None,):
            dialect = Dialect(candidate, escape, skip, (), old_mac)
            rows = []
            for row in _rows(io.StringIO(sample, newline="" if old_mac else "\n"), dialect):
                rows.append(row)
                if len(rows) > _SAMPLE_ROWS:
                    break
            header = rows[0].cells if rows else []
            fits = sum(len(row.cells) == len(header) and not row.fault for row in rows) / max(1, len(rows))
            rank = bool(usual(header, wanted)), round(fits, 2) if len(header) > 1 else 0, len(header)
            if best is None or rank > best[0]:
                best = rank, Dialect(candidate, escape, skip, column_names(header), old_mac)
    assert best
    if len(best[1].header) <= 1 and not delimiter:
        return Dialect(NO_DELIMITER, best[1].escape, skip, best[1].header, old_mac)
    return best[1]


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns: an empty one is column_<number>, a repeated one gets a number behind it."""
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell if cell.strip() else f"column_{number}"
        base, count = name, 1
        while name in names:
            count += 1
            name = f"{base}_{count}"
        names.append(name)
    return tuple(names)


@dataclass(slots=True)
class _Row:
    line: int
    cells: list[str]
    fault: str = ""


class _Lines:
    """Physical lines for csv.reader, which can be given back; `taken` are those of the row at hand."""

    def __init__(self, text: io.TextIOBase):
        self._text = text
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self._size = self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else self._read()
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD_BYTES:
            raise csv.Error("it is longer than any comment, or a quote in it never closes")
        return line

    def _read(self) -> str:
        line = self._text.readline(MAX_RECORD_BYTES + 1)
        while len(line) > MAX_RECORD_BYTES and not line.endswith("\n"):
            rest = self._text.readline(MAX_RECORD_BYTES)
            if not rest or rest.endswith("\n"):
                break
        return line

    def next_row(self) -> None:
        """What was taken is read; a new row begins."""
        self.number += len(self.taken)
        self.taken.clear()
        self._size = 0

    def give_back(self) -> str:
        """Give back all lines of the row at hand but its first, which is returned."""
        first, *rest = self.taken
        self._back.extendleft(reversed(rest))
        del self.taken[1:]
        return first


def _rows(text: io.TextIOBase, dialect: Dialect) -> Iterator[_Row]:
    """All rows that are not blank, the header among them."""
    lines = _Lines(text)
    reader = _reader(lines, dialect, strict=True)
    while True:
        lines.next_row()
        try:
            cells, fault = next(reader), ""
        except StopIteration:
            return
        except csv.Error as error:
            first = lines.give_back()
            reader = _reader(lines, dialect, strict=True)
            cells, fault = _lenient(first, dialect, error)
        if cells or fault:
            yield _Row(lines.number + 1, cells, fault)


def _reader(lines: Iterable[str], dialect: Dialect, strict: bool) -> Iterator[list[str]]:
    return csv.reader(
        lines, delimiter=dialect.delimiter, escapechar=dialect.escape, doublequote=not dialect.escape, strict=strict
    )


def _lenient(line: str, dialect: Dialect, error: csv.Error) -> tuple[list[str], str]:
    """A line that is wrong by the book, but whose quotes pair: `"Great" coin`. Else what is wrong with it."""
    if len(line) <= MAX_RECORD_BYTES and line.count('"') % 2 == 0:
        try:
            return next(_reader([line], dialect, strict=False), []), ""
        except csv.Error:
            pass
    stray = "unexpected end" in str(error) or "expected after" in str(error)
    return [], "a quote in it never closes" if stray else str(error)


def csv_records(stream: BinaryIO, dialect: Dialect) -> Iterator[bytes]:
    """Rows behind the header as JSON lines; a repeated header is passed over. The stream must be UTF-8.

    Bytes that are not UTF-8 stay as they are, for `parse_record` to refuse.
    """
    text = io.TextIOWrapper(
        stream, encoding="utf-8-sig", errors="surrogateescape", newline="" if dialect.old_mac else "\n"
    )
    try:
        for _ in range(dialect.skip):
            text.readline()
        header: list[str] | None = None
        for row in _rows(text, dialect):
            cells = row.cells
            if header is None and not row.fault:
                header, names = cells, column_names(cells)
                continue
            line = row.line + dialect.skip
            value: object
            if row.fault or header is None:
                value = f"CSV row at line {line} cannot be read: {row.fault}"
            elif cells == header:
                continue
            else:
                while len(cells) > len(header) and not cells[-1].strip():
                    cells.pop()
                value = dict(zip(names, cells, strict=False))
                if len(cells) > len(header):
                    value = f"CSV row at line {line} has {len(cells)} fields, its header {len(header)}"
            yield json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
    finally:
        text.detach()  # the stream is the caller's to close
