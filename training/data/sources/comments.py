"""Readers of the repositories that published crypto Reddit comments, one function for each file format.

Every reader takes the folder of a checkout and yields records {id, text, subreddit, created_utc, source}, uncleaned
but for white space and HTML entities. Where a source has no Reddit id, the id is the row's number from 0, prefixed
with the file's name where a repository has several such files; `training/data/labels.csv.gz` relies on these ids.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from training.data.cleaning import tidy
from training.data.records import Record
from training.data.sources.errors import SourceError
from training.data.sources.tabular import csv_rows

# Snapshots of subreddits are named <subreddit>-<date>; the repository's other JSON files are no comments.
SNAPSHOT = re.compile(
    r"(Binance|Bitcoin|BitcoinBeginners|btc|CoinBase|CryptoCurrencies|CryptoMarkets|CryptoTechnology|Dogecoin|Ethereum)"
    r"-\d{4}(-\d\d){5}\.json"
)
# unified_id prefixes a Reddit id with its kind: p_ for a post, c_ for a comment.
KIND_PREFIX = re.compile(r"^[a-z]_")


def record(repository: str, path: str, id: str, text: str, subreddit: str | None, created: object) -> Record:
    return {
        "id": id,
        "text": tidy(text),
        "subreddit": subreddit or None,
        "created_utc": created or None,
        "source": f"{repository}:{path}",
    }


def read_anatosun(checkout: Path) -> Iterator[Record]:
    """JSON snapshots of a subreddit: posts with trees of comments. A comment seen before is skipped."""
    seen: set[str] = set()
    for path in sorted((checkout / "data").glob("*.json")):
        if not SNAPSHOT.fullmatch(path.name):
            continue
        try:
            posts = json.loads(path.read_text(encoding="utf-8"))["posts"]
            for post in posts:
                for comment in walk(post["comments"]):
                    if comment["id"] not in seen:
                        seen.add(comment["id"])
                        yield record(
                            "anatosun/reddit-cryptocurrency-analysis",
                            f"data/{path.name}",
                            comment["id"],
                            comment["response"],
                            post["subreddit"],
                            comment["created_utc"],
                        ) | {"author": comment.get("author")}
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{path} is not a snapshot of the known form ({error!r})") from error


def walk(comments: list[dict]) -> Iterator[dict]:
    """A tree of comments, parents before replies, without recursion: threads can be deep."""
    pending = list(reversed(comments))
    while pending:
        comment = pending.pop()
        yield comment
        pending.extend(reversed(comment.get("comments") or []))


def read_santarella(checkout: Path) -> Iterator[Record]:
    """CSVs of SocialGrep's August 2021 comments: text, labels (machine-made, unused)."""
    for name in ("df_val", "df_test"):
        path = f"data/comments/{name}.csv"
        for number, row in enumerate(csv_rows(checkout / path, ["text"])):
            yield record("luca-santarella/sentiment-analysis-crypto", path, f"{name}-{number}", row["text"], None, None)


def read_zakariaeyahya(checkout: Path) -> Iterator[Record]:
    """Cleaned posts and comments (silver, Reddit ids behind a kind prefix) and raw comments (bronze)."""
    repository = "zakariaeyahya/Crypto_Analysis"
    for split in ("train", "test", "validation"):
        path = f"data/silver/reddit/{split}_data.csv"
        for row in csv_rows(checkout / path, ["unified_id", "text_content", "created_date", "author", "subreddit"]):
            id = KIND_PREFIX.sub("", row["unified_id"])
            yield record(repository, path, id, row["text_content"], row["subreddit"], row["created_date"]) | {
                "author": row["author"]
            }
    for file in sorted(checkout.glob("data/bronze/reddit/year=*/month=*/day=*/reddit_comments_*.csv")):
        path = file.relative_to(checkout).as_posix()
        for row in csv_rows(file, ["comment_id", "comment_author", "comment_body", "comment_created_utc", "subreddit"]):
            yield record(
                repository, path, row["comment_id"], row["comment_body"], row["subreddit"], row["comment_created_utc"]
            ) | {"author": row["comment_author"]}


def read_howardwong(checkout: Path) -> Iterator[Record]:
    """One CSV: Timestamp (with offset), Body, Subreddit."""
    path = "reddit_comments.csv"
    for number, row in enumerate(csv_rows(checkout / path, ["Timestamp", "Body", "Subreddit"])):
        yield record(
            "howardwong97/AI-Hack-2021-Team-21-Submission",
            path,
            str(number),
            row["Body"],
            row["Subreddit"],
            row["Timestamp"],
        )


def read_cspence(checkout: Path) -> Iterator[Record]:
    """Comments of r/dogecoin's daily threads as PMAW saved them. The name of the text column is looked for, not known:
    the file itself could not be inspected when this was written, only what it yields.
    """
    path = "resources/missing_thread_comments.csv"
    for number, row in enumerate(csv_rows(checkout / path, [])):
        text = first_column(checkout / path, row, ("body", "comment_body", "comment", "Comment", "text"))
        created = first_column(checkout / path, row, ("created_utc", "date", "datetime", "timestamp", "created"))
        yield record("cspence001/crypto_sentiment_analysis", path, str(number), text, "dogecoin", created)


def first_column(path: Path, row: dict[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in row:
            return row[name]
    raise SourceError(f"{path} has none of the columns {names}; it has {list(row)}")


def read_mikhara(checkout: Path) -> Iterator[Record]:
    """Two CSVs with columns comment and, in the newer, utc. Their first column restarts with every thread, so the id
    is the row's number in the file.
    """
    for path in ("bitcoin_comments_new.csv", "bitcoin_comments.csv"):
        for number, row in enumerate(csv_rows(checkout / path, ["comment"])):
            yield record("Mikhara/Project1", path, f"{path}-{number}", row["comment"], None, row.get("utc"))


def read_cwagaman(checkout: Path) -> Iterator[Record]:
    """A text file of posts and comments, one a paragraph."""
    path = "data/processed/corpus_reddit.txt"
    for number, paragraph in enumerate(read_text(checkout / path).split("\n\n")):
        yield record("CWagamanEure/crypto-nlp-sentiment-analysis", path, str(number), paragraph, None, None)


def read_clone95(checkout: Path) -> Iterator[Record]:
    """Daily threads as text, one comment a line (a comment of several lines falls apart into several)."""
    for file in sorted((checkout / "data/raw/daily_thread").glob("CryptoCurrency*.txt")):
        path = file.relative_to(checkout).as_posix()
        for number, line in enumerate(read_text(file).split("\n")):
            if line.strip():
                yield record("clone95/crypto_reddit", path, f"{file.name}-{number}", line, "CryptoCurrency", None)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from None


Reader = Callable[[Path], Iterator[Record]]
