"""The kinds of bulk message, and the identity of the work that each one asks for.

A message body is JSON, one of

    {"comments": [{"id", "text", ...}, ...]}       many comments
    {"id", "text", ...}                            one comment
    {"s3": {"bucket", "key"}}                      an object of comments, in any format but Parquet
    {"Records": [{"eventSource": "aws:s3", ...}]}  a native S3 event notification
    {"source": "aws.s3", "detail-type", "detail"}  the same by way of EventBridge
    {"Type": "Notification", "Message": "..."}     any of these by way of an SNS topic
    {"comprehend_job": {"id"}}                     a job that the HTTP API has begun

each with an optional `submitted_at` (ISO 8601, or seconds since 1970), which picks the partition of the results.
`text_column`, beside `comments` or in `s3`, names the field of the text where it has no usual name.
Messages that the bulk handler sends to itself also carry `s3.start`, `s3.end`, `s3.etag` and `part_of`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lambda_fn.bulk.decoding import decode
from lambda_fn.bulk.notifications import bridged, notified
from lambda_fn.bulk.work import InlineWork, JobWork, MessageError, ObjectWork, PartOf, inline_work_id, parse_time
from lambda_fn.jobs import MESSAGE as JOB

Work = InlineWork | ObjectWork | JobWork

WORK_ID = re.compile(r"[0-9a-f]{64}")
JOB_ID = re.compile(r"[0-9a-f]{32}")
# Years that a partition may be of: Reddit began in 2005, and no queue keeps a message for a century.
YEARS = range(2000, 2101)
# An envelope in an envelope is possible (EventBridge to SNS to SQS); more is somebody's game.
MAX_ENVELOPES = 3


def parse_message(body: str, sent_at: datetime) -> list[Work]:
    """What one message asks for; nothing for `s3:TestEvent`, for events that are no new object, for a job's markers.

    sent_at: the message's SentTimestamp, the partition of last resort.
    Raises MessageError.
    """
    message = _decoded(body)
    for _ in range(MAX_ENVELOPES):
        if not _is_sns(message):
            break
        message = _decoded(message["Message"])
    found = _kinds(message)
    if len(found) == 1:
        return _KINDS[found[0]].works(message, sent_at)
    raise MessageError(
        "message_unknown_kind", f"expected one of {', '.join(_KINDS)}; found {' and '.join(found) or 'none'}"
    )


def _decoded(body: str) -> Any:
    try:
        return decode(body)
    except ValueError as error:
        raise MessageError("message_not_json", f"{type(error).__name__} in a body of {len(body)} characters") from None


def _is_sns(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("Type") == "Notification"
        and "TopicArn" in message
        and isinstance(message.get("Message"), str)
    )


def _kinds(message: object) -> list[str]:
    """Of which kinds `message` could be. Of two at once is none: one half would silently be dropped."""
    if not isinstance(message, dict):
        return []
    return [name for name, kind in _KINDS.items() if name in message and kind.fits(message)]


def _pointer(pointer: dict[str, Any], part_of: object) -> ObjectWork:
    match pointer:
        case {"bucket": str(bucket), "key": str(key)} if bucket and key:
            texts = [pointer.get(name) for name in ("version_id", "etag", "text_column")]
            start, end = pointer.get("start", 0), pointer.get("end")
            if all(text is None or isinstance(text, str) for text in texts) and _is_range(start, end):
                version_id, etag, text_column = texts
                return ObjectWork(bucket, key, version_id, etag, start, end, _part_of(part_of), text_column or None)
    raise MessageError("message_invalid", "s3 needs a bucket and a key, and start < end where they are given")


def _is_range(start: object, end: object) -> bool:
    return type(start) is int and start >= 0 and (end is None or (type(end) is int and end > start))


def _part_of(fields: object) -> PartOf | None:
    if fields is None:
        return None
    match fields:
        case {"work_id": str(work_id), "start": int(start), "submitted_at": str(submitted_at)}:
            partition = parse_time(submitted_at)
            if WORK_ID.fullmatch(work_id) and start >= 0 and partition and partition.year in YEARS:
                return PartOf(work_id, start, partition)
    raise MessageError("message_invalid", "part_of needs a work_id, a start and a submitted_at")


def _partition(message: dict[str, Any], sent_at: datetime) -> datetime:
    """Raises MessageError for a time that no comment can have been submitted at."""
    time = parse_time(message.get("submitted_at"))
    if time is None:
        return sent_at
    if time.year not in YEARS:
        raise MessageError("message_invalid", f"submitted_at is of the year {time.year}")
    return time


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of message. fits: whether a message that has its name is one. works: what such a message asks for."""

    fits: Callable[[dict[str, Any]], bool]
    works: Callable[[dict[str, Any], datetime], list[Work]]


def _inline(message: dict[str, Any], comments: list[Any], sent_at: datetime) -> list[Work]:
    text_column = message.get("text_column") if "comments" in message else None
    if text_column is not None and not isinstance(text_column, str):
        raise MessageError("message_invalid", "text_column must be the name of a field")
    return [InlineWork(inline_work_id(message), _partition(message, sent_at), comments, message, text_column or None)]


def _job(fields: dict[str, Any]) -> list[Work]:
    id, numbers = fields.get("id"), [fields.get(name, 0) for name in ("object", "line", "offset", "bytes")]
    if not isinstance(id, str) or not JOB_ID.fullmatch(id) or any(type(n) is not int or n < 0 for n in numbers):
        raise MessageError("message_invalid", f"{JOB} needs the id of a job")
    return [JobWork(id, *numbers)]


def _single(message: dict[str, Any], sent_at: datetime) -> list[Work]:
    comment = {name: value for name, value in message.items() if name != "submitted_at"}
    return _inline(message, [comment], sent_at)


# By the name that gives a message away.
_KINDS = {
    "comments": _Kind(lambda m: isinstance(m["comments"], list), lambda m, at: _inline(m, m["comments"], at)),
    "text": _Kind(lambda m: True, _single),
    "s3": _Kind(lambda m: isinstance(m["s3"], dict), lambda m, at: [_pointer(m["s3"], m.get("part_of"))]),
    "Records": _Kind(
        lambda m: isinstance(m["Records"], list),
        lambda m, at: [work for record in m["Records"] for work in notified(record)],
    ),
    "detail-type": _Kind(lambda m: isinstance(m["detail-type"], str), lambda m, at: [*bridged(m)]),
    JOB: _Kind(lambda m: isinstance(m[JOB], dict), lambda m, at: _job(m[JOB])),
    "Event": _Kind(lambda m: m["Event"] == "s3:TestEvent", lambda m, at: []),
}
