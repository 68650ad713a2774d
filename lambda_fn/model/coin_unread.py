"""What of a comment names no coin: links, names of subreddits and users, lines quoted from another comment."""

import re

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s\])>]+"  # a link
    r"|\]\(/[^\s)]*"  # Markdown's relative one
    r"|(?<![\w/])/?[ru]/\w+|(?<!\w)@\w+",  # r/Bitcoin, u/name, @name
    re.IGNORECASE,
)
# What makes a site of the word before it: Bitcoin.com, en.bitcoin.it.
SITE = re.compile(r"\.(?:com|org|net|io|info|cash|finance|fi|co|xyz|app|it|me|gg|eth)\b", re.IGNORECASE)
_QUOTED_LINE = re.compile(r"^[ \t]*(?:>|&gt;)(?!!).*$", re.MULTILINE)


def unread_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each part of `text` in which a coin's name names nothing.

    A comment that is nothing but quotation is read, as the classifier reads it (`text.normalise`).
    """
    linked = "/" in text or "@" in text or ("." in text and "www." in text.lower())
    spans = [match.span() for match in _LINK.finditer(text)] if linked else []
    if ">" in text or "&gt;" in text:
        quoted = [match.span() for match in _QUOTED_LINE.finditer(text)]
        if quoted and _QUOTED_LINE.sub("", text).strip():
            spans += quoted
    return spans
