"""JSON in, whatever it holds: numbers no reader takes, numbers of any length, nesting of any depth.

Python's own decoder lets NaN and infinities through, refuses integers of more than 4,300 digits, and refuses, or later
cannot write again, what is nested deeper than its stack; for one comment of a thousand, the thousand would be lost.
"""

import json
import math
import re
from typing import Any

# https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
MAX_INT_DIGITS = 4300
# What lies deeper stays as the JSON text that it is. No comment needs it, and every reader takes it.
MAX_DEPTH = 64
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_INT_DIGITS else digits


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


_decoder = json.JSONDecoder(parse_constant=lambda name: None, parse_int=_integer, parse_float=_finite)
# The same, and faster, for what holds no integer that is too long.
_fast = json.JSONDecoder(parse_constant=lambda name: None, parse_float=_finite)
_BLANKS = " \t\n\r"


def decode(text: str) -> Any:
    """The value that `text` is the JSON of. NaN, infinities and 1e400 are None; an integer too long to be one is text.

    Raises ValueError.
    """
    text = text.removeprefix("\ufeff").strip(_BLANKS)
    if _is_deep(text):
        return _decoder.decode(_flattened(text))
    try:
        value, end = _fast.raw_decode(text)
    except ValueError:  # a fault in it, or an integer
        return _decoder.decode(text)
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _is_deep(text: str) -> bool:
    """Whether `text` is nested too deep. Nearly always told without reading its strings: their brackets are few, or
    pair."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    brackets = text.encode("utf-8", "surrogatepass").translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets) and _deepest(text) > MAX_DEPTH


def _deepest(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        mark = token[0][0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _flattened(text: str) -> str:
    """`text` with each value that lies deeper than MAX_DEPTH as a string of its JSON."""
    pieces: list[str] = []
    depth = done = 0
    start = None
    for token in _TOKEN.finditer(text):
        mark = token[0][0]
        if mark in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                pieces.append(text[done : token.start()])
                start = token.start()
        elif mark in "]}":
            if depth == MAX_DEPTH + 1 and start is not None:
                pieces.append(json.dumps(text[start : token.end()]))
                done, start = token.end(), None
            depth -= 1
    if start is not None:
        raise ValueError("brackets that never close")
    return "".join([*pieces, text[done:]])
