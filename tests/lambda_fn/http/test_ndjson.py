"""Large batches, one comment a line, from a real server."""

import gzip
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.comments import NEGATIVE, POSITIVE

NDJSON = {"content-type": "application/x-ndjson"}


def lines(comments: list) -> bytes:
    return b"".join(json.dumps(comment).encode() + b"\n" for comment in comments)


def post(server: str, body: bytes, headers: dict | None = None, **parameters) -> list[dict]:
    response = httpx.post(
        f"{server}/batch_analyze", content=body, headers={**NDJSON, **(headers or {})}, params=parameters, timeout=120
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def test_a_line_in_is_a_line_out_in_order(server):
    texts = (POSITIVE + NEGATIVE) * 10
    answers = post(server, lines([{"id": str(i), "text": text} for i, text in enumerate(texts)]))
    assert [answer["id"] for answer in answers] == [str(i) for i in range(len(texts))]
    batch = httpx.post(f"{server}/batch_analyze", json=[{"text": text} for text in texts[:16]]).json()["sentiment"]
    for answer, expected in zip(answers, batch, strict=False):
        assert answer["sentiment"]["label"] == expected["label"]
        assert answer["sentiment"]["score"] == pytest.approx(expected["score"], abs=0.001)


def test_every_bad_line_gets_its_own_error(server):
    body = b"\n".join(
        [
            b'{"text": "to the moon"}',
            b"",
            b"not json",
            b'{"text": ""}',
            b"[" * 50_000,
            b"7",
            b"\xff",
            b'{"id": 3, "text": 4}',
        ]
    )
    answers = post(server, body)
    codes = [answer["error"]["code"] if "error" in answer else "scored" for answer in answers]
    assert codes == [
        "scored",
        "invalid_json",
        "text_empty",
        "invalid_json",
        "invalid_request",
        "invalid_json",
        "text_not_string",
    ]
    assert answers[-1]["id"] == 3
    assert not any(answer.get("fatal") for answer in answers)


def test_options_and_gzip_work_here_too(server):
    body = gzip.compress(lines([{"text": "What is a cold wallet?"}] * 50))
    headers = {"content-encoding": "gzip", "accept-encoding": "gzip"}
    answers = post(server, body, headers, classes=3, detail="true")
    assert {answer["sentiment"]["label"] for answer in answers} == {"neutral"}
    assert answers[0]["sentiment"]["tokens"] > 5


def test_the_last_line_needs_no_line_end_and_windows_ends_are_fine(server):
    assert len(post(server, b'{"text": "moon"}\r\n{"text": "scam"}')) == 2


def test_no_lines_no_results(server):
    assert post(server, b"\n \n") == []


def test_an_error_that_ends_the_answer_is_its_last_line(server):
    answers = post(server, b'{"text": "moon"}\n' + b"x" * 1_200_000)
    assert answers[-1]["error"]["code"] == "line_too_large"
    assert answers[-1]["fatal"] is True
    cut = gzip.compress(lines([{"text": text} for text in POSITIVE]))[:-9]
    answers = post(server, cut, {"content-encoding": "gzip"})
    assert (answers[-1]["error"]["code"], answers[-1]["fatal"]) == ("invalid_gzip", True)


def test_the_whole_has_a_limit(tight_server):
    response = httpx.post(f"{tight_server}/batch_analyze", content=b'{"text": "moon"}\n' * 200, headers=NDJSON)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")
    bomb = gzip.compress(b'{"text": ""}\n' * 50_000)
    assert len(bomb) < 2000
    answers = post(tight_server, bomb, {"content-encoding": "gzip"})
    assert answers[-1]["error"]["code"] == "body_too_large"
    assert len(answers) <= 2000 / 13 + 1


def test_other_routes_take_no_ndjson(server):
    response = httpx.post(f"{server}/analyze", content=b'{"text": "moon"}', headers=NDJSON)
    assert (response.status_code, response.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_memory_stays_bounded(server):
    """8 MB in and more out, of lines that cost no inference; the reader reads only after it has sent everything."""
    line = b'{"id": "%s", "text": ""}\n' % (b"i" * 100)
    body = line * (8_000_000 // len(line))
    headers = {**NDJSON, "accept-encoding": "identity"}
    before = peak_mb(server.pid)
    with httpx.stream("POST", f"{server}/batch_analyze", content=body, headers=headers, timeout=120) as response:
        count = sum(chunk.count(b"\n") for chunk in response.iter_raw())
    assert count == len(body) // len(line)
    assert peak_mb(server.pid) - before < 6


def peak_mb(pid: int) -> float:
    """Peak resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_the_first_results_come_before_the_last_are_scored(server):
    """Streamed: the first chunk arrives while most of the comments wait."""
    body = lines([{"text": f"{i} moon"} for i in range(300)])
    address = urlsplit(server)
    with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
        connection.sendall(
            b"POST /batch_analyze HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body
        )
        received = b""
        while b"sentiment" not in received:
            received += connection.recv(65_536)
        assert received.count(b"sentiment") < 300
        while chunk := connection.recv(65_536):
            received += chunk
    assert received.count(b"sentiment") == 300
