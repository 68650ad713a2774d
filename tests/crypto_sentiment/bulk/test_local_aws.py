"""Bulk scoring on one machine, as README shows it: a local queue and bucket, submit, work, collect."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.comments import NEGATIVE, POSITIVE
from tests.conftest import REPOSITORY, free_port


def run(verb: str, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "crypto_sentiment", verb, *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def local_aws():
    """The variables that `crypto-sentiment local-aws` prints, while it runs."""
    port = free_port()
    command = [sys.executable, "-m", "crypto_sentiment", "local-aws", "--port", str(port)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    variables = dict(process.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(6))
    yield variables
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def test_a_file_goes_through_the_queue_and_comes_back_scored(local_aws, tmp_path):
    source, output = tmp_path / "comments.jsonl", tmp_path / "scored.jsonl"
    comments = [{"id": f"c{n}", "text": text} for n, text in enumerate([*POSITIVE, *NEGATIVE, ""])]
    source.write_text("".join(json.dumps(comment) + "\n" for comment in comments))
    steps = [
        ("submit", str(source)),
        ("worker", "--until-empty", "--wait", "0"),
        (
            "collect",
            str(source),
            "--bucket",
            local_aws["RESULTS_BUCKET"],
            "--output",
            str(output),
        ),
    ]
    for verb, *arguments in steps:
        done = run(verb, *arguments, environment=local_aws)
        assert done.returncode == (3 if verb == "collect" else 0), done.stdout + done.stderr
    assert f"{len(comments)} of {len(comments)}" in done.stderr
    assert "1 of them could not be scored: 1 text_empty" in done.stderr
    scored = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line["id"] for line in scored] == [comment["id"] for comment in comments]
    assert scored[-1]["error"] == "text_empty"
    assert sum(line.get("label") == "positive" for line in scored) >= len(POSITIVE) - 1


def test_a_taken_port_is_said_in_one_line(local_aws):
    port = local_aws["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]
    done = run("local-aws", "--port", port, environment={})
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr
