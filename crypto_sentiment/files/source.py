"""One source of comments, looked at: how it is packed and written, and which of its fields is the text."""

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from crypto_sentiment.files.errors import InputError, UsageError
from crypto_sentiment.files.parquet_rows import open_parquet, parquet_records
from crypto_sentiment.files.places import Place
from lambda_fn.bulk.choosing import NoText, choose_columns
from lambda_fn.bulk.columns import Columns
from lambda_fn.bulk.encodings import UTF8
from lambda_fn.bulk.formats import (
    CSV,
    HEAD_BYTES,
    JSON_LISTED,
    PARQUET,
    Format,
    FormatError,
    Wanted,
    find_format,
    first_records,
    records,
)
from lambda_fn.bulk.json_shapes import ShapeError
from lambda_fn.bulk.packing import LARGE_WINDOW, DamagedError, unpacked, with_head

SAMPLE_RECORDS = 1000


class NoTextError(InputError):
    """No field of a source can be its text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person said of the input, beside its place. keep_text: whether results carry the text."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    text_column: str | None = None
    id_column: str | None = None
    time_column: str | None = None
    keep_text: bool = True

    def wanted(self) -> Wanted:
        return Wanted(self.format, self.encoding, self.delimiter, self.text_column)


def format_named(name: str | None) -> str | None:
    """A format by the name that a person gives it. Raises UsageError."""
    if name is None:
        return None
    known = ("jsonl", "ndjson", "json", "csv", "tsv", "parquet")
    if name.lower().lstrip(".") not in known:
        raise UsageError(f"--format takes one of {', '.join(known)}")
    return name.lower().lstrip(".").replace("ndjson", "jsonl")


def delimiter_named(name: str | None) -> str | None:
    """A CSV's delimiter as a person writes it in a terminal. Raises UsageError."""
    delimiter = {"\\t": "\t", "tab": "\t"}.get(name or "", name)
    if delimiter is not None and len(delimiter) != 1:
        raise UsageError("--delimiter takes one character")
    return delimiter


class Counted(io.RawIOBase):
    """A stream that tells how many bytes of it have been read."""

    def __init__(self, raw: BinaryIO, tell: Callable[[int], None]):
        self._raw, self._tell = raw, tell

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:
        count = self._raw.readinto(target) or 0  # type: ignore[attr-defined]
        self._tell(count)
        return count


@dataclass
class Source:
    """A place that was looked at. columns: how its records are read. found: what was found, in a few words.

    is_results: it holds results of ours. window: bytes that its zstd frames ask for.
    """

    place: Place
    format: Format
    columns: Columns
    found: str
    is_results: bool = False
    window: int = 0
    header: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    _stream: io.BufferedReader | None = None
    _kept: Any = None

    def records(self, tell: Callable[[int], None] = lambda count: None, s3: Any = None) -> Iterator[bytes]:
        """The source's records in order; `tell` gets the number of bytes whenever some were read.

        Raises InputError where the source is damaged, naming it and the place.
        """
        name = self.place.name
        raw = None
        try:
            if self._stream is not None:
                stream, self._stream = self._stream, None
            else:
                raw = self.place.open(s3)
                stream, _, _ = unpacked(io.BufferedReader(Counted(raw, tell), 256 * 1024))
            if self.format.name == PARQUET:
                yield from self._rows(stream, raw, tell, s3)
            else:
                yield from records(stream, self.format)
        except (DamagedError, ShapeError) as error:
            raise InputError(f"{name}: {error}") from None
        finally:
            if raw is not None:
                raw.close()

    def _rows(self, stream: io.BufferedReader, raw: BinaryIO | None, tell: Callable, s3: Any) -> Iterator[bytes]:
        """Parquet is read from its end: where a stream cannot be sought, or is packed, it goes to a temporary file."""
        head, stream, _ = with_head(stream, 4)
        if raw is not None and raw.seekable() and _starts_with(raw, head):
            yield from self._parquet(raw)
            tell(self.place.size or 0)
            return
        with tempfile.TemporaryFile() as file:
            _copy(stream, file)
            yield from self._parquet(file)

    def _parquet(self, file: BinaryIO) -> Iterator[bytes]:
        parquet = open_parquet(file, self.place.name)
        self.header = tuple(parquet.schema_arrow.names)
        yield from parquet_records(parquet, self.place.name)


