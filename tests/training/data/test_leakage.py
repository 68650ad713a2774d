import json

import pytest
import typer
from typer.testing import CliRunner

from training.data import leakage
from training.data.records import DataError, read_records, write_records

pytestmark = pytest.mark.training
EVALUATION = [
    "Selling my last coins today, this project is dead and the team is gone for good",
    "Bullish!",
    "Never been so sure of anything as of this chain, the fees are tiny and the devs keep shipping",
]
FAR = {"id": "far", "text": "Which wallet do you use for staking on a phone these days", "source": "x:y"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("selling my last coins today. this project is DEAD and the team is gone for good!", "equal"),
        ("bullish", "equal"),
        ("Selling all my last coins today, this project is dead and the team has gone for good", "near"),
        (
            "As he wrote: > this chain, the fees are tiny and the devs keep shipping. I do not agree at all, sir",
            "shared words",
        ),
        ("Bullish on anything", None),
        ("the fees are tiny and the devs sleep", None),
    ],
)
def test_matches_and_near_matches_are_told_apart(text, reason):
    assert leakage.LeakageGuard(EVALUATION).reasons([text]) == [reason]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    write_records(folder / "labelled.jsonl.gz", [FAR, {"id": "leak", "text": "BULLISH", "source": "x:y"}])
    write_records(folder / "general.jsonl.gz", [FAR])
    return folder


@pytest.fixture
def evaluation(tmp_path):
    path = tmp_path / "evaluation.csv"
    path.write_text("Comment Text,Sentiment\n" + "".join(f'"{text}",Positive\n' for text in EVALUATION))
    return path


def run(*arguments):
    app = typer.Typer()
    app.command()(leakage.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_drops_what_leaks_and_counts_it(data, evaluation):
    result = run("--evaluation", evaluation, "--data", data)

    assert result.exit_code == 0, result.output
    assert [record["id"] for record in read_records(data / "labelled.jsonl.gz")] == ["far"]
    report = json.loads(result.stdout[result.stdout.index("{") :])
    assert report["labelled.jsonl.gz"] == {"before": 2, "kept": 1, "equal": 1}
    assert report["general.jsonl.gz"] == {"before": 1, "kept": 1}
    assert run("--evaluation", evaluation, "--data", data, "--check").exit_code == 0


def test_check_changes_nothing_and_fails(data, evaluation):
    before = (data / "labelled.jsonl.gz").read_bytes()

    result = run("--evaluation", evaluation, "--data", data, "--check")

    assert result.exit_code == 1
    assert (data / "labelled.jsonl.gz").read_bytes() == before
    assert "BULLISH" not in result.output, "reports carry no text"


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("a,b\n1,2\n", None, "name the one with the text with --text-column"),
        ("a,b\n1,2\n", "c", "--text-column"),
        ("text\n\n", None, "holds no text"),
    ],
)
def test_a_csv_without_texts_is_refused(tmp_path, content, column, message):
    (tmp_path / "x.csv").write_text(content)

    with pytest.raises(DataError, match=message):
        leakage.evaluation_texts(tmp_path / "x.csv", column)


def test_any_column_can_be_named(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,hello there\n")

    assert leakage.evaluation_texts(tmp_path / "x.csv", "b") == ["hello there"]


def test_an_unprepared_folder_is_an_error(tmp_path, evaluation):
    result = run("--evaluation", evaluation, "--data", tmp_path)

    assert result.exit_code == 2
    assert "run python -m training.data.prepare first" in result.output
