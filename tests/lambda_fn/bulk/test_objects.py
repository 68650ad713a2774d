"""Objects as they lie in buckets: told by their first bytes, refused by name, and never read for ever."""

import bz2
import gzip
import json
import lzma
import time
import zlib

import boto3
import pytest

from lambda_fn.bulk.deadline import Deadline, OutOfTime
from lambda_fn.bulk.objects import find_object
from lambda_fn.bulk.outages import ONE_TRY
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.results import S3Results
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.bulk.work import MessageError, ObjectWork
from lambda_fn.settings import Settings
from tests.aws import RESULTS_BUCKET, LocalAws
from tests.comments import crowd

LINES = b"".join(json.dumps(comment).encode() + b"\n" for comment in crowd(30))
ATTRIBUTES = {"SentTimestamp": "1767326645000", "ApproximateReceiveCount": "1"}


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as aws:
        aws.s3.create_bucket(Bucket="uploads")
        yield aws


def records_of(aws, key: str, body: bytes, late=lambda: False, **more) -> list[bytes]:
    aws.s3.put_object(Bucket="uploads", Key=key, Body=body, **more)
    source = find_object(aws.s3, ObjectWork("uploads", key), ONE_TRY)
    if source is None:
        return []
    chunks = source.chunks(aws.s3, ONE_TRY, late)
    return [line for chunk in chunks for _, line in chunk.records]


def ids_of(aws, key: str, body: bytes, **more) -> list[str]:
    return [json.loads(line)["id"] for line in records_of(aws, key, body, **more)]


PACKED = {
    "gzip": gzip.compress(LINES),
    "gzip of several members": b"".join(gzip.compress(line + b"\n") for line in LINES.splitlines()),
    "gzip twice": gzip.compress(gzip.compress(LINES)),
    "bzip2": bz2.compress(LINES),
    "xz": lzma.compress(LINES),
}


@pytest.mark.parametrize("key", ["c.jsonl", "c.jsonl.gz", "c.NDJSON.GZ", "c.jsonl.bz2"])
@pytest.mark.parametrize("body", [LINES, *PACKED.values()], ids=["plain", *PACKED])
def test_packing_is_told_by_the_first_bytes_whatever_the_name_says(aws, key, body):
    assert ids_of(aws, key, body) == [comment["id"] for comment in crowd(30)]


@pytest.mark.parametrize(
    "coding", ["gzip", "GZIP", "x-gzip", "gzip, aws-chunked", "aws-chunked,Gzip", "identity", "aws-chunked", " , "]
)
@pytest.mark.parametrize("body", [LINES, PACKED["gzip"]], ids=["plain", "gzip"])
def test_content_encoding_is_a_list_of_tokens_in_any_case_and_the_bytes_decide(aws, coding, body):
    assert ids_of(aws, "c.jsonl", body, ContentEncoding=coding) == [comment["id"] for comment in crowd(30)]


@pytest.mark.parametrize(
    ("key", "body", "more", "code"),
    [
        ("c.jsonl", LINES, {"ContentEncoding": "br"}, "object_unknown_format"),
        ("c.jsonl", LINES, {"ContentEncoding": "gzip, br"}, "object_unknown_format"),
        ("c.jsonl", zlib.compress(LINES), {"ContentEncoding": "deflate"}, "object_unknown_format"),
        ("c.jsonl", b"PAR1\x15\x04\x15" + bytes(50), {}, "object_parquet"),
        ("c", gzip.compress(b"PAR1\x15\x04\x15" + bytes(50)), {}, "object_parquet"),
        ("c.jsonl", b"\x89PNG\r\n\x1a\n" + bytes(50), {}, "object_unknown_format"),
        ("c.gz", gzip.compress(b"%PDF-1.7\n"), {}, "object_unknown_format"),
        ("c", b"\x01\x02 made by a machine", {}, "object_unknown_format"),
        ("c", bytes.fromhex("28b52ffd00a8"), {}, "object_unknown_format"),
        ("notes.txt", b"Buy milk\nand bread\n", {}, "object_no_text"),
        ("c.csv", b"when,who,what\n1,2,3\n", {}, "object_no_text"),
        ("c.json", b'{\n "about": {"nothing": 1}\n}', {}, "object_unknown_format"),
        ("c.jsonl.gz", b"\0\x01" + PACKED["gzip"][2:], {}, "object_corrupt"),
        ("c.jsonl", b"\0\x01" + PACKED["gzip"][2:], {"ContentEncoding": "gzip"}, "object_corrupt"),
        ("c.jsonl.gz", PACKED["gzip"][:-1], {}, "object_corrupt"),
        ("c.jsonl.gz", PACKED["gzip"][:30], {}, "object_corrupt"),
        ("c.jsonl.gz", PACKED["gzip"] + b"and more", {}, "object_corrupt"),
        ("c.jsonl.gz", PACKED["gzip"][:100] + bytes(20) + PACKED["gzip"][120:], {}, "object_corrupt"),
        ("c.jsonl.gz", PACKED["gzip"][:-8] + b"\0" * 8, {}, "object_corrupt"),
        ("c.jsonl.xz", PACKED["xz"][:-20], {}, "object_corrupt"),
        ("c.jsonl.bz2", PACKED["bzip2"][:-20], {}, "object_corrupt"),
        ("barren.jsonl.gz", gzip.compress(b"\n" * 24 * 2**20, 1), {}, "object_corrupt"),
        ("barren.csv.gz", gzip.compress(b"text\n" + b"\n" * 24 * 2**20, 1), {}, "object_corrupt"),
        ("endless.jsonl.gz", gzip.compress(b"x" * 24 * 2**20, 1), {}, "object_corrupt"),
    ],
)
def test_what_cannot_be_read_says_why(aws, key, body, more, code):
    with pytest.raises(MessageError) as error:
        records_of(aws, key, body, **more)
    assert error.value.code == code


