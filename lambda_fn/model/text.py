"""Comment normalisation, shared by training and inference so that the model reads at work what it learned from.

Knows no tokenizer, no transport. Everything here is stdlib: the image pays for no emoji table.
"""

import html
import re
import unicodedata

from lambda_fn.model.letters import unstyled
from lambda_fn.model.window import cut

# A character reference with more digits than any character's number has. Python's int() takes its time over long
# decimal ones, and refuses more than 4,300 digits.
_LONG_REFERENCE = re.compile(r"&#(?:([xX])([0-9a-fA-F]{9,})|([0-9]{9,}))")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\ufe0e\ufe0f\ufeff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MARKDOWN_LINK = re.compile(r"\[([^\[\]]{0,500})\]\((?:https?://|/)[^()\s]{0,2000}\)")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_USER = re.compile(r"(?<![\w/])/?u/[\w-]+")
_QUOTED_LINE = re.compile(r"^[ \t]*>(?!!).*$", re.MULTILINE)  # ">!" opens a spoiler, which is the author's own text
_SYMBOL = re.compile(r"[\u203c-\u3299\U0001f000-\U0001faff]")
_SPACE = re.compile(r"\s+")
# A comment that begins like this has something to read, whatever `normalise` takes out of it.
_BEGINS_WITH_A_WORD = re.compile(r"\s*[A-Za-z0-9]")
# What shows nothing: blanks, control and format characters, fillers, variation selectors, U+FFFD. Written as in a
# character class of a regular expression, of Python's as of JSON Schema's.
INVISIBLE = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180e\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufffd"
)
_VISIBLE = re.compile(f"[^{INVISIBLE}]")


class TextError(ValueError):
    """A comment that cannot be scored.

    `code` is machine-readable: text_not_string, text_empty, text_too_long, text_unreadable.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def check_text(text: object, max_chars: int | None = None) -> str:
    """Return `text` if it is a comment that can be scored.

    Raises TextError: not a string, more than `max_chars` characters, or nothing in it that can be read (blanks,
    invisible characters, a link without a word).
    """
    if not isinstance(text, str):
        raise TextError("text_not_string", f"text must be a string, not {type(text).__name__}")
    if max_chars is not None and len(text) > max_chars:
        raise TextError("text_too_long", f"text has {len(text)} characters; at most {max_chars} are allowed")
    if not readable(text):
        raise TextError("text_empty", "text is empty, or nothing in it can be read")
    return text


def readable(text: str) -> bool:
    """Whether anything is left for the model to read."""
    if _BEGINS_WITH_A_WORD.match(text):
        return True
    return bool(_VISIBLE.search(_unmarked(text)))


def _short_reference(match: re.Match[str]) -> str:
    """A reference to the same character with as few digits as it takes; one to no character stays none."""
    digits = (match[2] or match[3]).lstrip("0") or "0"
    return f"&#{match[1] or ''}{digits if len(digits) < 9 else '99999999'}"


def _emoji_name(match: re.Match[str]) -> str:
    """An emoji as the words of its Unicode name: the base model's vocabulary has words, and almost no emoji."""
    name = unicodedata.name(match[0], "")
    return f" {name.lower()} " if name and unicodedata.category(match[0]) == "So" else match[0]


def normalise(text: str) -> str:
    """The comment as the tokenizer gets it: one line, no markup, no links, emoji spelled out.

    Quoted parent text (`>` lines) is dropped, unless nothing else is left: it is another author's mood. Of a long
    comment only its beginning and its end are kept, more than the model can hold (lambda_fn/model/window.py).
    Never raises for a str, takes time linear in its length, and gives back at most twice its length and 100,000
    characters; lone surrogates become U+FFFD.
    """
    text = cut(_unmarked(text))
    text = _SYMBOL.sub(_emoji_name, text)
    return _SPACE.sub(" ", text).strip()


def _unmarked(text: str) -> str:
    """Without markup, links, quotes and invisible characters: everything that makes a comment shorter."""
    if "&" in text:
        text = html.unescape(_LONG_REFERENCE.sub(_short_reference, text) if "&#" in text else text)
    text = unstyled(_SURROGATE.sub("\ufffd", text))
    text = _CONTROL.sub("", text)
    if ">" in text:
        own = _QUOTED_LINE.sub(" ", text)
        text = own if own.strip() else text
    if "](" in text:
        text = _MARKDOWN_LINK.sub(r"\1", text)
    text = _URL.sub("[link]", text)
    return _USER.sub("u/user", text)
