"""What a stream of comments is written in, found by its first bytes; and its records, whatever that is.

A record is JSON of one comment, as bytes. All formats but Parquet are read here, by nothing but the standard library.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from itertools import islice

from lambda_fn.bulk import json_shapes
from lambda_fn.bulk.columns import TEXT_NAMES, usual
from lambda_fn.bulk.csv_rows import Dialect, csv_records, find_dialect
from lambda_fn.bulk.encodings import UTF8, EncodingUnknown, as_utf8, find_encoding
from lambda_fn.bulk.json_shapes import json_shape
from lambda_fn.bulk.records import jsonl_records, split_line

JSON_LINES, JSON_VALUES, JSON_LISTED, CSV, PARQUET = "JSON lines", "JSON", "JSON around a list", "CSV", "Parquet"
# How much of a stream is looked at before it is read.
HEAD_BYTES = 256 * 1024
_SHAPES = {json_shapes.LINES: JSON_LINES, json_shapes.VALUES: JSON_VALUES, json_shapes.LISTED: JSON_LISTED}
_OTHERS = {
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"ARROW1": "an Arrow file",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
}
TAKEN = "JSON lines, JSON, CSV or Parquet are read, plain or packed with gzip, zstd, bzip2 or xz"


class FormatError(ValueError):
    """Content that is no file of comments; the message says what it seems to be."""


@dataclass(frozen=True, slots=True)
class Format:
    """name: one of the constants above. dialect: of a CSV."""

    name: str
    encoding: str = UTF8
    dialect: Dialect | None = None

    def described(self) -> str:
        """In words, for the line that says what was found."""
        parts = [self.name]
        if self.dialect and self.dialect.delimiter != ",":
            parts.append({";": "semicolons", "\t": "tabs", "|": "bars", "\x1f": "one column"}.get(
                self.dialect.delimiter, f"delimiter {self.dialect.delimiter!r}"
            ))  # fmt: skip
        if self.encoding != UTF8:
            parts.append(self.encoding)
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person said of the input; None: to be found. format: jsonl, json, csv, tsv or parquet."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    text_column: str | None = None


def find_format(head: bytes, whole: bool, wanted: Wanted, name: str = "") -> Format:
    """The format of a content that begins with `head`. whole: there is no more of it. name: only tips the scales.

    Raises FormatError.
    """
    if wanted.format == "parquet" or (wanted.format is None and head.startswith(b"PAR1")):
        return Format(PARQUET)
    if wanted.format is None and (other := next((v for magic, v in _OTHERS.items() if head.startswith(magic)), None)):
        raise FormatError(f"it is {other}; {TAKEN}")
    try:
        encoding = wanted.encoding or find_encoding(head, whole)
        text = head.decode(encoding, "replace").removeprefix("\ufeff")
    except EncodingUnknown as error:
        raise FormatError(
            f"{error}; name it with --encoding" if "cp1252" in str(error) else f"{error}; {TAKEN}"
        ) from None
    except LookupError:
        raise FormatError(f"there is no encoding {wanted.encoding!r}") from None
    if wanted.format in (None, "json", "jsonl"):
        shape = json_shape(text.encode("utf-8", "surrogatepass"), whole)
        if wanted.format == "jsonl" or (shape is None and (wanted.format or not text.strip())):
            shape = json_shapes.LINES
        if shape == json_shapes.LISTED and not whole and "\n" not in text.strip() and ".jsonl" in name.lower():
            shape = json_shapes.LINES  # its first line is longer than what is looked at
        if shape:
            return Format(_SHAPES[shape], UTF8 if encoding == "cp1252" and not wanted.encoding else encoding)
    sample = text if whole else text[: text.rfind("\n") + 1] or text
    delimiter = wanted.delimiter or ("\t" if wanted.format == "tsv" else None)
    dialect = find_dialect(sample, wanted.text_column, delimiter)
    if wanted.format is None and _called_json(name) and not has_text(dialect.header, wanted.text_column):
        return Format(JSON_LINES, UTF8 if encoding == "cp1252" and not wanted.encoding else encoding)
    return Format(CSV, encoding, dialect)


def has_text(header: Sequence[str], text_column: str | None = None) -> bool:
    """Whether a CSV's header names the text: the column that was asked for, or one of a usual name."""
    return text_column in header if text_column else bool(usual(header, TEXT_NAMES))


def _called_json(name: str) -> bool:
    return ".json" in name.lower() or ".ndjson" in name.lower()


def records(stream: BufferedReader, format: Format) -> Iterator[bytes]:
    """The records of a stream of any format but Parquet, in order. Raises ShapeError, and what the stream raises."""
    stream = as_utf8(stream, format.encoding)
    if format.name == CSV:
        assert format.dialect
        yield from csv_records(stream, format.dialect)
    elif format.name == JSON_VALUES:
        yield from json_shapes.values(stream)
    elif format.name == JSON_LISTED:
        yield from json_shapes.listed(stream)
    else:
        for _, line in jsonl_records(stream):
            yield from split_line(line)


def first_records(head: bytes, whole: bool, format: Format, count: int = 1000) -> list[bytes]:
    """The records that lie whole in a content's first bytes; the last, that may be cut off, is left out."""
    if format.name == JSON_LISTED and not whole:
        return []
    found: list[bytes] = []
    source = records(BufferedReader(BytesIO(head)), format)
    try:
        for record in islice(source, count + 1):
            found.append(record)
    except json_shapes.ShapeError:
        if not found and whole:
            raise
        return found
    return found[:count] if whole or len(found) > count else found[:-1] or found
