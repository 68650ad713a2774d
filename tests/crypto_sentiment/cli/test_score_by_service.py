"""`crypto-sentiment score --url`: files of every format, scored by a service as this machine would score them."""

import gzip
import io
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.conftest import API_KEY, REPOSITORY, free_port

COMMENTS = [
    {"id": "a", "body": "to the moon"},
    {"id": "b", "body": ""},
    {"id": "c", "body": "BTC is a scam, ETH is great"},
]


def parquet() -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(COMMENTS), file)
    return file.getvalue()


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "crypto_sentiment", "score", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=200)


@pytest.mark.parametrize(
    "content",
    [
        "".join(json.dumps(comment) + "\r\n" for comment in COMMENTS).encode("utf-8-sig"),
        gzip.compress(json.dumps(COMMENTS).encode()),
        "id;body\n".encode("utf-16") + "".join(f"{c['id']};{c['body']}\n" for c in COMMENTS).encode("utf-16-le"),
        parquet(),
    ],
    ids=["JSON lines with a BOM", "an array in gzip", "CSV in UTF-16", "Parquet"],
)
def test_a_file_of_any_format_comes_back_as_if_it_were_scored_here(server, tmp_path, content):
    source = tmp_path / "comments"
    source.write_bytes(content)
    by_service, here = run("--url", server, source, "-"), run(source, "-")
    assert (by_service.returncode, here.returncode) == (3, 3), by_service.stderr
    assert by_service.stdout == here.stdout
    assert b"1 of 3 comments could not be scored: 1 empty" in by_service.stderr


def test_lines_end_at_a_line_feed_alone_and_half_surrogates_are_no_obstacle(server, tmp_path):
    """U+2028, U+0085 and a vertical tab within a text are text, as JSON has it; what goes out is UTF-8."""
    texts = ["to the\u2028moon", "a\u0085scam", "a\x0bscam", "to the moon \ud83d", "to the moon \U0001f680"]
    source, output = tmp_path / "comments.jsonl", tmp_path / "scored.jsonl"
    lines = [json.dumps({"text": text}, ensure_ascii="\ud83d" in text) for text in texts]
    source.write_bytes("\n".join(lines).encode())
    done = run("--url", server, source, output)
    assert done.returncode == 0, done.stderr
    scored = [json.loads(line) for line in output.read_bytes().decode("utf-8").split("\n") if line]
    assert [line["text"] for line in scored] == [text.replace("\ud83d", "\ufffd") for text in texts]
    assert [line["label"] for line in scored][1:3] == ["negative", "negative"]


def test_comments_that_cannot_be_scored_are_lines_like_any_other(server, tmp_path):
    """300 comments, one of them a numeric reference of 4,301 digits, one empty: 300 lines."""
    comments = [{"id": str(i), "text": f"to the moon {i}"} for i in range(300)]
    comments[7]["text"] = "&#" + "9" * 4_301 + ";"
    comments[9]["text"] = "\u200b"
    source, output = tmp_path / "comments.jsonl", tmp_path / "scored.jsonl"
    source.write_text("".join(json.dumps(comment) + "\n" for comment in comments))
    assert run("--url", server, source, output).returncode == 3
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line["id"] for line in lines] == [comment["id"] for comment in comments]
    assert [line["id"] for line in lines if line["error"]] == ["7", "9"]


@pytest.mark.parametrize(("key", "status"), [(API_KEY, 0), ("another", 1)])
def test_the_key_is_sent(keyed_server, tmp_path, key, status):
    source = tmp_path / "comments.jsonl"
    source.write_text('{"text": "to the moon"}\n')
    done = run("--url", keyed_server, "--api-key", key, source, "-")
    assert done.returncode == status
    assert b"Traceback" not in done.stderr


def test_nobody_there_is_one_line(tmp_path):
    source = tmp_path / "comments.jsonl"
    source.write_text('{"text": "to the moon"}\n')
    done = run("--url", f"http://127.0.0.1:{free_port()}", source, tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert b"no answer from" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
