import pytest

from training.data.sources.comments import walk
from training.data.sources.errors import SourceError
from training.data.sources.registry import SOURCES, read_source

pytestmark = pytest.mark.training


def read(root, name):
    return {record["id"]: record for record in read_source(name, root / name)}


def test_a_snapshot_is_read_with_its_replies_and_a_repeated_comment_counts_once(public_sources):
    records = read(public_sources, "anatosun/reddit-cryptocurrency-analysis")

    assert list(records) == ["i700001", "i700002", "i700003"]
    assert records["i700001"] == {
        "id": "i700001",
        "text": "I keep buying & holding, this dip is a gift 😎",
        "subreddit": "Bitcoin",
        "created_utc": 1651574641.0,
        "source": "anatosun/reddit-cryptocurrency-analysis:data/Bitcoin-2022-05-04-01-50-29.json",
        "author": "alice",
    }


def test_replies_nested_deeper_than_the_recursion_limit_are_read():
    comment = {"id": "deepest", "comments": []}
    for depth in range(5_000):
        comment = {"id": str(depth), "comments": [comment, {"id": "sibling"}]}

    ids = [comment["id"] for comment in walk([comment])]

    assert len(ids) == 10_001
    assert ids[:3] == ["4999", "4998", "4997"], "parents come before their replies"


@pytest.mark.parametrize(
    ("name", "id", "text", "path"),
    [
        (
            "luca-santarella/sentiment-analysis-crypto",
            "df_val-1",
            'He said "never sell"\nand then he sold',
            "data/comments/df_val.csv",
        ),
        (
            "luca-santarella/sentiment-analysis-crypto",
            "df_test-0",
            "Which wallet would you take for staking dot?",
            "data/comments/df_test.csv",
        ),
        (
            "zakariaeyahya/Crypto_Analysis",
            "nixmne2",
            "Insiders sold before the news, as always",
            "data/silver/reddit/train_data.csv",
        ),
        (
            "zakariaeyahya/Crypto_Analysis",
            "nsmdnp7",
            "So there is a chance after all",
            "data/bronze/reddit/year=2025/month=01/day=01/reddit_comments_20250101.csv",
        ),
        (
            "howardwong97/AI-Hack-2021-Team-21-Submission",
            "1",
            "Grandpa bitcoin is being dumped, fast",
            "reddit_comments.csv",
        ),
        (
            "cspence001/crypto_sentiment_analysis",
            "0",
            "One dollar doge by friday, calling it now",
            "resources/missing_thread_comments.csv",
        ),
        ("Mikhara/Project1", "bitcoin_comments_new.csv-1", "Segwit soon?", "bitcoin_comments_new.csv"),
        ("Mikhara/Project1", "bitcoin_comments.csv-0", "Old news, move on", "bitcoin_comments.csv"),
        (
            "CWagamanEure/crypto-nlp-sentiment-analysis",
            "1",
            "Get out of crypto gambling",
            "data/processed/corpus_reddit.txt",
        ),
        (
            "clone95/crypto_reddit",
            "CryptoCurrency07-09-2021.txt-2",
            "Holding through this crash like a champ",
            "data/raw/daily_thread/CryptoCurrency07-09-2021.txt",
        ),
    ],
)
def test_each_source_is_read_in_its_own_format(public_sources, name, id, text, path):
    record = read(public_sources, name)[id]

    assert record["text"] == text
    assert record["source"] == f"{name}:{path}"


def test_blank_lines_are_tidied_and_times_are_kept_as_published(public_sources):
    record = read(public_sources, "Mikhara/Project1")["bitcoin_comments_new.csv-0"]

    assert record["text"] == "The paper is good,\n\nthe article is terrible"
    assert record["created_utc"] == "1459443484.0"


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.kind == "comments"])
def test_a_checkout_without_its_files_says_which_is_missing(tmp_path, name):
    if name in ("anatosun/reddit-cryptocurrency-analysis", "clone95/crypto_reddit"):
        assert list(read_source(name, tmp_path)) == []  # any number of files is fine there, none as well
    else:
        with pytest.raises(SourceError, match=str(tmp_path)):
            list(read_source(name, tmp_path))


def test_a_csv_whose_columns_changed_upstream_says_what_it_has(tmp_path):
    (tmp_path / "reddit_comments.csv").write_text("when,what\n1,2\n")

    with pytest.raises(SourceError, match=r"no column \['Timestamp', 'Body', 'Subreddit'\]; it has \['when', 'what'\]"):
        list(read_source("howardwong97/AI-Hack-2021-Team-21-Submission", tmp_path))
