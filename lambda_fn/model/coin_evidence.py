"""Is this word a coin here? For spellings that are English words besides: NEAR, ONE, gas, Stellar, moons.

A cashtag proves it; so do capitals that the text around does not share, a word that only coins have beside them ("one
token", "staking dot"), a list with another coin ("BTC, ETH and one"), or a comment full of other coins; and nothing
else. The words and their order of proof were chosen on one half of the labelled comments (training/annotate/coins) and
are measured on the other (training.evaluate.coins).
"""

import re
from collections.abc import Sequence

from lambda_fn.model.coin_table import COMMON, NO_WORD, WORD, Spelling

# Between two coins of one list, or of a ticker and its name: "BTC, ETH and SOL", "Harmony (ONE)", "ETH/BTC".
_COMMA = re.compile(
    r"['’]?s?[^\S\n]*(?:[\n,/&+|()\[\]>:*-]|\b(?:and|or|n|vs\.?)\b)+[\s$#(*]*(?:\b(?:and|or)\b\s*)?", re.I
)
# Between two coins one of which is given for the other.
_TRADE = re.compile(r"\s*(?:to|for|into|over)\s*", re.I)
# What a coin has and a thing of daily life has not, in the word after it …
_AFTER = re.compile(
    r"\W{1,2}(?:coins?|tokens?|protocol|network|blockchain|mainnet|ecosystem|holders?|bags?|stak(?:e|ed|ers?|ing)|wallet|"
    r"parachains?|validators?|tokenomics|maxis?|defi|devs?|hodlers?|(?:po[ws]\s)?mining)\b",
    re.I,
)
# … and in the word before it: what people do with coins.
_BEFORE = re.compile(
    r"\b(?:buy(?:ing)?|bought|sell(?:ing)?|sold|hodl(?:ing)?|hold(?:ing)?|stak(?:e|ed|ing)|stack(?:ed|ing)?|own|mine|mining|"
    r"swap(?:ped)?|dump(?:ed|ing)?|bags? of|amount of|price of|invest(?:ed|ing)? in|bullish on|bearish on|\d[\d.,]*k?)"
    r"\s(?:(?:some|more|my|any|all|the|of|your|a bit of)\s){0,2}$",
    re.I,
)
# Words that stand beside those in plain English too ("bought near the top"): in small letters, only a list proves them.
_PLAIN = frozenset({"near", "link", "sand", "dash", "sun", "rose", "dot", "bat"})
# Other coins beside which a word in capitals is a coin too; these are abbreviations of their own even there.
MANY_COINS = 3
_ABBREVIATIONS = frozenset({"op", "ip", "pi", "ar", "gt", "ht", "sc", "ach", "med", "rep", "alpha", "dao"})

_LETTERS = re.compile(r"[^\W\d_]+")
_SENTENCE_END = frozenset('.!?…:;\n•*>-"“(')
SHOUTED = 0.6
WINDOW = 40

# What the words before and after must not be, for spellings that also mean another thing, by folded form.
ANOTHER_THING = {
    "nano": (
        re.compile(r"(?:ledger|trezor|stick|\bled)\W*(?:\w+\W+){0,2}$", re.I),
        re.compile(r"\s*(?:s|x|s\s?plus|/?\s?ledger|/?\s?trezor|seconds?|tech\w*|bots?|particles?)\b", re.I),
    ),
    "curve": (re.compile(r"\b(?:ell?iptic|learning|bell|yield|s|demand|the) $", re.I), None),
    "woo": (re.compile(r"\bwilly $", re.I), None),
    "ripple": (None, re.compile(r"\s+(?:effects?|through|across|negatively|out)\b", re.I)),
    "doge": (re.compile(r"\bd\.o\.$", re.I), re.compile(r"\s+(?:department|cuts)\b", re.I)),
}
# Moons are r/CryptoCurrency's coin where they are a thing one has: "it moons" and "to the moons" are none.
_MOONS = re.compile(
    r"(?:^|[^\w\s]|\d|\b(?:my|your|our|their|his|some|more|most|any|many|few|these|those|all|of|in|on|with|for|from|about|and|or|"
    r"hold(?:ing)?|buy(?:ing)?|bought|sell(?:ing)?|sold|earn(?:s|ed|ing)?|get(?:ting)?|got|ha(?:ve|s|d)|want|spend(?:ing)?|us(?:e|ing)|need|"
    r"give|tip(?:ping)?|farm(?:ing)?|transfer|store|free|will|are|convert|swap|keep|lose|lost|cc|(?<!to )the))\s*$",
    re.I,
)
_AGES = re.compile(r"\s+ago\b", re.I)


