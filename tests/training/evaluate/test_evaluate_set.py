import csv
import json

import pytest
import typer
from typer.testing import CliRunner

from training.evaluate import evaluate_set

pytestmark = pytest.mark.training


def run(table):
    app = typer.Typer()
    app.command()(evaluate_set.main)
    return CliRunner().invoke(app, [str(table)])


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("Comment Text", "Sentiment"), *rows])
    return path


def test_the_shipped_model_is_scored_on_a_table_of_the_given_form(tmp_path):
    table = write(
        tmp_path / "sentiment.csv",
        [
            ("I love this project, so bullish!", "Positive"),
            ("Buying more, best coin ever", "Positive"),
            ("Total scam, lost everything", "Negative"),
            ("Total scam, lost everything", "Negative"),
            ("This is the worst exchange, avoid it", "Positive"),
        ],
    )

    figures = json.loads(run(table).stdout)

    assert figures["comments"] == 4, "a comment twice counts once"
    assert figures["confusion"] == [[1, 0], [1, 2]], "the last label is wrong, and counted against the model"
    assert figures["accuracy"] == 75.0
    low, high = figures["accuracy_interval"]
    assert low < 75 < high


@pytest.mark.parametrize("rows", [[], [("hm", "Neutral")]])
def test_a_table_without_sides_is_refused_in_a_sentence(rows, tmp_path):
    result = run(write(tmp_path / "sentiment.csv", rows))

    assert result.exit_code == 1
    assert "error:" in result.stderr
    assert "Traceback" not in result.output


def test_a_table_that_is_not_there_is_named(tmp_path):
    result = run(tmp_path / "nothing.csv")

    assert result.exit_code == 1
    assert "nothing.csv" in result.stderr
