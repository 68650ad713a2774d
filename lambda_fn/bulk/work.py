"""The work that a message asks for, and its identity.

The identity of work is the hash of its content, never of its delivery: a redrive, a producer's resend or a repeated
notification brings the same work under another message id. See docs/BULK.md.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambda_fn.jobs import message as job_message

# A number above this is milliseconds: as seconds it would be the year 5138.
MAX_EPOCH_SECONDS = 1e11


class MessageError(ValueError):
    """A message that can never be scored, whatever is retried; SQS moves it to the dead-letter queue in the end.

    code: message_not_json, message_unknown_kind, message_invalid, object_missing, object_unknown_format,
    object_parquet, object_no_text, object_changed, object_corrupt, object_too_slow, object_own_output.
    """

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class InlineWork:
    """Comments that travel in the message. `comments` may hold anything that JSON can: each item is judged later.

    text_column: the field of their text; None: found by its name.
    """

    work_id: str
    partition: datetime
    comments: list[Any]
    body: dict[str, Any]
    text_column: str | None = None

    def message(self) -> dict[str, Any]:
        """This work as a new message that keeps its identity and its partition."""
        return {**self.body, "submitted_at": self.partition.isoformat()}


@dataclass(frozen=True, slots=True)
class ObjectWork:
    """An S3 object, or the records of it whose position is in [start, end).

    A position is a byte offset in a plain JSONL object, else the record's index (gzip has no ranges and quoted CSV has
    newlines inside records). part_of: for a part object that the handler cut from a larger one, the identity of
    that one. text_column: the field of the comments' text; None: found by its name.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None
    start: int = 0
    end: int | None = None
    part_of: "PartOf | None" = None
    text_column: str | None = None

    def message(self, start: int | None = None, etag: str | None = None) -> dict[str, Any]:
        """This work from `start` on as a new message. etag: of the object that was read, so that the rest is its."""
        fields = {
            "bucket": self.bucket,
            "key": self.key,
            "version_id": self.version_id,
            "etag": etag or self.etag,
            "start": self.start if start is None else start,
            "end": self.end,
            "text_column": self.text_column,
        }
        body: dict[str, Any] = {"s3": {name: value for name, value in fields.items() if value not in (None, 0)}}
        if self.part_of:
            body["part_of"] = self.part_of.fields()
        return body


@dataclass(frozen=True, slots=True)
class PartOf:
    """Where a part object's records belong: the work they were cut from and the index of the first of them."""

    work_id: str
    start: int
    partition: datetime

    def fields(self) -> dict[str, Any]:
        return {"work_id": self.work_id, "start": self.start, "submitted_at": self.partition.isoformat()}


@dataclass(frozen=True, slots=True)
class JobWork:
    """A Comprehend job from a document on: object: index of the input object. line, offset: within it. bytes: of the
    output's lines before it."""

    id: str
    object: int = 0
    line: int = 0
    offset: int = 0
    bytes: int = 0

    def at(self, object: int, line: int, offset: int) -> "JobWork":
        return JobWork(self.id, object, line, offset, self.bytes)

    def after(self, bytes: int) -> "JobWork":
        """The same place, with so many bytes more of output before it."""
        return JobWork(self.id, self.object, self.line, self.offset, self.bytes + bytes)

    def message(self) -> dict[str, Any]:
        """This work as a new message."""
        return job_message(self.id, object=self.object, line=self.line, offset=self.offset, bytes=self.bytes)


def inline_work_id(body: dict[str, Any]) -> str:
    """Identity of a message that carries its comments: sha256 of its canonical JSON without `submitted_at`."""
    return _digest({name: value for name, value in body.items() if name != "submitted_at"})


def object_work_id(bucket: str, key: str, etag: str, text_column: str | None = None) -> str:
    """Identity of an object's content at a place: the same whoever points to it, new when it is overwritten, and when
    another of its fields is to be scored."""
    return _digest(["s3", bucket, key, etag, *([text_column] if text_column else [])])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def parse_time(value: object) -> datetime | None:
    """UTC time of an ISO 8601 string or of seconds (or milliseconds) since 1970; None if it is neither."""
    try:
        if isinstance(value, str):
            try:
                value = float(text := value)
            except ValueError:
                time = datetime.fromisoformat(text)
                return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > MAX_EPOCH_SECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
