"""The command as a person runs it."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto_sentiment.cli import app
from crypto_sentiment.cost.inputs import BENCHMARK, PRICES, read_json

ROOT = Path(__file__).resolve().parents[3]
DATE = ["--as-of", "2026-11-23"]  # the prices are as old as on this day, whenever the tests run


def run(app, arguments):
    return CliRunner().invoke(app, ["cost", *arguments])


def test_the_default_run_is_one_screen_that_begins_with_the_answer():
    result = run(app, DATE)
    assert result.exit_code == 0, result.output
    lines = result.output.strip().splitlines()
    assert lines[0] == "Answer"
    for text in (
        "10,000,000 requests a day, one comment each: Lambda against Fargate",
        "What packing changes",
        "Where they cross",
        "75% of tasks, 60% off",
        "cdk deploy -c",
    ):
        assert text in result.output
    assert len(lines) <= 60


def test_the_whole_report_is_printed_when_asked_for():
    result = run(app, [*DATE, "--full"])
    assert result.exit_code == 0, result.output
    for text in (
        "Does the winner stay?",
        "PASS",
        "FAIL",
        "Three findings",
        "Break-even points",
        "The predecessor's $130 a month",
    ):
        assert text in result.output


@pytest.mark.parametrize("command", [["-m", "crypto_sentiment", "cost"], ["scripts/cost_estimate.py"]])
def test_it_runs_as_a_module_and_as_a_file(command):
    result = subprocess.run([sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "--comments-per-day" in result.stdout
    assert "Exit codes" in result.stdout


def test_its_help_lists_the_flags_under_headings_with_examples_first():
    text = run(app, ["--help"]).output
    headings = ["Examples:", "What is deployed:", "Prices:", "The stream:", "Lambda:", "Fargate:", "Options:"]
    places = [text.index(f"{heading}\n") for heading in headings]
    assert places == sorted(places)
    assert str(ROOT) not in text
    assert (
        json.loads(run(app, [*DATE, "--json", "--spot-discount", "0.3"]).output)["assumptions"]["spot_discount"] == 0.3
    )


def test_json_holds_every_bill_with_its_lines():
    document = json.loads(run(app, [*DATE, "--json", "--comments-per-day", "1e6"]).output)
    assert document["assumptions"]["comments_per_day"] == 1e6
    assert document["cheapest"] in {bill["option"] for bill in document["bills"]}
    for bill in document["bills"]:
        assert bill["usd"] == pytest.approx(sum(line["usd"] for line in bill["lines"]), abs=0.01)


def test_csv_has_a_row_for_each_line_of_each_bill():
    rows = list(csv.DictReader(io.StringIO(run(app, [*DATE, "--csv"]).output)))
    gateway = [r for r in rows if r["option"] == "lambda-http-single-x86" and r["price"] == "apigateway.http"]
    assert {row["width"] for row in gateway} == {"384", "768"}
    assert float(gateway[0]["usd"]) == pytest.approx(300)


def test_reports_stand_alone_and_small(tmp_path):
    html, markdown, plots = tmp_path / "report.html", tmp_path / "COST.md", tmp_path / "plots"
    result = run(app, [*DATE, "--html", str(html), "--markdown", str(markdown), "--plots", str(plots)])
    assert result.exit_code == 0, result.output
    text = html.read_text()
    assert text.count("data:image/png;base64,") == 5
    assert "src=" not in text.replace('src="data:', "")
    assert "<script" not in text
    pictures = list(plots.glob("*.png"))
    assert len(pictures) == 5
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 300_000
        assert f"](plots/{picture.name})" in markdown.read_text()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--comments-per-day", "0"], "--comments-per-day"),
        (["--comments-per-day", "-1"], "--comments-per-day"),
        (["--peak-factor", "1000"], "--peak-factor"),
        (["--shape", "zigzag"], "--shape"),
        (["--hours-in-month", "10"], "720"),
        (["--shape", "bursts", "--peak-factor", "10"], "at most 8"),
        (["--region", "mars-north-1"], "--refresh-prices"),
        (["--markdown", "x.md"], "--plots"),
        (["--as-of", "tomorrow"], "--as-of"),
        (["--ms-per-comment", "-3"], "ms per comment"),
        (["--ms-per-comment", "0"], "ms per comment"),
        (["--savings-plan", "5y"], "choose none, 1y, 3y"),
        (["--context", "result_days=30"], "did you mean results_days?"),
        (["--context", "results_days=many"], "cannot be read"),
        (["--context", "results_days=0"], "--result-days"),
        (["--template", "missing.json"], "cannot read missing.json"),
    ],
)
def test_bad_input_is_a_plain_message_and_exit_2(flags, message):
    result = run(app, [*DATE, *flags])
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output + result.stderr


def changed_prices(tmp_path: Path, change) -> str:
    document = read_json(PRICES / "us-east-1.json")
    change(document["rows"])
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_a_price_file_with_a_hole_is_refused_by_the_rows_name(tmp_path):
    path = changed_prices(tmp_path, lambda rows: rows.pop("sqs.requests"))
    result = run(app, [*DATE, "--prices", path])
    assert result.exit_code == 2
    assert "no row 'sqs.requests'" in result.stderr


def test_prices_over_180_days_old_are_named_with_their_date(tmp_path):
    path = changed_prices(tmp_path, lambda rows: rows["sqs.requests"].update(date="2026-01-02"))
    result = run(app, [*DATE, "--prices", path, "--json"])
    assert result.exit_code == 4
    assert "sqs.requests was last checked on 2026-01-02" in result.stderr
    assert json.loads(result.stdout)["bills"]
    assert run(app, [*DATE, "--prices", path, "--json", "--allow-stale"]).exit_code == 0


def test_strict_fails_where_nothing_fits():
    assert run(app, [*DATE, "--json", "--strict", "--budget", "5"]).exit_code == 3
    assert run(app, [*DATE, "--json", "--strict"]).exit_code == 0


def test_the_free_tier_and_a_faster_model_lower_the_bill():
    def cheapest(*flags: str) -> float:
        bills = json.loads(run(app, [*DATE, "--json", *flags]).output)["bills"]
        return min(bill["usd"] for bill in bills if bill["option"] == "lambda-sqs-packed-x86")

    assert cheapest("--free-tier") < cheapest()
    assert cheapest("--ms-per-comment", "1") < cheapest()
    assert cheapest("--savings-plan", "3y") < cheapest()


def test_another_benchmark_file_is_read(tmp_path):
    benchmark = read_json(BENCHMARK)
    benchmark["models"]["384"]["batch_ms_per_token"]["value"] *= 10
    path = tmp_path / "slow.json"
    path.write_text(json.dumps(benchmark))
    document = json.loads(run(app, [*DATE, "--json", "--benchmark", str(path)]).output)
    bill = next(b for b in document["bills"] if b["option"] == "lambda-sqs-packed-x86")
    assert bill["verdict"] == "FAIL"


def test_the_bill_follows_the_context_of_a_deployment():
    def usd(*flags: str) -> dict[str, float]:
        bills = json.loads(run(app, [*DATE, "--json", *flags]).output)["bills"]
        return next(b for b in bills if b["option"] == "lambda-sqs-packed-x86" and b["width"] == 384)["parts"]

    kept, dropped = usd(), usd("--context", "results_days=30", "--context", "api_auth=iam")
    assert dropped["S3"] < kept["S3"]
    assert "API key" in kept
    assert "API key" not in dropped


def test_the_bill_of_another_model_is_refused(tmp_path):
    benchmark = read_json(BENCHMARK)
    benchmark["models"]["384"]["revision"] = "0123abcd"
    path = tmp_path / "older.json"
    path.write_text(json.dumps(benchmark))
    result = run(app, [*DATE, "--benchmark", str(path)])
    assert result.exit_code == 2
    assert "the speed of model 0123abcd" in result.stderr
    assert run(app, [*DATE, "--benchmark", str(path), "--ms-per-comment", "2", "--json"]).exit_code == 0
