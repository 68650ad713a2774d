"""One file of comments for the queue: its records at the positions that the bulk handler gives to the same bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crypto_sentiment.files.places import STANDARD_INPUT as STANDARD_INPUT_NAME
from crypto_sentiment.files.places import find_places
from crypto_sentiment.files.source import Asked, Source, look
from lambda_fn.bulk.encodings import UTF8
from lambda_fn.bulk.formats import JSON_LINES
from lambda_fn.bulk.records import Record, jsonl_records

STANDARD_INPUT = Path(STANDARD_INPUT_NAME)


@dataclass
class CommentFile:
    """A file that was looked at. bytes_read: of it so far."""

    path: Path
    source: Source
    bytes_read: int = 0

    @classmethod
    def open(cls, path: Path) -> "CommentFile":
        """Raises InputError: no such file, nothing that can be read, or no field that can be the text."""
        [place], _ = find_places([str(path)])
        return cls(path, look(place, Asked()))

    @property
    def is_plain(self) -> bool:
        """Whether a position is a byte offset."""
        format, place = self.source.format, self.source.place
        return format.name == JSON_LINES and format.encoding == UTF8 and not self.source.layers and bool(place.size)

    @property
    def name(self) -> str:
        return "stdin" if self.path == STANDARD_INPUT else self.path.name

    @property
    def size(self) -> int | None:
        """Bytes on disk; None for standard input."""
        return self.source.place.size

    def identity(self) -> dict:
        """What tells this content from another without reading it all."""
        if self.size is None:
            return {"name": self.name}
        return {"name": self.name, "size": self.size, "modified_ns": self.path.stat().st_mtime_ns}

    def records(self) -> Iterator[Record]:
        """All records. Raises InputError where the file is damaged."""
        if self.is_plain:
            with self.path.open("rb") as file:
                for record in jsonl_records(file):
                    self.bytes_read = record[0] + len(record[1])
                    yield record
        else:
            yield from enumerate(self.source.records(self._tell))

    def _tell(self, count: int) -> None:
        self.bytes_read += count
