"""One source of comments for the queue: its records at the positions that the bulk handler gives to the same bytes."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crypto_sentiment.files.places import STANDARD_INPUT as STANDARD_INPUT_NAME
from crypto_sentiment.files.places import Place, find_places
from crypto_sentiment.files.source import Asked, Source, look
from lambda_fn.bulk.columns import TEXT_NAMES, usual
from lambda_fn.bulk.encodings import UTF8
from lambda_fn.bulk.formats import JSON_LINES
from lambda_fn.bulk.records import Record, jsonl_records, split_record

STANDARD_INPUT = Path(STANDARD_INPUT_NAME)


@dataclass
class CommentFile:
    """A source that was looked at. path: its name. bytes_read: of it so far. s3: where it is an object."""

    path: Path
    source: Source
    bytes_read: int = 0
    s3: Any = None

    @classmethod
    def open(cls, path: Path, asked: Asked) -> "CommentFile":
        """Raises InputError: no such file, nothing that can be read, or no field that can be the text; UsageError: no
        such encoding."""
        [place], _ = find_places([str(path)])
        return cls(path, look(place, asked))

    @classmethod
    def of_object(cls, place: Place, text_column: str | None, s3: Any) -> "CommentFile":
        """An S3 object. Raises InputError, also if it has been overwritten since it was listed."""
        return cls(Path(place.key), look(place, Asked(text_column=text_column), s3), s3=s3)

    @property
    def text_column(self) -> str | None:
        """The field of the text, if the bulk handler has to be told: it finds those of the usual names by itself."""
        columns = self.source.columns
        found = columns.text or next(iter(columns.texts), None)
        return found if found and (columns.text or not usual([found], TEXT_NAMES)) else None

    @property
    def is_plain(self) -> bool:
        """Whether a position is a byte offset."""
        format, place = self.source.format, self.source.place
        return format.name == JSON_LINES and format.encoding == UTF8 and not self.source.layers and bool(place.size)

    @property
    def size(self) -> int | None:
        """Bytes as they lie there; None for standard input."""
        return self.source.place.size

    def records(self) -> Iterator[Record]:
        """All records. Raises InputError where the file is damaged."""
        if self.is_plain:
            with self.source.place.open(self.s3) as raw:
                for record in jsonl_records(io.BufferedReader(raw, 256 * 1024)):  # type: ignore[type-var]
                    self.bytes_read = record[0] + len(record[1])
                    yield from split_record(record)
        else:
            yield from enumerate(self.source.records(self._tell, self.s3))

    def _tell(self, count: int) -> None:
        self.bytes_read += count
