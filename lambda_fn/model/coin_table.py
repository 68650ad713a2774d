"""The table of coins, `coins.csv`: facts, each row with its source and date, and every spelling by which one is named.

Columns: symbol; name; aliases and misspellings, `|` between them, an alias that is an English word marked `*`;
ticker_is_word and name_is_word (0 no, 1 an English word, 2 so common a word that capitals prove nothing); source;
source_date. A coin that is not in the table is not found: add its row.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("coins.csv")
# An alias that is an English word ends in this.
WORD_ALIAS = "*"
# How much of an English word a spelling is.
NO_WORD, WORD, COMMON = range(3)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a coin. form: in the table's case. is_word: NO_WORD, WORD or COMMON."""

    symbol: str
    form: str
    is_word: int


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


def read_table(table: Path = TABLE) -> list[Coin]:
    """The coins, in the table's order."""
    with open(table, encoding="utf-8", newline="") as rows:
        return [Coin.from_row(row) for row in csv.DictReader(rows)]


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
