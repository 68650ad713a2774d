"""The clauses that speak of a coin: what of a comment is about which of the coins it names.

Sentences are cut at a break ("but", "while", a comma) between two coins; coins of one list share theirs. A sentence
that names no coin goes on about those of the sentence before: "I sold all my ETH, it is garbage."
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from lambda_fn.model.coin_table import Mention

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”)]*\s+|\n+")
_BREAK = re.compile(
    r"\s+(?:but|while|whereas|however|although|though|yet|because|so|since|if|when|where|which|and)\s+"
    r"|[;,:]\s+|\s[-–—]+\s|\.\.+\s*",
    re.IGNORECASE,
)
_CONTRAST = re.compile(r"but|while|whereas|however|;|though", re.IGNORECASE)
_IN_A_LIST = re.compile(
    r"['’]?s?\s*(?:[,/&+|()\[\]>:*-]|\b(?:and|or|n|vs\.?)\b|\s)*[\s$#(*]*",
    re.IGNORECASE,
)

# Characters between two coins of one list.
LONGEST_GAP = 40

Span = tuple[int, int]


def clauses(text: str, mentions: Sequence[Mention]) -> dict[str, list[Span]]:
    """Of each coin that `mentions` name in `text`, the clauses that speak of it: (start, end) of each."""
    spans: dict[str, list[Span]] = {}
    groups = _groups(text, mentions)
    spoken_of: list[str] = []
    for start, end in _sentences(text):
        here = [group for group in groups if start <= group[1] < end]
        if not here:
            for coin in spoken_of:
                spans[coin].append((start, end))
            continue
        for coins, span in _cut(text, here, start, end):
            spoken_of = list(dict.fromkeys(coins))
            for coin in spoken_of:
                spans.setdefault(coin, []).append(span)
    return spans


def _sentences(text: str) -> list[Span]:
    ends = [match.span() for match in _SENTENCE_END.finditer(text)] + [(len(text), len(text))]
    starts = [0, *(end for _, end in ends[:-1])]
    return [(s, e) for s, (e, _) in zip(starts, ends, strict=True) if text[s:e].strip()]


def _groups(text: str, mentions: Sequence[Mention]) -> list[tuple[list[str], int, int]]:
    """(coins, start, end) of each run of mentions that only a list's punctuation separates."""
    groups: list[tuple[list[str], int, int]] = []
    for mention in mentions:
        near = bool(groups) and mention.start - groups[-1][2] <= LONGEST_GAP
        if near and _IN_A_LIST.fullmatch(text, groups[-1][2], mention.start):
            coins, start, _ = groups[-1]
            groups[-1] = ([*coins, mention.coin], start, mention.end)
        else:
            groups.append(([mention.coin], mention.start, mention.end))
    return groups


def _cut(text: str, groups: list[tuple[list[str], int, int]], start: int, end: int) -> list[tuple[list[str], Span]]:
    """The sentence text[start:end] in clauses, each with its coins; cut between groups where it breaks."""
    parts: list[tuple[list[str], Span]] = []
    coins = list(groups[0][0])
    for left, right in pairwise(groups):
        breaks = list(_BREAK.finditer(text, left[2], right[1]))
        if not breaks or set(left[0]) == set(right[0]):
            coins += right[0]
            continue
        chosen = ([b for b in breaks if _CONTRAST.search(b[0])] or breaks)[-1]
        parts.append((coins, (start, chosen.start())))
        start, coins = chosen.end(), list(right[0])
    return [*parts, (coins, (start, end))]
