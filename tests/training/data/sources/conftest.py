"""Small checkouts of every public source, each in the source's real file format, with texts the project wrote."""

import csv
import io
import json
import pickle
import tarfile
from pathlib import Path

import pytest

SNAPSHOT = {
    "subreddit": "Bitcoin",
    "limit": 1000,
    "posts": [
        {
            "id": "uaaaaa",
            "title": "Daily thread",
            "subreddit": "Bitcoin",
            "created_utc": 1651500000.0,
            "selftext": "",
            "comments": [
                {
                    "id": "i700001",
                    "author": "alice",
                    "created_utc": 1651574641.0,
                    "response": "I keep   buying &amp; holding, this dip is a gift 😎",
                    "comments": [
                        {
                            "id": "i700002",
                            "author": "bob",
                            "created_utc": 1651575000.0,
                            "response": "Or it is a falling knife and you will regret every coin",
                            "comments": [],
                        }
                    ],
                },
                {
                    "id": "i700003",
                    "author": "AutoModerator",
                    "created_utc": 1651576000.0,
                    "response": "I am a bot, and this action was performed automatically.",
                    "comments": [],
                },
            ],
        }
    ],
}


def write_csv(path: Path, header: list[str], rows: list[list]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_comment_sources(root: Path) -> None:
    data = root / "anatosun/reddit-cryptocurrency-analysis/data"
    write_text(data / "Bitcoin-2022-05-04-01-50-29.json", json.dumps(SNAPSHOT))
    write_text(data / "Bitcoin-2022-05-05-01-50-29.json", json.dumps(SNAPSHOT))  # the next snapshot repeats comments
    write_text(data / "Askreddit.json", json.dumps({"another": "form"}))

    comments = root / "luca-santarella/sentiment-analysis-crypto/data/comments"
    write_csv(
        comments / "df_val.csv",
        ["text", "labels"],
        [["Nano is feeless.  I love how fast it settles", "1.0"], ['He said "never sell"\nand then he sold', "0.0"]],
    )
    write_csv(comments / "df_test.csv", ["text", "labels"], [["Which wallet would you take for staking dot?", "2.0"]])

    silver = root / "zakariaeyahya/Crypto_Analysis/data/silver/reddit"
    header = ["unified_id", "text_content", "created_date", "author", "source_type", "subreddit", "crypto_mentions"]
    for split, id, text in (
        ("train", "c_nixmne2", "Insiders sold before the news, as always"),
        ("test", "p_1of0jrt", "Whales moved four thousand coins to an exchange this morning"),
        ("validation", "c_nixabcd", "Honestly the fees on this chain are a joke"),
    ):
        write_csv(
            silver / f"{split}_data.csv",
            header,
            [[id, text, "2025-10-24 16:18:41", "dave", "comment", "cryptocurrency", ""]],
        )
    write_csv(
        silver.parents[1] / "bronze/reddit/year=2025/month=01/day=01/reddit_comments_20250101.csv",
        ["comment_id", "submission_id", "comment_author", "comment_body", "comment_created_utc", "subreddit"],
        [["nsmdnp7", "1pfu3p1", "erin", "So there is a chance after all", "1765041421.0", "CryptoCurrency"]],
    )

    write_csv(
        root / "howardwong97/AI-Hack-2021-Team-21-Submission/reddit_comments.csv",
        ["Timestamp", "Body", "Subreddit"],
        [
            ["2020-08-03 00:25:22+00:00", "[deleted]", "CryptoCurrency"],
            ["2020-08-03 00:26:09+00:00", "Grandpa bitcoin is being dumped, fast", "CryptoMarkets"],
        ],
    )
    write_csv(
        root / "cspence001/crypto_sentiment_analysis/resources/missing_thread_comments.csv",
        ["body", "created_utc"],
        [["One dollar doge by friday, calling it now", "2021-02-05 04:17:44"]],
    )
    mikhara = root / "Mikhara/Project1"
    write_csv(
        mikhara / "bitcoin_comments_new.csv",
        ["", "comment", "score", "type", "utc"],
        [
            [0, "The paper is good,\n\n\nthe article is terrible", 94, 0, 1459443484.0],
            [0, "Segwit soon?", 3, 0, 1459450000.0],
        ],
    )
    write_csv(mikhara / "bitcoin_comments.csv", ["", "comment", "score", "type"], [[0, "Old news, move on", 22, 0]])
    write_text(
        root / "CWagamanEure/crypto-nlp-sentiment-analysis/data/processed/corpus_reddit.txt",
        "How would you simplify this portfolio?\n\nGet out of crypto gambling\n\nOr just buy more of it",
    )
    write_text(
        root / "clone95/crypto_reddit/data/raw/daily_thread/CryptoCurrency07-09-2021.txt",
        "Vote on the polls today\n\nHolding through this crash like a champ\n",
    )


def write_general_sources(root: Path) -> None:
    write_text(
        root / "leelaylay/TweetSemEval/dataset/train/twitter-2016train-A.txt",
        '1\tpositive\t"Excited to read ""Go Set a Watchman"" on Tuesday"\t\n2\tneutral\tTune in at 8pm\t\n'
        "2\tnegative\tA second label of a tweet is not taken\n3\toff topic\tskipped\n4\tneutral\tNot Available\n",
    )
    for split, row in (
        ("train", "My favourite food!\t0,17\teebbqej"),
        ("dev", 'He said "no\t27\ted00q6i'),
        ("test", "What?\t7\teezlygj\nGood and bad\t0,2\teezlygk"),
    ):
        write_text(root / f"monologg/GoEmotions-pytorch/data/original/{split}.tsv", row + "\n")

    resources = root / "cjhutto/vaderSentiment/additional_resources"
    resources.mkdir(parents=True)
    rows = "1\t2.72\tSomehow I was blessed &amp; lucky\n8\t0.13\tOpal with the crew.\n147\t-0.505\tOh why, client?\n"
    with tarfile.open(resources / "hutto_ICWSM_2014.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("hutto_ICWSM_2014/tweets_GroundTruth.txt")
        member.size = len(rows.encode())
        archive.addfile(member, io.BytesIO(rows.encode()))

    for name in ("SS-Youtube", "SS-Twitter"):
        path = root / "bfelbo/DeepMoji/data" / name / "raw.pickle"
        path.parent.mkdir(parents=True)
        # As Python 2 left it: byte strings that are UTF-8.
        data = {"texts": ["café is lovely".encode().decode("latin-1"), "awful"], "info": [{"label": 1}, {"label": 0}]}
        path.write_bytes(pickle.dumps(data, protocol=2))
    write_csv(
        root / "surge-ai/stock-sentiment/sentiment.csv",
        ["Stock Ticker", "Tweet Text", "Sentiment", "Enter the URL to the tweet"],
        [
            ["$A", "calls printing", "Positive", "https://twitter.com/x/status/152?s=19"],
            ["$B", "dead", "Negative", "https://t.co"],
        ],
    )
    write_csv(
        root / "Rising-Stars-by-Sunshine/Stats_201_AlbertLi/data/queried-data/reddit-labeled-output.csv",
        ["post_id", "post_title", "post_content", "label", "upvotes", "num_comments"],
        [["l8rf4k", "Times Square right now", "", 1, 481661, 13938], ["l881ia", "It's treason then", "", -1, 1, 2]],
    )


@pytest.fixture
def public_sources(tmp_path: Path) -> Path:
    """A folder with a checkout of each of the fourteen sources."""
    root = tmp_path / "sources"
    write_comment_sources(root)
    write_general_sources(root)
    return root
