"""Which coins a comment names: by cashtag, name, ticker, nickname and usual misspelling.

One pass of RE2 (https://github.com/google/re2) finds every spelling of the table `coins.csv` as a whole word, whatever
its case; it never backtracks, so that no comment is slow. What is an English word besides (NEAR, ONE, gas, moons) must
then prove itself by its capitals or its neighbourhood (`coin_evidence`). Links, names of subreddits and users, and
quoted lines name nothing. Nothing here knows the classifier.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import re2

from lambda_fn.model.coin_evidence import NO_WORD, WORD, Spelling, proven
from lambda_fn.model.coin_unread import unread_spans

TABLE = Path(__file__).with_name("coins.csv")
# An alias that is an English word ends in this in the table.
WORD_ALIAS = "*"
# RE2's automaton may take this much, in bytes; it took 3 MB over 250,000 comments.
MAX_MEMORY = 1 << 26


@dataclass(frozen=True, slots=True)
class Coin:
    """A row of the table. spellings: every way to write it, in the table's case, and how much of a word each is."""

    symbol: str
    name: str
    spellings: tuple[Spelling, ...]

    @classmethod
    def from_row(cls, row: dict[str, str]) -> "Coin":
        ticker, name = int(row["ticker_is_word"]), int(row["name_is_word"])
        spellings = [Spelling(row["symbol"], row["symbol"], ticker), Spelling(row["symbol"], row["name"], name)]
        for alias in filter(None, (row["aliases"] + "|" + row["misspellings"]).split("|")):
            is_word = WORD if alias.endswith(WORD_ALIAS) else NO_WORD
            spellings.append(Spelling(row["symbol"], alias.removesuffix(WORD_ALIAS), is_word))
        return cls(row["symbol"], row["name"], tuple(spellings))


@dataclass(frozen=True, slots=True)
class Mention:
    """text[start:end] of the comment (code points) names `coin`, the table's symbol."""

    coin: str
    start: int
    end: int


class Coins:
    """The table, ready to be searched for. Thread-safe: `named` keeps no state."""

    def __init__(self, coins: list[Coin]):
        self.by_symbol = {coin.symbol: coin for coin in coins}
        self._spellings = spellings_by_form(coins)
        forms = "|".join(re2.escape(form) for form in self._spellings)
        options = re2.Options()
        options.case_sensitive = False
        options.longest_match = True
        options.max_mem = MAX_MEMORY
        # "1.5ETH" and "20KSM" are written without a space; 0xMR is another coin, not 0 of XMR.
        self._pattern = re2.compile(rf"\b(?:[1-9][\d.,]*|0?[.,]\d+)?({forms})\b", options)

    @classmethod
    def load(cls, table: Path = TABLE) -> "Coins":
        """Read the table: symbol, name, aliases, misspellings (`|` between them), ticker_is_word, name_is_word
        (0 no; 1 an English word; 2 so common a word that capitals prove nothing), source, source_date."""
        with open(table, encoding="utf-8", newline="") as rows:
            return cls([Coin.from_row(row) for row in csv.DictReader(rows)])

    def named(self, text: str) -> list[Mention]:
        """Every mention of a coin in `text`, in order. Never raises for a str."""
        found = list(self._found(text))
        if not found:
            return []
        unread = unread_spans(text)
        if unread:
            found = [f for f in found if not any(start <= f[1] < end for start, end in unread)]
        taken = proven(text, found)
        return [
            Mention(spelling.symbol, start, end)
            for (spelling, start, end), take in zip(found, taken, strict=True)
            if take
        ]

    def _found(self, text: str) -> Iterator[tuple[Spelling, int, int]]:
        for match in self._pattern.finditer(text):
            yield self._spellings[match[1].casefold()], *match.span(1)


def spellings_by_form(coins: list[Coin]) -> dict[str, Spelling]:
    """Each spelling by its folded form. Where a coin has it twice (ticker and name), the one that is less of a word,
    else the name: it may be written in capitals or with one.

    Raises ValueError where two coins share one: which is meant would be a guess.
    """
    spellings: dict[str, Spelling] = {}
    for coin in coins:
        for spelling in coin.spellings:
            known = spellings.setdefault(spelling.form.casefold(), spelling)
            if known.symbol != spelling.symbol:
                raise ValueError(f"{spelling.form!r} names both {known.symbol} and {spelling.symbol}")
            if spelling.is_word < known.is_word or not spelling.form.isupper():
                spellings[spelling.form.casefold()] = spelling
    return spellings
