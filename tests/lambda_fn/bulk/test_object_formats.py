"""Objects of any name, in any format that the image reads: told by their bytes, whole or shared out the same."""

import bz2
import csv
import gzip
import io
import json
import lzma
import time
from datetime import UTC, datetime

import boto3
import pytest
from backports import zstd

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.messages import parse_message
from lambda_fn.bulk.objects import find_object
from lambda_fn.bulk.outages import ONE_TRY
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.records import MAX_RECORD_BYTES
from lambda_fn.bulk.results import S3Results
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.bulk.work import MessageError, ObjectWork
from lambda_fn.settings import Settings
from tests.aws import RESULTS_BUCKET, LocalAws
from tests.comments import crowd
from tests.crypto_sentiment.files.shapes import SHAPES as FILES

ATTRIBUTES = {"SentTimestamp": "1767326645000", "ApproximateReceiveCount": "1"}
FEW = crowd(30)
# More than the chunks of one invocation, and few distinct texts.
MANY = crowd(1500, note="x" * 1800)


def lines(comments: list[dict]) -> bytes:
    return b"".join(json.dumps(comment).encode() + b"\n" for comment in comments)


def table(comments: list[dict], **dialect: object) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(comments[0]), **dialect)
    writer.writeheader()
    writer.writerows(comments)
    return file.getvalue().encode()


def end_to_end(comments: list[dict]) -> bytes:
    return b"".join(json.dumps(comment).encode() for comment in comments)


def firehose(comments: list[dict]) -> bytes:
    """A line for each delivery, of as many objects as came in it; some came alone."""
    pieces, at = [], 0
    while at < len(comments):
        count = at % 7 + 1
        pieces.append(end_to_end(comments[at : at + count]))
        at += count
    return b"\n".join(pieces) + b"\n"


