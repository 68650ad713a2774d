"""The draws behind the coin labels: which comments were read, before any rule said what names a coin.

    python -m training.annotate.draw_coins --data FOLDER --out build/coins

Both go by a hash of seed, source and id, so that anyone draws the same, and a longer draw begins with the shorter. The
candidates follow from the table as it is: a spelling added later adds candidates.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from lambda_fn.model.coin_table import COMMON, NO_WORD, Coin, read_table
from training.annotate.coin_labels import COMMENTS
from training.data.records import Record, read_records, write_records

MAX_CHARS = 1000
NAMED_SEED, SEVERAL_SEED = "coins", "several"


def any_spelling(coins: list[Coin]) -> re.Pattern[str]:
    """A cashtag, or any spelling of the table as a whole word in any case: the broadest rule there is."""
    forms = sorted({s.form for coin in coins for s in coin.spellings}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:\$[A-Za-z]\w+|{'|'.join(map(re.escape, forms))})(?!\w)", re.IGNORECASE)


def seem_named(pattern: re.Pattern[str], coins: list[Coin], text: str) -> set[str]:
    """Coins by what is no English word, and by others in the table's own capitals; quoted lines left out."""
    by_form = {s.form.casefold(): s for coin in coins for s in coin.spellings}
    found = set()
    for match in pattern.finditer("\n".join(line for line in text.split("\n") if not line.startswith(">"))):
        spelling = by_form.get(match[0].casefold())
        if spelling is None:
            found.add(match[0][1:].upper())
        elif spelling.is_word == NO_WORD or (spelling.is_word != COMMON and match[0] == spelling.form):
            found.add(spelling.symbol)
    return found


def drawn(records: list[Record], seed: str, n: int) -> list[Record]:
    """`n` of `records`, in the order of their hashes."""

    def place(record: Record) -> bytes:
        return hashlib.blake2b("\0".join((seed, record["source"], record["id"])).encode(), digest_size=8).digest()

    return sorted(records, key=place)[:n]


def distinct(data: Path) -> Iterator[Record]:
    seen: set[str] = set()
    for record in read_records(data / COMMENTS, ("source", "id", "text")):
        if record["text"] not in seen:
            seen.add(record["text"])
            yield record


def main(
    data: Annotated[Path, typer.Option(help="folder with comments.jsonl.gz")] = Path("../data"),
    out: Annotated[Path, typer.Option(help="folder for named.jsonl.gz and several.jsonl.gz")] = Path("build/coins"),
    named: Annotated[int, typer.Option(help="comments that may name a coin")] = 800,
    several: Annotated[int, typer.Option(help="comments that seem to name several")] = 400,
) -> None:
    """Draw the comments to label, with their texts."""
    coins = read_table()
    pattern = any_spelling(coins)
    may = [record for record in distinct(data) if pattern.search(record["text"])]
    many = [r for r in may if len(r["text"]) <= MAX_CHARS and len(seem_named(pattern, coins, r["text"])) > 1]
    write_records(out / "named.jsonl.gz", drawn(may, NAMED_SEED, named))
    write_records(out / "several.jsonl.gz", drawn(many, SEVERAL_SEED, several))
    print(f"{len(may)} comments may name a coin, {len(many)} of them several; drawn to {out}")


if __name__ == "__main__":
    typer.run(main)
