"""A file through the queue and back: submit, score (the Fargate worker), collect."""

import csv
import gzip
import json
import os
import subprocess
import sys

import pytest

from tests.aws import RESULTS_BUCKET, LocalAws
from tests.comments import REAL, crowd
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def aws(classifier):
    with LocalAws() as aws:
        aws.s3.create_bucket(Bucket="uploads")
        yield aws


@pytest.fixture
def queue(aws):
    aws.empty()
    return aws.create_queue()


@pytest.fixture
def run(aws, queue):
    def run(module: str, *arguments, status: int = 0, stdin: bytes = b"", **environment) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=REPOSITORY,
            input=stdin,
            capture_output=True,
            timeout=250,
            env={**os.environ, **aws.environment(queue), "COLUMNS": "200", **environment},
        )
        said = done.stderr.decode()
        assert done.returncode == status, said
        assert "Traceback" not in said
        return said

    return run


def work(run) -> None:
    run("lambda_fn.worker", "--until-empty", "--wait", "0")


def jsonl(comments) -> bytes:
    return b"".join(json.dumps(c).encode() + b"\n" for c in comments)


@pytest.mark.parametrize("way", [("--live",), (), ("--via-bucket", "uploads")])
def test_there_and_back(aws, queue, run, tmp_path, way):
    comments = [*crowd(700, permalink="x" * 300), {"text": "no id, 🚀"}, {"text": 7}, {"id": "none"}]
    source, output = tmp_path / "comments.jsonl.gz", tmp_path / "joined.jsonl"
    source.write_bytes(gzip.compress(jsonl(comments) + b"not json\n"))
    said = run("scripts.submit_bulk", source, *way)
    assert "704 comments in" in said
    work(run)
    said = run("scripts.collect_results", source, "--output", output, "--timeout", "0")
    assert "704 of 704 comments have their result" in said
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row.get("text") for row in rows[:-1]] == [comment.get("text") for comment in comments]
    assert rows[0]["label"] == "positive"
    assert rows[0]["permalink"] == "x" * 300
    assert rows[700]["label"]
    assert [row["error"]["code"] for row in rows[701:703]] == ["text_not_string", "text_missing"]
    assert "error" in rows[703]


def test_equal_comments_without_ids_are_not_taken_for_repetitions(aws, queue, run):
    said = run("scripts.submit_bulk", "-", "--live", "--receipt", "/dev/null", stdin=jsonl([{"text": REAL[0]}] * 9000))
    assert "9,000 comments in 5 messages" in said
    work(run)
    lines = aws.result_lines()
    assert len(lines) == len({(line["work_id"], line["position"]) for line in lines}) == 9000


def test_a_csv_with_a_comment_too_large_for_any_message(aws, queue, run, tmp_path):
    source = tmp_path / "comments.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], ["1", "x" * 3_000_000], ["2", "Crypto to\nthe moon!"]])
    run("scripts.submit_bulk", source)
    work(run)
    lines = {line["id"]: line for line in aws.result_lines()}
    assert lines["1"]["error"]["code"] == "text_too_long"
    assert lines["2"]["label"] == "positive"


def test_an_interrupted_submission_goes_on_and_doubles_nothing(aws, queue, run, tmp_path):
    comments = crowd(900, permalink="x" * 600)
    source = tmp_path / "comments.jsonl"
    source.write_bytes(jsonl(comments))
    sent = []

    def refuse_after_two(method, path):
        sent.append(path)
        return len(sent) > 2

    with aws.refusing(refuse_after_two):
        said = run("scripts.submit_bulk", source, "--live", status=1, AWS_MAX_ATTEMPTS="1")
    assert "Error: " in said
    said = run("scripts.submit_bulk", source, "--live")
    assert "Going on after" in said
    work(run)
    assert "900 of 900" in run("scripts.collect_results", source, "--timeout", "0")
    assert sorted(line["id"] for line in aws.result_lines()) == sorted(comment["id"] for comment in comments)


def test_what_is_missing_is_reported(aws, queue, run, tmp_path):
    source = tmp_path / "comments.jsonl"
    source.write_bytes(jsonl(crowd(300, permalink="x" * 600)))
    run("scripts.submit_bulk", source, "--live")
    work(run)
    aws.s3.delete_object(Bucket=RESULTS_BUCKET, Key=aws.result_keys()[0])
    said = run("scripts.collect_results", source, "--timeout", "0", status=1)
    assert "missing: " in said


def test_errors_in_plain_words(run, tmp_path):
    assert "cannot read" in run("scripts.submit_bulk", tmp_path / "none.jsonl", status=1)
    assert "is not a receipt" in run("scripts.collect_results", tmp_path / "none.jsonl", status=1)
