import gzip

import pytest
import typer
from typer.testing import CliRunner

from training.data import join_labels
from training.data.labels import DEFAULT_LABELS, Label, checks_path, read_checks, read_labels, text_hash, write_labels
from training.data.records import DataError, read_records

pytestmark = pytest.mark.training
ANATOSUN = "anatosun/reddit-cryptocurrency-analysis"
SANTARELLA = "luca-santarella/sentiment-analysis-crypto"


@pytest.fixture
def labels(tmp_path):
    """One label of each kind of id; one whose comment has been deleted upstream."""
    path = tmp_path / "labels.csv.gz"
    write_labels(
        path,
        [
            # Named after another snapshot than the one it is found in: Reddit ids hold across files.
            Label(f"{ANATOSUN}:data/Bitcoin-2022-05-28-01-50-29.json", "i700001", 2, "train"),
            Label(f"{ANATOSUN}:data/Bitcoin-2022-05-04-01-50-29.json", "i700002", -2, "dev"),
            Label(f"{ANATOSUN}:data/Bitcoin-2022-05-04-01-50-29.json", "i7zzzzz", 1, "train"),
            Label(f"{SANTARELLA}:data/comments/df_val.csv", "df_val-0", 2, "train"),
            Label("howardwong97/AI-Hack-2021-Team-21-Submission:reddit_comments.csv", "1", -1, "train"),
            Label("cspence001/crypto_sentiment_analysis:resources/missing_thread_comments.csv", "0", 2, "train"),
            Label("Mikhara/Project1:bitcoin_comments.csv", "bitcoin_comments.csv-0", 0, "dev"),
            Label("zakariaeyahya/Crypto_Analysis:data/silver/reddit/train_data.csv", "nixmne2", -2, "train"),
        ],
    )
    return path


def run(*arguments):
    app = typer.Typer()
    app.command()(join_labels.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def test_labels_find_their_texts_in_checkouts_of_every_source(public_sources, labels, tmp_path):
    result = run("--sources", public_sources, "--labels", labels, "--out", tmp_path / "out")

    assert result.exit_code == 0, result.output
    train = {record["id"]: record for record in read_records(tmp_path / "out" / "labelled.jsonl.gz")}
    dev = {record["id"]: record for record in read_records(tmp_path / "out" / "dev.jsonl.gz")}
    assert set(train) == {"i700001", "df_val-0", "1", "0", "nixmne2"}
    assert (train["i700001"]["text"], train["i700001"]["score"]) == (
        "I keep buying & holding, this dip is a gift 😎",
        2,
    )
    assert train["1"]["text"] == "Grandpa bitcoin is being dumped, fast"
    assert dev["i700002"]["score"] == -2
    assert dev["bitcoin_comments.csv-0"]["text"] == "Old news, move on"


def test_the_report_counts_labels_and_texts_found_for_each_source(public_sources, labels, tmp_path):
    lines = run("--sources", public_sources, "--labels", labels, "--out", tmp_path / "out").output.splitlines()

    counts = {
        cells[1]: cells[3:6:2] for line in lines if (cells := line.replace("│", "|| ").split()) and len(cells) > 5
    }
    assert counts[ANATOSUN] == ["3", "2"]
    assert counts["all"] == ["8", "7"]


def test_a_missing_checkout_is_named_and_partly_goes_on_without_it(public_sources, labels, tmp_path):
    (public_sources / "Mikhara").rename(tmp_path / "elsewhere")

    result = run("--sources", public_sources, "--labels", labels, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "git clone https://github.com/Mikhara/Project1" in result.output
    assert not (tmp_path / "out").exists()

    result = run("--sources", public_sources, "--labels", labels, "--out", tmp_path / "out", "--partly")
    assert result.exit_code == 0
    assert len(list(read_records(tmp_path / "out" / "dev.jsonl.gz"))) == 1


def test_a_file_whose_rows_were_renumbered_upstream_loses_its_labels_rather_than_mislabelling(
    public_sources, labels, tmp_path
):
    source = "howardwong97/AI-Hack-2021-Team-21-Submission:reddit_comments.csv"
    checks_path(labels).write_text(
        "source,id,text_hash\n"
        f"{source},1,{text_hash('What row 1 said when it was labelled')}\n"
        f"{SANTARELLA}:data/comments/df_val.csv,df_val-0,{text_hash('Nano is feeless. I love how fast it settles')}\n"
    )

    result = run("--sources", public_sources, "--labels", labels, "--out", tmp_path / "out")

    assert f"left out: {source} has other texts under these ids" in result.output
    assert {record["id"] for record in read_records(tmp_path / "out" / "labelled.jsonl.gz")} == {
        "i700001",
        "df_val-0",
        "0",
        "nixmne2",
    }


def test_labels_that_find_no_text_at_all_are_an_error(labels):
    with pytest.raises(DataError, match="not one label"):
        join_labels.join_public(labels, [])


def test_the_committed_labels_are_whole_and_carry_no_text():
    labels = read_labels(DEFAULT_LABELS)

    assert len(labels) >= 82_497
    assert sum(label.split == "dev" for label in labels) == 2_500
    assert gzip.decompress(DEFAULT_LABELS.read_bytes()).startswith(b"source,id,score,split\n")
    assert {source.partition(":")[0] for source, _ in read_checks(checks_path(DEFAULT_LABELS))} >= {
        SANTARELLA,
        "Mikhara/Project1",
        "howardwong97/AI-Hack-2021-Team-21-Submission",
        "cspence001/crypto_sentiment_analysis",
    }
    assert max(len(label.id) for label in labels) <= len("CryptoCurrency07-09-2021.txt-1234")