SHAPES = {
    "JSON lines": lines,
    "lines of several objects": firehose,
    "objects end to end": end_to_end,
    "objects over several lines": lambda c: b"\n".join(json.dumps(one, indent=2).encode() for one in c),
    "an array": lambda c: json.dumps(c).encode(),
    "an array, indented": lambda c: json.dumps(c, indent=1).encode(),
    "JSON lines in UTF-16": lambda c: lines(c).decode().encode("utf-16"),
    "CSV": table,
    "CSV with semicolons": lambda c: table(c, delimiter=";"),
    "CSV with tabs": lambda c: table(c, delimiter="\t"),
    "CSV with a sep line": lambda c: b"sep=|\r\n" + table(c, delimiter="|"),
    "CSV with escaped quotes": lambda c: table(c, doublequote=False, escapechar="\\"),
    "CSV in UTF-16": lambda c: table(c).decode().encode("utf-16"),
}
PACKINGS = {
    "plain": lambda body: body,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "zstd of several frames": lambda b: zstd.compress(b[: len(b) // 2]) + zstd.compress(b[len(b) // 2 :]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as aws:
        aws.s3.create_bucket(Bucket="uploads")
        yield aws


class Outbox:
    def __init__(self):
        self.bodies: list[dict] = []

    def send(self, bodies, patience) -> dict:
        self.bodies += map(json.loads, bodies)
        return {}


@pytest.fixture
def score(aws, classifier):
    """Score an object, and all that its invocations leave to others; by one that does all itself if not `split`.

    The results' lines, and the codes of what failed.
    """
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=aws.endpoint, **keys)
    settings = Settings(results_bucket=RESULTS_BUCKET)
    scorer = Scorer(classifier, 1000)

    def score(
        key: str, body: bytes, split: bool = True, receives: int = 1, **pointer: str
    ) -> tuple[list[dict], list[str]]:
        aws.empty()
        aws.s3.put_object(Bucket="uploads", Key=key, Body=body)
        outbox = Outbox()
        bulk = BulkScorer(scorer, S3Results(s3, RESULTS_BUCKET, settings.results_prefix), s3, outbox, settings)
        waiting, codes = [{"s3": {"bucket": "uploads", "key": key, **pointer}}], []
        while waiting:
            attributes = {**ATTRIBUTES, "ApproximateReceiveCount": str(receives)}
            records = [
                {"messageId": str(n), "body": json.dumps(body), "attributes": attributes}
                for n, body in enumerate(waiting)
            ]
            outbox.bodies.clear()
            end = time.monotonic() + 120
            failures = bulk.run(records, Deadline(lambda end=end: end - time.monotonic(), margin_s=1), split=split)
            codes += [getattr(error, "code", repr(error)) for error in failures.values()]
            waiting = list(outbox.bodies)
        return aws.result_lines(), codes

    return score


def places(found: list[dict]) -> list[tuple]:
    return sorted((line["work_id"], line["position"], line["id"], line["label"], line["error"]) for line in found)


@pytest.mark.parametrize("key", ["lake/0000_part_00", "comments.json", "wrong.csv", "page.txt"])
@pytest.mark.parametrize("shape", SHAPES)
def test_any_format_is_read_under_any_name(score, shape, key):
    found, codes = score(key, SHAPES[shape](FEW))
    assert codes == []
    assert sorted(line["id"] for line in found) == sorted(comment["id"] for comment in FEW)
    assert {line["error"] for line in found} == {""}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("shape", ["lines of several objects", "an array", "CSV with semicolons"])
def test_packings_and_formats_go_together(score, shape, packing):
    found, codes = score("comments", PACKINGS[packing](SHAPES[shape](FEW)))
    assert (codes, len({line["id"] for line in found}), len(found)) == ([], 30, 30)


@pytest.mark.parametrize(
    ("shape", "packing"), [*((shape, "plain") for shape in SHAPES), ("JSON lines", "zstd"), ("an array", "gzip")]
)
def test_shared_out_or_not_each_comment_has_the_same_one_place(score, shape, packing):
    body = PACKINGS[packing](SHAPES[shape](MANY))
    whole, codes = score("comments", body, split=False)
    shared, more_codes = score("comments", body, split=True)
    assert codes + more_codes == []
    assert len(whole) == len(MANY)
    assert len({line["position"] for line in whole}) == len(MANY)
    assert places(shared) == places(whole)


def test_a_position_in_plain_lines_is_the_byte_at_which_the_object_begins(score):
    body = firehose(FEW)
    found, _ = score("comments", body)
    for line in found:
        assert body[line["position"] :].startswith(b'{"id": "%s"' % line["id"].encode())


@pytest.mark.parametrize("shape", ["an array", "objects over several lines"])
def test_json_that_breaks_off_is_scored_up_to_there_and_fails(score, shape):
    found, codes = score("comments.json", SHAPES[shape](FEW)[:-40])
    assert (codes, len(found)) == (["object_corrupt"], 29)


def test_json_that_breaks_off_far_behind_is_not_shared_out_again_when_it_comes_again(score):
    broken = SHAPES["an array"](MANY)[:-40]
    found, codes = score("comments.json", broken, receives=2)
    assert (codes, found) == (["object_corrupt"], [])


@pytest.mark.parametrize("name", ["comments.jsonl", "day.jsonl.gz"])
def test_a_first_line_longer_than_what_is_looked_at_is_a_line(score, name):
    body = lines([{"id": "long", "text": "x" * MAX_RECORD_BYTES}, *FEW])
    found, codes = score(name, gzip.compress(body) if name.endswith("gz") else body)
    assert (codes, len(found)) == ([], 31)
    assert {line["id"]: line["error"] for line in found if line["error"]} == {None: "record_too_long"}


@pytest.mark.parametrize("shape", ["JSON lines", "CSV", "an array"])
def test_the_field_of_the_text_can_be_named(score, shape):
    named = [{"id": one["id"], "words": one["text"], "note": one.get("note", "")} for one in MANY]
    body = gzip.compress(SHAPES[shape](named))
    found, codes = score("comments", body, text_column="words")
    assert codes == []
    assert len(found) == len(MANY)
    assert {line["error"] for line in found} == {""}
    assert "words" not in found[0]
    assert "note" in found[0]


def test_another_field_of_the_same_object_is_other_work(score):
    both = [{"id": "1", "text": "to the moon", "title": "it is a scam"}]
    first, _ = score("comments", lines(both))
    second, _ = score("comments", lines(both), text_column="title")
    assert first[0]["work_id"] != second[0]["work_id"]
    assert second[0]["text"] == "to the moon"


@pytest.mark.parametrize(
    "message", [{"comments": [], "text_column": 7}, {"s3": {"bucket": "b", "key": "k", "text_column": 7}}]
)
def test_a_field_that_is_no_name_is_refused(message):
    with pytest.raises(MessageError, match="message_invalid"):
        parse_message(json.dumps(message), datetime.now(UTC))


def test_what_is_refused_names_the_command_that_reads_it(aws):
    for body in (b"PAR1" + bytes(60), bytes.fromhex("28b52ffd00a8") + bytes(60)):
        aws.s3.put_object(Bucket="uploads", Key="lake/a.parquet", Body=body)
        with pytest.raises(MessageError, match=r"`crypto-sentiment score s3://uploads/lake/a\.parquet OUTPUT`"):
            find_object(aws.s3, ObjectWork("uploads", "lake/a.parquet"), ONE_TRY)


def test_a_window_that_no_function_has_is_refused_in_a_later_frame_too(score):
    wide = b"\x28\xb5\x2f\xfd\x00" + bytes([(31 - 10) << 3]) + (5 << 3 | 1).to_bytes(3, "little") + b'{"a"}'
    found, codes = score("comments.zst", zstd.compress(lines(MANY)) + wide)
    assert codes == ["object_corrupt"]
    assert {line["id"] for line in found} < {comment["id"] for comment in MANY}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.what)
def test_an_object_of_any_shape_becomes_what_the_table_in_docs_files_says(score, file):
    options = dict(zip(file.options[::2], file.options[1::2], strict=False))
    pointer = {"text_column": options["--text-column"]} if "--text-column" in options else {}
    found, codes = score(file.name, file.bytes, **pointer)
    assert codes == ([file.bulk_code] if file.bulk_code else [])
    if file.bulk_code:
        return
    errors = file.bulk_errors or file.errors or {}
    scored = {str(line["id"]) for line in found if not line["error"]}
    assert {str(line["id"] or "?"): line["error"] for line in found if line["error"]} == errors
    assert scored >= set(file.texts or {}) - set(file.bulk_errors or {}) - {"x"}
    assert {name: found[0][name] for name in file.own or {}} == (file.own or {})
