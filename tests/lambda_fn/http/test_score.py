"""POST /score: result lines over HTTP are those that `crypto-sentiment score` writes."""

import json
import subprocess
import sys

import httpx
import pytest

from lambda_fn.contract import RESULT_FIELDS, Exit
from tests.comments import NEGATIVE, NEUTRAL, POSITIVE

COMMENTS = [
    *({"text": text} for text in (*POSITIVE, *NEGATIVE, *NEUTRAL)),
    {"text": "Sold all my ETH, it is garbage, and bought SOL, which I love"},
    {"text": "Bitcoin se va a cero, vendan todo lo que tengan antes de que sea tarde"},
    {"text": "[deleted]"},
    {"text": ""},
    {"text": "To the moon!", "author": "AutoModerator"},
    {"text": 5},
    {"body": "moon"},
]


def test_a_comment_gets_what_its_line_in_a_file_says(server, tmp_path):
    source, output = tmp_path / "comments.jsonl", tmp_path / "scored.jsonl"
    # Its last one has no text in the file either: there the column is found by the first.
    source.write_text("".join(json.dumps(comment) + "\n" for comment in COMMENTS))
    done = subprocess.run([sys.executable, "-m", "crypto_sentiment", "score", source, output], capture_output=True)
    assert done.returncode == Exit.SOME_NOT_SCORED, done.stderr
    answer = httpx.post(f"{server}/score", json=COMMENTS)
    assert answer.status_code == 200
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    ours = [name for name in RESULT_FIELDS if name not in ("work_id", "position", "id")]
    assert answer.json()["results"][:-1] == [{name: line[name] for name in ours} for line in lines[:-1]]
    assert answer.json()["results"][-1]["error"] == "text_missing"
    assert answer.headers["x-model-revision"] == lines[0]["model"]


def test_strings_are_comments_and_anything_else_is_an_error_in_its_place(server):
    results = httpx.post(f"{server}/score", json=["to the moon", 5, None, ["x"]]).json()["results"]
    assert [result["error"] for result in results] == ["", "text_not_string", "text_empty", "text_not_string"]
    assert results[0]["mood"] == "positive"
    assert results[1]["mood"] is None


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"{}", 422), (b"", 422), (json.dumps(["moon"] * 513).encode(), 413)]
)
def test_a_body_that_is_no_batch_is_refused(server, body, status):
    answer = httpx.post(f"{server}/score", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status


def test_no_comments_have_no_results(server):
    assert httpx.post(f"{server}/score", json=[]).json() == {"results": []}