def _copy(stream: BinaryIO, file: Any) -> None:
    while piece := stream.read(1024 * 1024):
        file.write(piece)
    file.flush()
    file.seek(0)


def _saved(stream: BinaryIO, place: Place, source: Source) -> Place:
    """A pipe's content in a temporary file, which lives as long as `source` does."""
    source._kept = file = tempfile.NamedTemporaryFile()  # noqa: SIM115
    _copy(stream, file)
    return Place(place.name, os.fstat(file.fileno()).st_size, path=Path(file.name))


def _buffered(raw: Any) -> io.BufferedReader:
    return io.BufferedReader(raw, 256 * 1024)


def _starts_with(raw: BinaryIO, head: bytes) -> bool:
    raw.seek(0)
    found = raw.read(len(head))
    raw.seek(0)
    return found == head


def look(place: Place, asked: Asked, s3: Any = None) -> Source:
    """Find out what a place holds. Reads its first bytes, and no more unless it is Parquet.

    Raises InputError if it is nothing that can be read, NoTextError if no field can be the text.
    """
    try:
        raw = place.open(s3)
        stream, layers, window = unpacked(_buffered(raw) if place.can_be_read_again else raw)
        head, stream, whole = with_head(stream, HEAD_BYTES)
        format = find_format(head, whole, asked.wanted(), place.name.rpartition("/")[2])
        if format.name == CSV and format.encoding == UTF8 and not asked.encoding:
            format = _late_encoding(place, format, head, whole, s3)
        source = Source(place, format, Columns(), "", window=window, layers=tuple(layers))
        header = format.dialect.header if format.dialect else ()
        if format.name == PARQUET and not place.can_be_read_again:
            source.place = place = _saved(stream, place, source)
        if format.name == PARQUET or (format.name == JSON_LISTED and place.can_be_read_again):
            sample = list(islice(source.records(s3=s3), SAMPLE_RECORDS))
            header = source.header
        else:
            sample = first_records(head, whole, format, SAMPLE_RECORDS)
        if not place.can_be_read_again:
            source._stream = stream
    except FormatError as error:
        raise (UsageError if "no encoding" in str(error) else InputError)(f"{place.name}: {error}") from None
    except (DamagedError, ShapeError) as error:
        raise InputError(f"{place.name}: {error}") from None
    finally:
        if place.can_be_read_again and "raw" in locals():
            raw.close()
    told = asked.text_column, asked.id_column, asked.time_column, asked.keep_text
    try:
        source.columns, source.is_results = choose_columns(place.name, sample, header, *told)
    except NoText as error:
        _tell_damage(place, s3)
        raise NoTextError(str(error)) from None
    packed = f", {' in '.join(reversed(layers))}" if layers else ""
    text = source.columns.text or next(iter(source.columns.texts), "?")
    source.found = f"{format.described()}{packed}; text in {text!r}"
    if window > LARGE_WINDOW:
        source.found += f"; its zstd window takes {window // 2**20:,} MB of memory"
    return source


def _tell_damage(place: Place, s3: Any) -> None:
    """Raises InputError where a place's first bytes are damaged: its fields are then not what is wrong with it."""
    if not place.can_be_read_again:
        return
    try:
        with place.open(s3) as raw:
            unpacked(_buffered(raw))[0].read(HEAD_BYTES)
    except DamagedError as error:
        raise InputError(f"{place.name}: {error}") from None


def _late_encoding(place: Place, format: Format, head: bytes, whole: bool, s3: Any) -> Format:
    """A CSV that begins in plain ASCII may turn out not to be UTF-8: all of it decides, where it can be read again."""
    import codecs

    if whole or not place.can_be_read_again or any(byte >= 0x80 for byte in head):
        return format
    decoder = codecs.getincrementaldecoder(UTF8)()
    with place.open(s3) as raw:
        stream, _, _ = unpacked(_buffered(raw))
        while piece := stream.read(1024 * 1024):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                try:
                    piece[error.start : error.start + 4096].decode("cp1252")
                except UnicodeDecodeError:
                    return format
                return Format(CSV, "cp1252", format.dialect)
    return format
