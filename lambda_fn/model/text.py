"""Comment normalisation, shared by training and inference so that the model reads at work what it learned from.

Knows no tokenizer, no transport. Everything here is stdlib: the image pays for no emoji table.
"""

import html
import re
import unicodedata

from lambda_fn.model.letters import unstyled

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


class TextError(ValueError):
    """A comment that cannot be scored. `code` is machine-readable: text_not_string, text_empty, text_too_long."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def check_text(text: object, max_chars: int | None = None) -> str:
    """Return `text` if it is a comment that can be scored.

    Raises TextError: not a string, nothing but white space, or more than `max_chars` characters.
    """
    if not isinstance(text, str):
        raise TextError("text_not_string", f"text must be a string, not {type(text).__name__}")
    if max_chars is not None and len(text) > max_chars:
        raise TextError("text_too_long", f"text has {len(text)} characters; at most {max_chars} are allowed")
    if not text.strip():
        raise TextError("text_empty", "text is empty or only white space")
    return text


def _emoji_name(match: re.Match) -> str:
    """An emoji as the words of its Unicode name: the base model's vocabulary has words, and almost no emoji."""
    name = unicodedata.name(match[0], "")
    return f" {name.lower()} " if name and unicodedata.category(match[0]) == "So" else match[0]


def normalise(text: str) -> str:
    """The comment as the tokenizer gets it: one line, no markup, no links, emoji spelled out.

    Quoted parent text (`>` lines) is dropped, unless nothing else is left: it is another author's mood.
    Never raises for a str; lone surrogates become U+FFFD.
    """
    if "&" in text:
        text = html.unescape(text)
    text = unstyled(_SURROGATE.sub("\ufffd", text))
    if ">" in text:
        text = _QUOTED_LINE.sub(" ", text) if _QUOTED_LINE.sub("", text).strip() else text
    text = _CONTROL.sub("", text)
    if "](" in text:
        text = _MARKDOWN_LINK.sub(r"\1", text)
    text = _URL.sub("[link]", text)
    text = _USER.sub("u/user", text)
    text = _SYMBOL.sub(_emoji_name, text)
    return _SPACE.sub(" ", text).strip()