Found = tuple[Spelling, int, int]


def proven(text: str, found: Sequence[Found]) -> list[bool]:
    """Whether each of `found` (spelling, start and end in `text`, in order) is a coin there."""
    possible = [not is_another_thing(text, *f) for f in found]
    taken = [may and proves_itself(text, *f) for f, may in zip(found, possible, strict=True)]
    open_cases = [i for i, may in enumerate(possible) if may and not taken[i]]
    if not open_cases:
        return taken
    for order in (open_cases, open_cases[::-1]):  # a list proves its members from either end
        for i in order:
            taken[i] = taken[i] or is_listed(text, found, taken, i)
    others = len({f[0].symbol for f, take in zip(found, taken, strict=True) if take})
    for i in open_cases:
        taken[i] = taken[i] or (others > 0 and is_in_company(text, *found[i], others))
    return taken


def proves_itself(text: str, spelling: Spelling, start: int, end: int) -> bool:
    """By its spelling and the words beside it."""
    if spelling.is_word == NO_WORD or is_cashtag(text, start):
        return True
    capitals = written_as_name(text, spelling, start, end)
    after = bool(_AFTER.match(text, end))
    if spelling.is_word == COMMON:
        return capitals and after
    if capitals and not is_shouted(text, start, end) and (text[start:end].isupper() or not opens_sentence(text, start)):
        return True
    if text[start:end] in _PLAIN:
        return False
    return after or bool(_BEFORE.search(text, max(0, start - WINDOW), start))


def is_listed(text: str, found: Sequence[Found], taken: Sequence[bool], i: int) -> bool:
    """Stands in a list beside a coin that is proven, or beside its own other name: "Harmony (ONE)"."""
    spelling, start, end = found[i]
    sides = 0
    for j in (i - 1, i + 1):
        if 0 <= j < len(found):
            first, last = (found[j][2], start) if j < i else (end, found[j][1])
            listed = last - first <= WINDOW and bool(_COMMA.fullmatch(text, first, last))
            if listed and found[j][0].symbol == spelling.symbol and found[j][0].form != spelling.form:
                return written_as_name(text, spelling, start, end)
            traded = spelling.is_word == WORD and text[start:end] not in _PLAIN and _TRADE.fullmatch(text, first, last)
            sides += taken[j] and (listed or bool(traded))
    alone_suffices = spelling.is_word == WORD or written_as_name(text, spelling, start, end)
    return sides == 2 or (bool(sides) and alone_suffices)


def is_in_company(text: str, spelling: Spelling, start: int, end: int, others: int) -> bool:
    """Written as a name in a comment that names `others` other coins."""
    if not written_as_name(text, spelling, start, end) or is_shouted(text, start, end):
        return False
    if spelling.is_word == WORD:
        return True
    written = text[start:end]
    return others >= MANY_COINS and written.isupper() and written.lower() not in _ABBREVIATIONS


def is_cashtag(text: str, start: int) -> bool:
    return start > 0 and text[start - 1] == "$"


def written_as_name(text: str, spelling: Spelling, start: int, end: int) -> bool:
    """A ticker in capitals, a name with a capital."""
    return text[start:end].isupper() if spelling.form.isupper() else text[start].isupper()


def is_shouted(text: str, start: int, end: int) -> bool:
    """The text around is in capitals too."""
    around = "".join(_LETTERS.findall(text[max(0, start - WINDOW) : start] + " " + text[end : end + WINDOW]))
    return bool(around) and sum(map(str.isupper, around)) > SHOUTED * len(around)


def opens_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 8) : start].rstrip(" \t")
    return (not before.strip() and start < 8) or before[-1:] in _SENTENCE_END


def is_another_thing(text: str, spelling: Spelling, start: int, end: int) -> bool:
    form = spelling.form.casefold()
    if form == "moons":
        return not _MOONS.search(text, max(0, start - WINDOW), start) or bool(_AGES.match(text, end))
    before, after = ANOTHER_THING.get(form, (None, None))
    stands_after = before and before.search(text, max(0, start - WINDOW), start)
    return bool(stands_after or (after and after.match(text, end)))
