"""JSON that is not one object a line: an array, objects end to end, one object around a list. Each becomes lines."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from lambda_fn.bulk.columns import TEXT_NAMES, usual
from lambda_fn.bulk.packing import DamagedError
from lambda_fn.bulk.records import MAX_RECORD_BYTES, after_blanks

LINES, VALUES, LISTED = "lines", "values", "listed"
# An object around a list is read whole.
MAX_OBJECT_BYTES = 16 * 1024 * 1024
_PIECE = 256 * 1024
_decoder = json.JSONDecoder()


class ShapeError(DamagedError):
    """JSON that breaks off, or that holds no comments that can be found; the message says where or what it is."""


class NoListError(ShapeError):
    """JSON that is whole, but not around just one list of comments."""


def json_shape(head: bytes, whole: bool) -> str | None:
    """LINES, VALUES (an array, or objects end to end) or LISTED (one object around a list); None: not JSON.

    head: the first bytes, up to the end of a line unless they are all there is (`whole`).
    """
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n\x1e")
    if text[:1] == "[":
        first = text[1:].lstrip()[:1]
        return LINES if first not in '{["]' or _array_lines(text) else VALUES
    if text[:1] != "{":
        return None
    lines = [line for line in text.split("\n")[:200] if line.strip()]
    alone = sum(_is_object(line) for line in lines)
    if alone:
        return (
            LISTED if whole and len(lines) == 1 and not _has_text(lines[0]) and _lists(json.loads(lines[0])) else LINES
        )
    try:
        value, end = _decoder.raw_decode(text)
    except ValueError:
        value, end = None, len(text)
        if len(lines) > 1 and not _opens_only(lines[0]):
            return LINES  # each line is broken by itself
    rest = text[end:].strip()
    if value is not None and (rest or not whole):
        return VALUES
    return LISTED if value is None or not _has(value) else VALUES


def _array_lines(text: str) -> bool:
    """Whether each line is an array of its own: no comments, but a line's fault, not the file's."""
    lines = [line for line in text.split("\n")[:3] if line.strip()]
    return len(lines) > 1 and all(line.lstrip()[:1] == "[" and line.rstrip()[-1:] == "]" for line in lines)


def _opens_only(line: str) -> bool:
    """Whether a line may be the first of an object over several: nothing in it is wrong but that it ends."""
    try:
        _decoder.raw_decode(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(line.rstrip()) - 1
    return False


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _has_text(line: str) -> bool:
    return _has(json.loads(line))


def _has(value: object) -> bool:
    return isinstance(value, dict) and bool(usual(value, TEXT_NAMES))


def values(stream: BinaryIO) -> Iterator[bytes]:
    """The values of an array, or of objects end to end, each as JSON of its own; a bare string as {"text": …}.

    Raises ShapeError where the JSON breaks off, since nothing tells where the next value would begin.
    """
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    buffer, at, ended, index, done = "", 0, False, 0, 0
    in_array: bool | None = None
    piece_bytes = _PIECE
    while True:
        at = after_blanks(buffer, at)
        if in_array is None and at < len(buffer):
            buffer = buffer[at:].lstrip("\ufeff")
            in_array, at = buffer[:1] == "[", int(buffer[:1] == "[")
            continue
        if in_array and buffer[at : at + 1] == "]":
            in_array, at = None, at + 1  # several arrays end to end are one
            continue
        error: Exception | None = None
        if at < len(buffer):
            try:
                value, end = _decoder.raw_decode(buffer, at)
            except RecursionError:
                raise ShapeError(f"value {index + 1} is nested too deep") from None
            except ValueError as problem:
                error = problem
            else:
                # a number, or a string's end, may go on in the next piece
                if isinstance(value, dict | list) or end < len(buffer) or ended:
                    raw = {"text": value} if isinstance(value, str) else None
                    # line breaks inside strings are escaped; a record is one line
                    text = json.dumps(raw) if raw else buffer[at:end].replace("\n", " ")
                    yield text.encode("utf-8", "surrogateescape")
                    index, at, piece_bytes = index + 1, end, _PIECE
                    continue
        if ended:
            if at >= len(buffer) and not in_array:
                return
            what = error or "the array does not end"
            raise ShapeError(f"the JSON breaks off in value {index + 1}, after {done:,} bytes: {what}")
        if len(buffer) - at > 2 * MAX_RECORD_BYTES:
            raise ShapeError(f"value {index + 1} is not JSON, or has more than {MAX_RECORD_BYTES:,} bytes: {error}")
        piece = stream.read(piece_bytes)
        piece_bytes = min(4 * piece_bytes, MAX_RECORD_BYTES)  # so that a long value is not tried piece by piece
        done, ended = done + len(piece), not piece
        buffer, at = buffer[at:] + decode(piece, not piece), 0


def _lists(value: object, depth: int = 4) -> list[list[Any]]:
    """The lists of comments inside an object."""
    if isinstance(value, list):
        items = [unwrapped(item) for item in value[:100]]
        return [value] if any(_has(item) for item in items) else []
    if isinstance(value, dict) and depth:
        return [found for item in value.values() for found in _lists(item, depth - 1)]
    return []


def unwrapped(item: object) -> object:
    """Reddit's API wraps each thing as {"kind", "data"}."""
    return item["data"] if isinstance(item, dict) and set(item) == {"kind", "data"} else item


def listed(stream: BinaryIO) -> Iterator[bytes]:
    """The comments of the one list inside one object. Raises ShapeError if there is none, or more than one."""
    content = stream.read(MAX_OBJECT_BYTES + 1)
    if len(content) > MAX_OBJECT_BYTES:
        raise NoListError(
            f"one object of more than {MAX_OBJECT_BYTES:,} bytes: take the list of comments out of it, "
            "for example with jq -c '.messages[]'"
        )
    try:
        whole = json.loads(content.decode("utf-8-sig", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise ShapeError(f"neither JSON lines nor a JSON value: {error}") from None
    lists = _lists(whole)
    if not lists and _has(whole):
        yield json.dumps(whole).encode()
        return
    if len(lists) != 1:
        fields = ", ".join(f"'{name}'" for name in list(whole)[:20]) if isinstance(whole, dict) else "no fields"
        count = "no list of comments" if not lists else f"{len(lists)} lists of comments"
        raise NoListError(f"one object with the fields {fields}, and {count} inside it")
    for item in lists[0]:
        yield json.dumps(unwrapped(item)).encode()
