"""Callers who send slowly, not at all, or more than there is room for, against the service as it is served."""

import resource
import socket
import time
from contextlib import suppress

import httpx
import pytest

from lambda_fn.http import connections
from tests.conftest import served
from tests.raw_http import ask, connect, read_answer

NDJSON = b"POST /batch_analyze HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"


def drip(connection: socket.socket, pause_s: float, limit_s: float) -> float:
    """Send a byte now and then until the other side answers or ends; the seconds that took."""
    started = time.perf_counter()
    connection.settimeout(pause_s)
    while time.perf_counter() - started < limit_s:
        try:
            connection.sendall(b" ")
            if connection.recv(1, socket.MSG_PEEK) is not None:
                break
        except TimeoutError:
            continue
        except OSError:
            break
    connection.settimeout(60)
    return time.perf_counter() - started


@pytest.mark.parametrize("length", [b"content-length: 1000\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n3e8\r\n"])
def test_an_ndjson_body_that_drips_ends_in_time(tight_server, length):
    """BODY_TIMEOUT_S is 1 there: for the whole body, not from one byte to the next."""
    with connect(tight_server) as connection:
        connection.sendall(NDJSON + length)
        assert drip(connection, 0.3, 30) < 15
        answer = read_answer(connection)
        assert (answer.status, answer.code) == (408, "body_timeout")


def test_headers_that_never_end_do(server):
    with connect(server) as silent, connect(server) as dripping:
        dripping.sendall(b"POST /analyze HTTP/1.1\r\nhost: x\r\nx-never: ")
        assert drip(dripping, 0.5, 60) < connections.HEADERS_TIMEOUT_S + 20
        assert read_answer(dripping).status == 408
        assert read_answer(silent).status == 408


def test_300_idle_connections_lock_nobody_out(server):
    idle = [connect(server) for _ in range(300)]
    try:
        for connection in idle[::2]:
            connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert all(read_answer(connection).status == 200 for connection in idle[::2])
        started = time.perf_counter()
        assert httpx.post(f"{server}/analyze", json={"text": "to the moon"}, timeout=30).status_code == 200
        assert time.perf_counter() - started < 5
    finally:
        for connection in idle:
            connection.close()


def test_connections_without_a_request_give_way_when_files_run_out():
    """The process may open 400 files, and meets 600 connections that say nothing."""
    with served(preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))) as url:
        idle = [connect(url) for _ in range(600)]
        try:
            started = time.perf_counter()
            assert httpx.post(f"{url}/analyze", json={"text": "to the moon"}, timeout=30).status_code == 200
            assert time.perf_counter() - started < connections.HEADERS_TIMEOUT_S - 1
        finally:
            for connection in idle:
                connection.close()


def test_a_kept_connection_may_wait_longer_than_its_headers_may_take(server):
    with connect(server) as connection:
        for _ in range(2):
            connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert read_answer(connection).status == 200
            time.sleep(connections.HEADERS_TIMEOUT_S + 0.5)
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert read_answer(connection).status == 200


def test_a_full_folder_for_temporary_files_is_said():
    """A limit on the size of files stands in for a small file system: the write fails in the same place."""
    limit = 1_000_000
    with served(preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) as url:
        line = b'{"text": "to the moon"}\n'
        headers = [("content-type", "application/x-ndjson")]
        answer = ask(url, "/batch_analyze", headers, line * (4 * limit // len(line)))
        assert (answer.status, answer.code) == (507, "insufficient_storage")
        assert answer.headers["retry-after"]
        small = httpx.post(f"{url}/batch_analyze", content=line * 3, headers=dict(headers))
        assert small.text.count("positive") == 3


def test_headers_without_end_are_not_collected(server):
    """The connection is closed long before all of them have been taken."""
    header = b"x-never: %s\r\n" % (b"a" * 1_000)
    sent = 0
    with connect(server) as connection, suppress(OSError):
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        while sent < 100_000:
            connection.sendall(header)
            sent += 1
    assert sent < 100_000


def test_what_is_no_http_is_told_so_in_the_usual_shape(server):
    with connect(server) as connection:
        connection.sendall(b"to the moon\r\n\r\n")
        answer = read_answer(connection)
    assert (answer.status, answer.code) == (400, "invalid_http")


def test_an_answer_comes_in_one_piece(server):
    """Headers and body in one packet: each would cost the service a system call, and its caller a wait."""
    with connect(server) as connection:
        for _ in range(20):
            connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            piece = connection.recv(65_536)
            head, _, body = piece.partition(b"\r\n\r\n")
            assert len(body) == int(head.partition(b"content-length: ")[2].split()[0])
