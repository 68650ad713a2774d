import json

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from training.data import data_report
from training.data.prepare import FILES
from training.data.records import write_records

pytestmark = pytest.mark.training
TEXTS = ["secret words to the moon 🚀", "see https://example.com for it", "> quoted\nI agree", "is it over?"]


@pytest.fixture
def prepared(tmp_path):
    folder = tmp_path / "data"
    report = {}
    for name in FILES:
        label = {"label": "positive"} if name == "general" else {} if name == "unlabelled" else {"score": -1}
        records = [
            {
                "id": str(n),
                "text": text,
                "subreddit": "Bitcoin",
                "created_utc": 1651575038.0,
                "source": "a/b:c",
                **label,
            }
            for n, text in enumerate(TEXTS)
        ]
        write_records(folder / f"{name}.jsonl.gz", records)
        report[name] = {"read": 5, "dropped": {"bot": 1}, "kept": 4, "sha256": "…"}
    (folder / "prepare.json").write_text(json.dumps({"inputs": "", "files": report}))
    return folder


def run(*arguments):
    app = typer.Typer()
    app.command()(data_report.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_report_counts_and_draws_and_quotes_no_one(prepared, tmp_path):
    out = tmp_path / "docs"

    result = run("--data", prepared, "--out", out)

    assert result.exit_code == 0, result.output
    row = json.loads((out / "report.json").read_text())["files"]["labelled"]
    assert row["texts"] == 4
    assert row["labels"] == {"-1": 4}
    assert row["subreddits"] == {"bitcoin": 4}
    assert row["years"] == {"2022": 4, "unknown": 0}
    assert row["shares"] == {"with_emoji": 0.25, "with_link": 0.25, "with_quoted_parent": 0.25, "question": 0.25}
    assert row["words"]["max"] == 6
    page = (out / "README.md").read_text()
    assert "| `unlabelled.jsonl.gz` | 5 | bot | 1 |" in page
    for name in ("lengths", "labels", "origin"):
        assert f"]({name}.png)" in page
        assert Image.open(out / f"{name}.png").width == 1000
        assert (out / f"{name}.png").stat().st_size < 100_000
    assert "secret" not in page + (out / "report.json").read_text()


def test_unprepared_data_is_an_error(tmp_path):
    result = run("--data", tmp_path, "--out", tmp_path)

    assert result.exit_code == 1
    assert "run python -m training.data.prepare first" in result.output


@pytest.mark.parametrize(("text", "found"), [("🚀", True), ("💎🙌", True), ("©2022", False), ("café €5 “x”", False)])
def test_emoji_are_pictographs_and_not_any_symbol(text, found):
    assert data_report.has_emoji(text) is found
