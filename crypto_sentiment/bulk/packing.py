"""Comments packed into messages, the same way each time: what is sent twice is then scored once.

A file that grew since it was last sent keeps its messages: those that are known are made again at their borders, and
what is new follows in messages of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from lambda_fn.bulk.columns import ID_NAMES, TEXT_NAMES, usual
from lambda_fn.bulk.records import Record, parse_record
from lambda_fn.bulk.sqs import MAX_MESSAGE_BYTES, encode_body
from lambda_fn.bulk.work import inline_work_id
from lambda_fn.model.text import TextError
from lambda_fn.settings import get_settings

# Room for the rest of a message around its comments.
ENVELOPE_BYTES = 512
# A shorter record cannot become longer than a message, however its numbers are written.
CHECKED_BYTES = MAX_MESSAGE_BYTES // 8


@dataclass(frozen=True, slots=True)
class Message:
    """body: JSON. comments: how many records of the file it carries. known: it was sent before."""

    work_id: str
    body: str
    comments: int
    bytes: int
    known: bool = False


def pack(
    records: Iterable[Record], name: str, submitted_at: str, message_bytes: int, known: Sequence[tuple[str, int]] = ()
) -> Iterator[Message]:
    """Pack records, in order, into messages of at most `message_bytes`; one larger comment is a message of its own.

    known: works that were sent before, in order. As long as the records are still theirs, they come first, and as they
    were; from the first that is another on, all is packed anew.
    """
    source = iter(records)
    for work_id, count in known:
        taken = list(islice(source, count))
        if len(taken) < count or (message := _message_of(taken, name, submitted_at)).work_id != work_id:
            source = chain(taken, source)
            break
        yield Message(work_id, message.body, count, message.bytes, known=True)
    yield from _pack(source, name, submitted_at, message_bytes)


def _pack(source: Iterable[Record], name: str, submitted_at: str, message_bytes: int) -> Iterator[Message]:
    comments: list = []
    size, first = 0, 0
    for position, line in source:
        comment = _sendable(line)
        length = _size(comment)
        if comments and size + length > message_bytes - ENVELOPE_BYTES:
            yield _message(comments, name, first, submitted_at)
            comments, size = [], 0
        if not comments:
            first = position
        comments.append(comment)
        size += length
    if comments:
        yield _message(comments, name, first, submitted_at)


def _sendable(line: bytes) -> dict | str:
    """The comment, or what there is of a broken one: the bulk handler makes an error line of either.

    A text that is too long to be scored need not travel whole to be refused.
    """
    try:
        comment = parse_record(line)
    except TextError:
        return line[:200].decode(errors="replace")
    texts = usual(comment, TEXT_NAMES)
    limit = get_settings().max_text_chars
    for name in texts:
        if isinstance(comment[name], str) and len(comment[name]) > limit:
            comment[name] = comment[name][: limit + 1]
    if len(line) > CHECKED_BYTES and _size(comment) > MAX_MESSAGE_BYTES - ENVELOPE_BYTES:
        comment = {name: comment[name] for name in (*usual(comment, ID_NAMES), *texts)}
        comment["fields_dropped"] = "larger than a message"
        if _size(comment) > MAX_MESSAGE_BYTES - ENVELOPE_BYTES:
            return line[:200].decode(errors="replace")
    return comment


def _size(comment: dict | str) -> int:
    return len(encode_body(comment).encode()) + 1


def _message_of(taken: list[Record], name: str, submitted_at: str) -> Message:
    return _message([_sendable(line) for _, line in taken], name, taken[0][0], submitted_at)


def _message(comments: list, name: str, first: int, submitted_at: str) -> Message:
    # `batch` tells equal comments of different places apart: without ids they would be one and the same work.
    message = {"comments": comments, "batch": f"{name}:{first}", "submitted_at": submitted_at}
    body = encode_body(message)
    return Message(inline_work_id(message), body, len(comments), len(body.encode()))
