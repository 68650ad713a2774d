"""Compressed bodies, and bodies that are meant to hurt."""

import gzip
import json
import random
import socket
import zlib
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.http.body import CHUNK_BYTES, inflate
from lambda_fn.http.errors import ApiError
from tests.comments import POSITIVE

GZIP = {"content-type": "application/json", "content-encoding": "gzip"}


def bomb(megabytes: int) -> bytes:
    """Gzip of that many megabytes of spaces: about a thousandth of their size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(megabytes)) + packer.flush()


def test_a_gzip_request_is_the_same_request(server):
    body = json.dumps({"text": "Crypto to the moon!"}).encode()
    packed = httpx.post(f"{server}/analyze", content=gzip.compress(body), headers=GZIP)
    assert packed.json() == httpx.post(f"{server}/analyze", json={"text": "Crypto to the moon!"}).json()


def test_large_answers_are_compressed_on_request_and_small_ones_never(server):
    batch = [{"text": text} for text in POSITIVE * 10]
    large = httpx.post(f"{server}/batch_analyze", json=batch, headers={"accept-encoding": "gzip"})
    plain = httpx.post(f"{server}/batch_analyze", json=batch, headers={"accept-encoding": "identity"})
    small = httpx.get(f"{server}/health", headers={"accept-encoding": "gzip"})
    assert large.headers["content-encoding"] == "gzip"
    assert int(large.headers["content-length"]) < len(large.content) / 2
    assert "content-encoding" not in plain.headers
    assert plain.json() == large.json()
    assert "content-encoding" not in small.headers


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (bomb(50), "gzip", 413, "body_too_large"),
        (gzip.compress(bomb(50)), "gzip", 400, "invalid_json"),  # a bomb in a bomb is inflated once
        (gzip.compress(b'{"text": "moon"}')[:-5], "gzip", 400, "invalid_gzip"),
        (gzip.compress(b'{"text": "moon"}') + b"tail", "gzip", 400, "invalid_gzip"),
        (b"", "gzip", 400, "invalid_gzip"),
        (b'{"text": "moon"}', "gzip", 400, "invalid_gzip"),
        (b'{"text": "moon"}', "br", 415, "unsupported_encoding"),
        (b'{"text": "moon"}', "gzip, br", 415, "unsupported_encoding"),
        (gzip.compress(gzip.compress(b'{"text": "moon"}')), "gzip, gzip", 400, "invalid_json"),  # a header joined
    ],
    ids=["bomb", "bomb in a bomb", "cut", "with a tail", "empty", "not gzip", "brotli", "two", "twice"],
)
def test_bad_compression_is_a_typed_error(server, body, encoding, status, code):
    response = httpx.post(f"{server}/analyze", content=body, headers={**GZIP, "content-encoding": encoding})
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    st.integers(1, 50),
    st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_inflate_gives_back_what_was_packed_however_it_arrives(members, piece, factor):
    plain = [member * (CHUNK_BYTES // 100 * factor) for member in members]
    packed = b"".join(map(gzip.compress, plain))
    parts = [packed[i : i + piece * 50] for i in range(0, len(packed), piece * 50)]
    assert b"".join(inflate(parts, 10**9)) == b"".join(plain)


def test_inflate_stops_at_the_limit_and_in_small_pieces():
    taken = []
    with pytest.raises(ApiError) as raised:
        taken.extend(inflate([bomb(20)], 1_000_000))
    assert raised.value.code == "body_too_large"
    assert max(map(len, taken)) <= CHUNK_BYTES
    assert sum(map(len, taken)) <= 1_000_000


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_inflate_of_anything_ends_in_bytes_or_a_typed_error(data):
    with suppress(ApiError):
        b"".join(inflate([data], 10_000))


def test_slow_bodies_are_given_up_and_others_are_served_meanwhile(tight_server):
    """Bodies that stop half-way, and headers that never end: neither keeps anybody else waiting."""
    address = urlsplit(tight_server)
    slow = [socket.create_connection((address.hostname, address.port), timeout=60) for _ in range(100)]
    head = b"POST /analyze HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    try:
        for index, connection in enumerate(slow):
            connection.sendall(head + (b'content-length: 100\r\n\r\n{"te' if index % 2 else b"x-never"))
        assert httpx.post(f"{tight_server}/analyze", json={"text": "moon"}, timeout=30).status_code == 200
        for connection in slow[1::2]:
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"body_timeout" in answer or b"body_timeout" in connection.recv(4096)
    finally:
        for connection in slow:
            connection.close()
    assert httpx.get(f"{tight_server}/health", timeout=30).status_code == 200


def test_a_caller_that_leaves_half_way_leaves_no_trace(server):
    address = urlsplit(server)
    for _ in range(20):
        with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
            connection.sendall(b"POST /analyze HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n")
            connection.sendall(b'content-type: application/json\r\n\r\n{"text": ' + b"x" * random.randint(0, 50))
    assert httpx.post(f"{server}/analyze", json={"text": "moon"}).status_code == 200
