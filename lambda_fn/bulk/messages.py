"""The kinds of bulk message, and the identity of the work that each one asks for.

A message body is JSON, one of

    {"comments": [{"id", "text", ...}, ...]}       many comments
    {"id", "text", ...}                            one comment
    {"s3": {"bucket", "key"}}                      a .jsonl, .ndjson or .csv object, plain or gzipped
    {"Records": [{"eventSource": "aws:s3", ...}]}  a native S3 event notification

each with an optional `submitted_at` (ISO 8601, or seconds since 1970), which picks the partition of the results.
Messages that the bulk handler sends to itself also carry `s3.start`, `s3.end`, `s3.etag` and `part_of`.

The identity of work is the hash of its content, never of its delivery: a redrive, a producer's resend or a repeated
notification brings the same work under another message id. See docs/BULK.md.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

WORK_ID = re.compile(r"[0-9a-f]{64}")
# A number above this is milliseconds: as seconds it would be the year 5138.
MAX_EPOCH_SECONDS = 1e11


class MessageError(ValueError):
    """A message that can never be scored, whatever is retried; SQS moves it to the dead-letter queue in the end.

    code: message_not_json, message_unknown_kind, message_invalid, object_missing, object_unknown_format,
    object_changed, object_corrupt, object_own_output.
    """

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class InlineWork:
    """Comments that travel in the message. `comments` may hold anything that JSON can: each item is judged later."""

    work_id: str
    partition: datetime
    comments: list[Any]
    body: dict

    def message(self) -> dict:
        """This work as a new message that keeps its identity and its partition."""
        return {**self.body, "submitted_at": self.partition.isoformat()}


@dataclass(frozen=True, slots=True)
class ObjectWork:
    """An S3 object, or the records of it whose position is in [start, end).

    A position is a byte offset in a plain JSONL object, else the record's index (gzip has no ranges and quoted CSV has
    newlines inside records). part_of: for a part object that the handler cut from a larger one, the identity of
    that one.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None
    start: int = 0
    end: int | None = None
    part_of: "PartOf | None" = None

    def message(self, start: int | None = None, etag: str | None = None) -> dict:
        """This work from `start` on as a new message. etag: of the object that was read, so that the rest is its."""
        fields = {
            "bucket": self.bucket,
            "key": self.key,
            "version_id": self.version_id,
            "etag": etag or self.etag,
            "start": self.start if start is None else start,
            "end": self.end,
        }
        body: dict = {"s3": {name: value for name, value in fields.items() if value not in (None, 0)}}
        if self.part_of:
            body["part_of"] = self.part_of.fields()
        return body


@dataclass(frozen=True, slots=True)
class PartOf:
    """Where a part object's records belong: the work they were cut from and the index of the first of them."""

    work_id: str
    start: int
    partition: datetime

    def fields(self) -> dict:
        return {"work_id": self.work_id, "start": self.start, "submitted_at": self.partition.isoformat()}


def parse_message(body: str, sent_at: datetime) -> list[InlineWork | ObjectWork]:
    """What one message asks for; nothing for `s3:TestEvent` and for notifications of removed objects.

    sent_at: the message's SentTimestamp, the partition of last resort.
    Raises MessageError.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError("message_not_json", f"{type(error).__name__} in a body of {len(body)} characters") from None
    found = _kinds(message)
    if found == ["s3:TestEvent"]:
        return []
    if found == ["Records"]:
        return [work for record in message["Records"] for work in _notified(record)]
    if found == ["s3"]:
        return [_pointer(message["s3"], message.get("part_of"))]
    if found == ["comments"]:
        return [InlineWork(inline_work_id(message), _partition(message, sent_at), message["comments"], message)]
    if found == ["text"]:
        comment = {name: value for name, value in message.items() if name != "submitted_at"}
        return [InlineWork(inline_work_id(message), _partition(message, sent_at), [comment], message)]
    raise MessageError(
        "message_unknown_kind", f"expected one of comments, text, s3 or Records; found {found or 'none'}"
    )


def _kinds(message: object) -> list[str]:
    """Of which kinds `message` could be. Of two at once is none: one half would silently be dropped."""
    if not isinstance(message, dict):
        return []
    kinds = {"Records": list, "s3": dict, "comments": list, "text": object}
    found = [kind for kind, of_type in kinds.items() if kind in message and isinstance(message[kind], of_type)]
    return ["s3:TestEvent"] if not found and message.get("Event") == "s3:TestEvent" else found


def inline_work_id(body: dict) -> str:
    """Identity of a message that carries its comments: sha256 of its canonical JSON without `submitted_at`."""
    return _digest({name: value for name, value in body.items() if name != "submitted_at"})


def object_work_id(bucket: str, key: str, etag: str) -> str:
    """Identity of an object's content at a place: the same whoever points to it, new when it is overwritten."""
    return _digest(["s3", bucket, key, etag])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _notified(record: object) -> list[ObjectWork]:
    match record:
        case {"eventSource": "aws:s3", "eventName": str(name), "s3": {"bucket": {"name": str(bucket)}, "object": item}}:
            if not name.startswith("ObjectCreated:"):
                return []
            match item:
                case {"key": str(key)}:
                    return [ObjectWork(bucket, unquote_plus(key), version_id=item.get("versionId"))]
    raise MessageError("message_unknown_kind", "a notification's record is not of an S3 object")


def _pointer(pointer: dict, part_of: object) -> ObjectWork:
    match pointer:
        case {"bucket": str(bucket), "key": str(key)} if bucket and key:
            texts = [pointer.get(name) for name in ("version_id", "etag")]
            start, end = pointer.get("start", 0), pointer.get("end")
            if all(text is None or isinstance(text, str) for text in texts) and _is_range(start, end):
                return ObjectWork(bucket, key, *texts, start, end, _part_of(part_of))
    raise MessageError("message_invalid", "s3 needs a bucket and a key, and start < end where they are given")


def _is_range(start: object, end: object) -> bool:
    return type(start) is int and start >= 0 and (end is None or (type(end) is int and end > start))


def _part_of(fields: object) -> PartOf | None:
    if fields is None:
        return None
    match fields:
        case {"work_id": str(work_id), "start": int(start), "submitted_at": str(submitted_at)}:
            partition = parse_time(submitted_at)
            if WORK_ID.fullmatch(work_id) and start >= 0 and partition:
                return PartOf(work_id, start, partition)
    raise MessageError("message_invalid", "part_of needs a work_id, a start and a submitted_at")


def _partition(message: dict, sent_at: datetime) -> datetime:
    return parse_time(message.get("submitted_at")) or sent_at


def parse_time(value: object) -> datetime | None:
    """UTC time of an ISO 8601 string or of seconds (or milliseconds) since 1970; None if it is neither."""
    try:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                time = datetime.fromisoformat(value)
                return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > MAX_EPOCH_SECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
