"""Someone without our files rebuilds the data from the public sources and the committed kind of labels."""

import json

import pytest
import typer
from typer.testing import CliRunner

from training.data import prepare
from training.data.labels import Label, write_labels
from training.data.records import read_records

pytestmark = pytest.mark.training
SNAPSHOT = "anatosun/reddit-cryptocurrency-analysis:data/Bitcoin-2022-05-04-01-50-29.json"


def run(*arguments):
    app = typer.Typer()
    app.command()(prepare.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"DATA_DIR": ""})


def test_the_four_files_are_made_from_checkouts_and_labels(public_sources, tmp_path):
    labels, out = tmp_path / "labels.csv.gz", tmp_path / "data"
    write_labels(labels, [Label(SNAPSHOT, "i700001", 2, "train"), Label(SNAPSHOT, "i700002", -2, "dev")])

    result = run("--sources", public_sources, "--labels", labels, "--out", out)

    assert result.exit_code == 0, result.output
    read = {name: list(read_records(out / f"{name}.jsonl.gz")) for name in prepare.FILES}
    assert [record["id"] for record in read["labelled"]] == ["i700001"]
    assert [record["id"] for record in read["dev"]] == ["i700002"]
    unlabelled = {record["id"] for record in read["unlabelled"]}
    assert not unlabelled & {"i700001", "i700002"}, "the labelled and the development comments are not repeated"
    assert "i700003" not in unlabelled, "bots are dropped"
    assert {"df_val-0", "nixmne2", "bitcoin_comments.csv-0", "CryptoCurrency07-09-2021.txt-2"} <= unlabelled
    assert all("author" not in record for record in read["unlabelled"])
    assert {record["label"] for record in read["general"]} == {"positive", "negative", "neutral", "mixed", "ambiguous"}
    report = json.loads((out / "prepare.json").read_text())["files"]
    assert report["unlabelled"]["dropped"]["bot"] == 1
    assert report["unlabelled"]["dropped"]["deleted"] == 1


def test_without_sources_the_error_says_where_they_are_and_what_else_there_is(tmp_path):
    result = run("--sources", tmp_path / "none", "--out", tmp_path / "data")

    assert result.exit_code == 1
    assert "git clone https://github.com/anatosun/reddit-cryptocurrency-analysis" in result.output
    assert "--data-dir" in result.output
