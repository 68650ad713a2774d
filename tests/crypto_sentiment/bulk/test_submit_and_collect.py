"""A file through the queue and back: submit, score (the Fargate worker's code), collect."""

import csv
import gzip
import json

import pytest

from crypto_sentiment.bulk import collect, submit
from tests.aws import RESULTS_BUCKET
from tests.comments import REAL, crowd

CONSOLES = {"submit": submit.console, "collect": collect.console}


def jsonl(comments) -> bytes:
    return b"".join(json.dumps(c).encode() + b"\n" for c in comments)


@pytest.mark.parametrize("way", [("--live",), (), ("--via-bucket", "uploads")])
def test_there_and_back(aws, queue, run, work, tmp_path, way):
    comments = [*crowd(700, permalink="x" * 300), {"text": "no id, 🚀"}, {"text": 7}, {"id": "none"}]
    source, output = tmp_path / "comments.jsonl.gz", tmp_path / "joined.jsonl"
    source.write_bytes(gzip.compress(jsonl(comments) + b"not json\n"))
    said = run("submit", source, *way)
    assert "704 comments in" in said
    work()
    said = run("collect", source, "--output", output, "--timeout", "0", status=3)
    assert "704 of 704 comments have their result; 3 of them could not be scored: " in said
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row.get("text") for row in rows[:-1]] == [comment.get("text") for comment in comments]
    assert rows[0]["label"] == "positive"
    assert rows[0]["permalink"] == "x" * 300
    assert rows[700]["label"]
    assert [row["error"] for row in rows[701:703]] == ["text_not_string", "text_missing"]
    assert rows[703]["error"].startswith("record_not_")


def test_equal_comments_without_ids_are_not_taken_for_repetitions(aws, queue, run, work, tmp_path):
    equal = jsonl([{"text": REAL[0]}] * 9000)
    said = run("submit", "-", "--live", "--receipt", tmp_path / "receipt.jsonl", stdin=equal)
    assert "9,000 comments in 5 messages" in said
    work()
    lines = aws.result_lines()
    assert len(lines) == len({(line["work_id"], line["position"]) for line in lines}) == 9000


def test_a_csv_with_a_comment_too_large_for_any_message(aws, queue, run, work, tmp_path):
    source = tmp_path / "comments.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], ["1", "x" * 3_000_000], ["2", "Crypto to\nthe moon!"]])
    run("submit", source)
    work()
    lines = {line["id"]: line for line in aws.result_lines()}
    assert lines["1"]["error"] == "text_too_long"
    assert lines["2"]["label"] == "positive"


def test_an_interrupted_submission_goes_on_and_doubles_nothing(aws, queue, run, work, tmp_path):
    comments = crowd(900, permalink="x" * 1500)
    source = tmp_path / "comments.jsonl"
    source.write_bytes(jsonl(comments))
    sent = []

    def refuse_after_two(method, path):
        sent.append(path)
        return len(sent) > 2

    with aws.refusing(refuse_after_two):
        said = run("submit", source, "--live", "--timeout", "0", status=1)
    assert "Run the same command again" in said
    assert "Not all was submitted" in run("collect", source, "--timeout", "0", status=1)
    said = run("submit", source, "--live")
    assert "Going on after" in said
    work()
    assert "900 of 900" in run("collect", source, "--timeout", "0")
    assert sorted(line["id"] for line in aws.result_lines()) == sorted(comment["id"] for comment in comments)


def test_what_is_missing_is_reported(aws, queue, run, work, tmp_path):
    source = tmp_path / "comments.jsonl"
    source.write_bytes(jsonl(crowd(300, permalink="x" * 600)))
    run("submit", source, "--live")
    work()
    aws.s3.delete_object(Bucket=RESULTS_BUCKET, Key=aws.result_keys()[0])
    said = run("collect", source, "--timeout", "0", status=1)
    assert "missing: " in said


def test_errors_in_plain_words(run, tmp_path):
    assert "cannot read" in run("submit", tmp_path / "none.jsonl", status=1)
    assert "is not a receipt" in run("collect", tmp_path / "none.jsonl", status=1)
