from typer.testing import CliRunner

from crypto_sentiment.cli import app
from crypto_sentiment.simulation import sqs_day

SMALL = ["--comments-per-day", "1e6", "--most-events", "5000", "--option", "lambda-sqs-packed-x86"]


def run(app, arguments):
    return CliRunner().invoke(app, ["simulate", *arguments])


def test_a_day_is_played_and_agrees(tmp_path):
    result = run(app, [*SMALL, "--markdown", str(tmp_path / "day.md")])
    assert "| lambda-sqs-packed-x86 |" in (tmp_path / "day.md").read_text()
    assert result.exit_code == 0, result.output
    assert "agree within 5 %" in result.output
    assert "p99 s" in result.output


def test_a_disagreement_is_named_and_exits_1(monkeypatch):
    monkeypatch.setattr(sqs_day, "function_slowdown", lambda memory_mb: 2.0)
    result = run(app, SMALL)
    assert result.exit_code == 1
    assert "lambda-sqs-packed-x86 disagrees: compute" in " ".join(result.output.split())


def test_it_plays_what_a_context_deploys():
    assert run(app, [*SMALL, "--batching-window-s", "5"]).exit_code == 0
    assert run(app, [*SMALL, "--context", "bulk_window_s=10", "--context", "bulk_memory_mb=1024"]).exit_code == 0


def test_the_range_in_which_they_agree_is_named(tmp_path):
    file = tmp_path / "range.md"
    flags = ["--range", "--most-events", "1500", "--option", "lambda-http-batch-x86", "--markdown", str(file)]
    result = run(app, flags)
    assert result.exit_code in (0, 1), result.output
    rows = [line for line in file.read_text().splitlines() if line.startswith("| lambda-http-batch-x86 |")]
    assert len(rows) >= 3  # the day, the bill, the range
    assert "the estimate does not hold" in result.output  # where a fifth of all messages fails


def test_bad_input_exits_2():
    assert run(app, ["--option", "pigeons"]).exit_code == 2
    assert run(app, ["--comments-per-day", "-4"]).exit_code == 2
    assert run(app, ["--width", "512", "--option", "lambda-sqs-packed-x86"]).exit_code == 2
