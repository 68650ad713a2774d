"""Files of comments on this machine: .jsonl, .ndjson and .csv, plain or .gz, or standard input."""

import gzip
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lambda_fn.bulk.records import Chunk, Record, byte_chunks, counted_chunks, jsonl_records, numbered_records

STANDARD_INPUT = Path("-")


class InputError(ValueError):
    """A file that cannot be read as comments; the message is for the person who named it."""


@dataclass
class CommentFile:
    """An open file of comments. Positions are those that the bulk handler gives to the same bytes in S3."""

    path: Path
    is_csv: bool
    is_gzip: bool
    raw: BinaryIO

    @classmethod
    def open(cls, path: Path) -> "CommentFile":
        """Raises InputError: no such file, or of unknown kind. Standard input is JSONL."""
        if path == STANDARD_INPUT:
            return cls(path, False, False, sys.stdin.buffer)
        name = path.name.lower()
        is_gzip = name.endswith(".gz")
        if not name.removesuffix(".gz").endswith((".jsonl", ".ndjson", ".csv")):
            raise InputError(f"{path} is not a .jsonl, .ndjson or .csv file, plain or .gz")
        try:
            return cls(path, name.removesuffix(".gz").endswith(".csv"), is_gzip, path.open("rb"))
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from None

    @property
    def is_plain(self) -> bool:
        """Whether a position is a byte offset."""
        return not (self.is_csv or self.is_gzip)

    @property
    def name(self) -> str:
        return "stdin" if self.path == STANDARD_INPUT else self.path.name

    @property
    def size(self) -> int | None:
        """Bytes on disk; None for standard input."""
        return None if self.path == STANDARD_INPUT else self.path.stat().st_size

    def identity(self) -> dict:
        """What tells this content from another without reading it all."""
        if self.path == STANDARD_INPUT:
            return {"name": self.name}
        stat = self.path.stat()
        return {"name": self.name, "size": stat.st_size, "modified_ns": stat.st_mtime_ns}

    def records(self, start: int = 0) -> Iterator[Record]:
        """Records from position `start` on. Raises InputError for broken gzip."""
        try:
            if self.is_plain:
                if start:
                    self.raw.seek(start - 1)
                yield from jsonl_records(self.raw, start)
            else:
                stream = io.BufferedReader(gzip.GzipFile(fileobj=self.raw)) if self.is_gzip else self.raw
                yield from numbered_records(stream, self.is_csv, start)
        except (EOFError, gzip.BadGzipFile) as error:
            raise InputError(f"{self.path} is not whole gzip: {error}") from None

    def chunks(self, start: int = 0) -> Iterator[Chunk]:
        """The records in the chunks that the bulk handler would cut them into."""
        return (byte_chunks if self.is_plain else counted_chunks)(self.records(start))
