"""Comments packed into messages, the same way each time: what is sent twice is then scored once.

A file that grew since it was last sent keeps its messages: those that are known are made again at their borders, and
what is new follows in messages of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

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
    records: Iterable[Record],
    name: str,
    submitted_at: str,
    message_bytes: int,
    known: Sequence[tuple[str, int]] = (),
    text_column: str | None = None,
) -> Iterator[Message]:
    """Pack records, in order, into messages of at most `message_bytes`; one larger comment is a message of its own.

    text_column: the field of the text, where it has no usual name.

    known: works that were sent before, in order. As long as the records are still theirs, they come first, and as they
    were; from the first that is another on, all is packed anew.
    """
    source = iter(records)
    envelope = _Envelope(name, submitted_at, text_column)
    for work_id, count in known:
        taken = list(islice(source, count))
        if len(taken) < count or (message := envelope.of(taken)).work_id != work_id:
            source = chain(taken, source)
            break
        yield Message(work_id, message.body, count, message.bytes, known=True)
    yield from _pack(source, envelope, message_bytes)


def _pack(source: Iterable[Record], envelope: "_Envelope", message_bytes: int) -> Iterator[Message]:
    comments: list[dict | str] = []
    size, first = 0, 0
    for position, line in source:
        comment = _sendable(line, envelope.text_column)
        length = _size(comment)
        if comments and size + length > message_bytes - ENVELOPE_BYTES:
            yield envelope.around(comments, first)
            comments, size = [], 0
        if not comments:
            first = position
        comments.append(comment)
        size += length
    if comments:
        yield envelope.around(comments, first)


def _sendable(line: bytes, text_column: str | None) -> dict | str:
    """The comment, or what there is of a broken one: the bulk handler makes an error line of either.

    A text that is too long to be scored need not travel whole to be refused.
    """
    try:
        comment = parse_record(line)
    except TextError:
        return line[:200].decode(errors="replace")
    texts = usual(comment, TEXT_NAMES)
    if text_column:
        texts = [text_column] if text_column in comment else [text_column.partition(".")[0]]
        texts = [name for name in texts if name in comment]
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


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What the messages of one source have in common."""

    name: str
    submitted_at: str
    text_column: str | None

    def of(self, taken: list[Record]) -> Message:
        return self.around([_sendable(line, self.text_column) for _, line in taken], taken[0][0])

    def around(self, comments: list[dict | str], first: int) -> Message:
        # `batch` tells equal comments of different places apart: without ids they would be one and the same work.
        message: dict[str, Any] = {"comments": comments, "batch": f"{self.name}:{first}"}
        if self.text_column:
            message["text_column"] = self.text_column
        message["submitted_at"] = self.submitted_at
        body = encode_body(message)
        return Message(inline_work_id(message), body, len(comments), len(body.encode()))
