"""The image's verbs, `python -m lambda_fn VERB`, as processes; tests/image runs them inside the image."""

import gzip
import io
import json
import os
import signal
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet
import pytest

from lambda_fn.http import health
from tests.conftest import REPOSITORY, served

COMMENTS = [{"id": "a", "body": "to the moon", "score": 3}, {"id": "b", "body": ""}, {"id": "c", "body": "total scam"}]
LINES = "".join(json.dumps(comment) + "\n" for comment in COMMENTS).encode()


def verb(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "lambda_fn", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        timeout=120,
    )


def as_the_command_writes_it(content: bytes, tmp_path) -> bytes:
    file = tmp_path / "same"
    file.write_bytes(content)
    command = [sys.executable, "-m", "crypto_sentiment", "score", str(file), "-"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=120).stdout


def parquet() -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"text": ["to the moon"]}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        gzip.compress(LINES),
        json.dumps(COMMENTS, indent=1).encode(),
        json.dumps({"data": COMMENTS}).encode(),
        '"id";"comment"\n1;"to the moon"\n'.encode("utf-16"),
        b'\xef\xbb\xbf{"text": "a \xe2\x80\xa8 b", "n": 9007199254740993}\n{"text": "\\ud83d"}\n',
    ],
    ids=["JSON lines", "gzip", "array", "around a list", "CSV, UTF-16", "BOM, U+2028, half an emoji"],
)
def test_score_writes_what_the_command_writes(content, tmp_path):
    done = verb("score", "-", "-", stdin=content)
    assert done.stdout
    assert done.stdout == as_the_command_writes_it(content, tmp_path)


def test_score_says_what_could_not_be_scored_and_exits_with_3(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(LINES)
    done = verb("score", tmp_path / "in.jsonl", tmp_path / "out.jsonl.gz")
    assert done.returncode == 3
    assert b"1 of 3 comments could not be scored: 1 text_empty" in done.stderr
    lines = [json.loads(line) for line in gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()).splitlines()]
    assert [line["id"] for line in lines] == ["a", "b", "c"]
    assert sorted(os.listdir(tmp_path)) == ["in.jsonl", "out.jsonl.gz"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"note": "to the moon"}\n', "none of its fields can be the text; it has 'note'"),
        (parquet(), "Parquet, which the image does not read; crypto-sentiment score does"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture"),
    ],
)
def test_score_writes_nothing_where_there_is_nothing_to_score(content, said, tmp_path):
    (tmp_path / "in").write_bytes(content)
    done = verb("score", tmp_path / "in", tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert os.listdir(tmp_path) == ["in"]


def test_score_takes_a_column_that_is_named(tmp_path):
    done = verb("score", "--text-column", "data.words", "-", "-", stdin=b'{"data": {"words": "to the moon"}}\n')
    assert (done.returncode, json.loads(done.stdout)["label"]) == (0, "positive")


def test_score_keeps_what_comes_before_damage_under_another_name(tmp_path):
    many = gzip.compress(b"".join(b'{"text": "coin %d"}\n' % i for i in range(50_000)))
    (tmp_path / "in.jsonl.gz").write_bytes(many[: len(many) // 2])
    done = verb("score", tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert b"damaged gzip" in done.stderr
    assert b"incomplete-out.jsonl" in done.stderr
    kept = (tmp_path / "incomplete-out.jsonl").read_bytes()
    assert kept.endswith(b"}\n")
    assert not (tmp_path / "out.jsonl").exists()


def test_score_refuses_to_replace_its_input_and_formats_that_it_does_not_write(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(LINES)
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "in.jsonl")
    assert verb("score", tmp_path / "in.jsonl", tmp_path / "link.jsonl").returncode == 1
    assert verb("score", tmp_path / "in.jsonl", tmp_path / "out.parquet").returncode == 2
    assert (tmp_path / "in.jsonl").read_bytes() == LINES


def test_a_setting_that_cannot_be_is_one_line():
    done = verb("score", "-", "-", stdin=LINES, ORT_THREADS="many")
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert "ORT_THREADS" in done.stderr.decode()


@pytest.mark.parametrize("arguments", [[], ["lambda_fn.api.handler"]])
def test_without_a_verb_and_outside_lambda_it_says_what_it_can_do(arguments):
    done = verb(*arguments)
    assert done.returncode == 2
    assert b"docker run -p 8000:8000 IMAGE serve" in done.stderr


def test_worker_without_a_queue_says_what_is_missing():
    done = verb("worker", "--until-empty")
    assert done.returncode == 1
    assert b"RESULTS_BUCKET is not set" in done.stderr


def test_a_served_container_is_healthy_while_it_answers(tmp_path, monkeypatch):
    """A folder as /proc is, with one process: a server on the port of a real one."""
    with served() as url:
        command = ["python3", "-m", "lambda_fn", "serve", "--port", url.rpartition(":")[2]]
        (tmp_path / "1").mkdir()
        (tmp_path / "1" / "cmdline").write_text("\0".join(command) + "\0")
        assert health.check(tmp_path) == 0
        monkeypatch.setattr(health, "TIMEOUT_S", 0.5)
        os.kill(url.pid, signal.SIGSTOP)
        try:
            assert health.check(tmp_path) == 1
        finally:
            os.kill(url.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("command", "ports"),
    [
        ("python3 -m lambda_fn serve", [8000]),
        ("python3 -m lambda_fn serve --port=81 --host ::", [81]),
        ("/sbin/docker-init -- python3 -m lambda_fn serve", [8000]),
        ("python3 -m lambda_fn worker", []),
        ("python3 -m lambda_fn health", []),
    ],
)
def test_health_asks_servers_only(command, ports, tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_text(command.replace(" ", "\0") + "\0")
    assert [*health.served_ports(tmp_path)] == ports