def test_a_quote_that_never_closes_costs_its_own_row_and_not_those_behind_it(aws):
    body = b'id,text\na,great coin\nb,"this is a scam\n' + b"".join(b"c%d,fine\n" % n for n in range(200))
    records = records_of(aws, "open_quote.csv", body)
    assert len(records) == 202
    assert b"never closes" in records[1]
    assert [json.loads(record)["id"] for record in records[2:]] == [f"c{n}" for n in range(200)]


@pytest.mark.parametrize("key", ["2025/", "_SUCCESS", "empty.jsonl", "empty.csv.gz", "picture.png"])
def test_an_object_without_a_byte_is_nothing_to_do(aws, key):
    assert ids_of(aws, key, b"") == []


@pytest.mark.parametrize("key", ["blank.jsonl.gz", "blank.csv"])
def test_a_scan_in_which_no_comment_comes_watches_the_time(aws, key):
    blank = b"text\n" + b"\n" * 30 * 2**20
    started = time.monotonic()
    with pytest.raises(OutOfTime):
        ids_of(
            aws, key, gzip.compress(blank, 1) if key.endswith("gz") else blank, late=lambda: time.monotonic() > started
        )


class Outbox:
    def __init__(self):
        self.bodies: list[dict] = []

    def send(self, bodies, patience) -> dict:
        self.bodies += map(json.loads, bodies)
        return {}


@pytest.fixture
def run(aws, classifier):
    """Work on messages in an invocation that has `seconds`. The failures' codes, what was requeued, the scored ids."""
    aws.empty()
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=aws.endpoint, **keys)
    settings = Settings(results_bucket=RESULTS_BUCKET)
    outbox = Outbox()
    results = S3Results(s3, RESULTS_BUCKET, settings.results_prefix)
    bulk = BulkScorer(Scorer(classifier, 1000), results, s3, outbox, settings)

    def run(*messages: dict, seconds: float = 60, **deadline) -> tuple[list[str], list[dict], list[str]]:
        records = [
            {"messageId": str(n), "body": json.dumps(body), "attributes": ATTRIBUTES} for n, body in enumerate(messages)
        ]
        outbox.bodies.clear()
        end = time.monotonic() + seconds
        failures = bulk.run(records, Deadline(lambda: end - time.monotonic(), margin_s=1), split=True)
        codes = [getattr(error, "code", type(error).__name__) for error in failures.values()]
        return codes, list(outbox.bodies), sorted(line["id"] for line in aws.result_lines())

    return run


def pointer(aws, key: str, body: bytes) -> dict:
    aws.s3.put_object(Bucket="uploads", Key=key, Body=body)
    return {"s3": {"bucket": "uploads", "key": key}}


def test_comments_in_messages_are_scored_and_written_before_an_object_is_entered(aws, run):
    bomb = pointer(aws, "bomb.jsonl", b"\n" * 60 * 2**20)
    asked = []
    with aws.watching(lambda method, path: asked.append((method, path))):
        codes, _, ids = run(bomb, {"comments": crowd(90)}, seconds=30)
    assert (codes, len(ids)) == ([], 90)
    written = next(n for n, (method, path) in enumerate(asked) if method == "PUT" and "/results/" in path)
    entered = next(n for n, (method, path) in enumerate(asked) if "bomb" in path)
    assert written < entered


def test_a_plain_object_of_blank_lines_is_gone_on_with_by_the_next_invocation(aws, run):
    body = b"\n" * 40 * 2**20 + LINES
    message = pointer(aws, "late.jsonl", body)
    starts = []
    for _ in range(60):
        codes, requeued, ids = run(message, seconds=1.3)
        assert codes == []
        if not requeued:
            break
        [message] = requeued
        starts.append(message["s3"]["start"])
    assert len(ids) == 30
    assert starts == sorted(set(starts))


def test_a_packed_object_in_which_no_invocation_finds_a_comment_fails_and_does_not_go_round(aws, run):
    barren = pointer(aws, "slow.csv", b"text\n" + b"\n" * 50 * 2**20)
    assert run(barren, seconds=0.5)[:2] == (["object_too_slow"], [])


def test_only_parts_that_the_service_cut_speak_for_another_work(aws, run):
    victim = {"work_id": "a" * 64, "start": 0, "submitted_at": "2026-01-02T03:04:05Z"}
    forged = {**pointer(aws, "forged.jsonl.gz", PACKED["gzip"]), "part_of": victim}
    aws.s3.put_object(Bucket=RESULTS_BUCKET, Key=f"parts/{'b' * 64}-0.jsonl.gz", Body=PACKED["gzip"])
    elsewhere = {"s3": {"bucket": RESULTS_BUCKET, "key": f"parts/{'b' * 64}-0.jsonl.gz"}, "part_of": victim}
    own = {**elsewhere, "part_of": {**victim, "work_id": "b" * 64}}
    assert run(forged, elsewhere)[0] == ["message_invalid", "message_invalid"]
    assert run(own) == ([], [], sorted(comment["id"] for comment in crowd(30)))
