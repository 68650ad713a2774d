"""Many files, folders, patterns, and what lies in S3 already: one command sends it, and the same again what is new."""

import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.comments import NEGATIVE, POSITIVE, crowd


def lines(comments: list[dict]) -> bytes:
    return b"".join(json.dumps(comment).encode() + b"\n" for comment in comments)


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def parquet(comments: list[dict]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(comments), sink)
    return sink.getvalue()


def named(prefix: str, count: int) -> list[dict]:
    return [{**comment, "id": f"{prefix}{n}"} for n, comment in enumerate(crowd(count))]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lake(aws):
    """What a job leaves under a prefix."""
    listed = aws.s3.get_paginator("list_objects_v2").paginate(Bucket="uploads")
    for item in [item for page in listed for item in page.get("Contents", [])]:
        aws.s3.delete_object(Bucket="uploads", Key=item["Key"])
    content = {
        "lake/_SUCCESS": b"",
        "lake/0000_part_00": lines(named("plain", 5)),
        "lake/0001_part_00.gz": gzip.compress(lines(named("gzip", 6))),
        "lake/array.json": json.dumps(named("array", 7)).encode(),
        "lake/deep/firehose": b"".join(json.dumps(one).encode() for one in named("end", 8)),
        "lake/table.csv": b"id;text\ncsv0;to the moon\ncsv1;it is a scam\n",
        "lake/notes.pdf": b"%PDF-1.7",
    }
    for key, body in content.items():
        aws.s3.put_object(Bucket="uploads", Key=key, Body=body)
    return "s3://uploads/lake/"


def copies(aws) -> list[str]:
    return [path for method, path in aws.requests if method == "PUT" and "/results/" not in path]


def test_a_folder_a_pattern_and_a_file_are_sent_by_one_command(aws, run, work, here):
    Path("days").mkdir()
    Path("days/_SUCCESS").touch()
    Path("days/a.jsonl").write_bytes(lines(named("a", 4)))
    Path("days/b.csv").write_bytes(b"id,text\nb0,to the moon\n")
    Path("days/readme.md").write_text("of no interest")
    Path("c1.jsonl.gz").write_bytes(gzip.compress(lines(named("c", 3))))
    Path("d.parquet").write_bytes(parquet(named("d", 2)))
    for _ in range(2):  # receipts lie beside the files by then
        run("submit", "days", "c*.gz", "d.parquet")
        work()
        ids = sorted(line["id"] for line in aws.result_lines())
        assert ids == ["a0", "a1", "a2", "a3", "b0", "c0", "c1", "c2", "d0", "d1"]
    assert "4 of 4" in run("collect", "days/a.jsonl", "--timeout", "0")
    assert "2 of 2" in run("collect", "d.parquet", "--timeout", "0")


def test_a_file_that_cannot_be_read_does_not_keep_the_others(aws, run, work, here):
    Path("days").mkdir()
    Path("days/a.jsonl").write_bytes(lines(named("a", 4)))
    Path("days/b.json").write_bytes(b"\x89PNG\r\n")
    Path("days/c.jsonl").write_bytes(lines(named("c", 4)))
    said = run("submit", "days", status=1)
    assert "Not sent: days/b.json: it is a picture" in said
    work()
    assert len(aws.result_lines()) == 8


def test_one_receipt_for_many_files_is_a_wrong_usage(run, here):
    for name in ("a.jsonl", "b.jsonl"):
        Path(name).write_bytes(lines(crowd(2)))
    assert "--receipt is for one source" in run("submit", "a.jsonl", "b.jsonl", "--receipt", "r.jsonl", status=2)


def test_a_prefix_is_sent_as_pointers_and_nothing_is_copied(aws, run, work, here, lake):
    before = copies(aws)
    said = run("submit", lake)
    assert "5 objects sent as pointers; passed over 2" in said
    assert copies(aws) == before
    work()
    assert len(aws.result_lines()) == 28
    said = run("collect", lake, "--output", "out.jsonl", "--timeout", "0")
    assert "28 of 28 comments have their result" in said
    out = rows(here / "out.jsonl")
    assert len({row["id"] for row in out}) == 28
    assert {row["error"] for row in out} == {""}
    assert [row["label"] for row in out if row["id"].startswith("csv")] == ["positive", "negative"]
    assert all(row["text"] for row in out)


def test_the_same_command_again_sends_what_is_new_or_was_overwritten(aws, run, work, here, lake):
    run("submit", lake)
    assert "0 objects sent as pointers, 5 were sent before" in run("submit", lake)
    aws.s3.put_object(Bucket="uploads", Key="lake/0002_part_00", Body=lines(named("new", 3)))
    assert "1 objects sent as pointers, 5 were sent before" in run("submit", lake)
    work()
    assert len(aws.result_lines()) == 31
    aws.s3.put_object(Bucket="uploads", Key="lake/0002_part_00", Body=lines(named("newer", 3)))
    assert "overwritten" in run("collect", lake, "--timeout", "0", status=1)


def test_what_has_no_result_is_told_by_the_objects_name(aws, run, work, here, lake):
    run("submit", lake)
    said = run("collect", lake, "--timeout", "0", status=1)
    assert "0 of 28" in said
    assert "missing: 7 comments of s3://uploads/lake/array.json" in said


def test_parquet_under_a_prefix_is_left_out_and_the_command_that_reads_it_is_said(aws, run, work, here, lake):
    aws.s3.put_object(Bucket="uploads", Key="lake/a.parquet", Body=parquet(crowd(2)))
    said = " ".join(run("submit", lake).split())
    assert "1 Parquet objects are left out" in said
    assert "`crypto-sentiment score s3://uploads/lake/a.parquet OUTPUT`" in said
    assert "5 objects sent" in said
    assert "nothing but Parquet" in run("submit", "s3://uploads/lake/a.parquet", status=1)


def test_two_urls_whose_receipts_would_be_one_file_are_told_apart(aws, run, here):
    for key in ("a/b.jsonl", "a-b.jsonl"):
        aws.s3.put_object(Bucket="uploads", Key=key, Body=lines(crowd(2)))
    run("submit", "s3://uploads/a/b.jsonl")
    assert "is the receipt of s3://uploads/a/b.jsonl" in run("submit", "s3://uploads/a-b.jsonl", status=1)


@pytest.mark.parametrize("way", [(), ("--via-bucket", "uploads")])
@pytest.mark.parametrize("name", ["c.jsonl", "c.csv"])
def test_the_field_of_the_text_can_be_named(aws, run, work, here, way, name):
    texts = {"1": POSITIVE[0], "2": NEGATIVE[0]}
    if name == "c.csv":
        Path(name).write_text("id,words\n" + "".join(f'{i},"{text}"\n' for i, text in texts.items()))
    else:
        Path(name).write_bytes(lines([{"id": i, "words": text} for i, text in texts.items()]))
    assert "--text-column" in run("submit", name, *way, status=1)
    run("submit", name, "--text-column", "words", *way)
    work()
    assert "2 of 2" in run("collect", name, "--output", "out.jsonl", "--timeout", "0")
    assert [(row["words"], row["label"]) for row in rows(here / "out.jsonl")] == [
        (POSITIVE[0], "positive"),
        (NEGATIVE[0], "negative"),
    ]


def test_the_field_of_the_text_can_be_named_for_a_prefix(aws, run, work, here):
    body = lines([{"id": "1", "data": {"words": POSITIVE[0]}}])
    aws.s3.put_object(Bucket="uploads", Key="named/a", Body=body)
    run("submit", "s3://uploads/named/", "--text-column", "data.words")
    work()
    assert [line["label"] for line in aws.result_lines()] == ["positive"]
    assert "1 of 1" in run("collect", "s3://uploads/named/", "--timeout", "0")


def test_a_text_that_was_found_deep_inside_is_scored_by_the_other_end(aws, run, work, here):
    Path("c.jsonl").write_bytes(lines([{"id": "1", "data": {"body": POSITIVE[0]}}]))
    run("submit", "c.jsonl")
    work()
    assert [line["label"] for line in aws.result_lines()] == ["positive"]


@pytest.mark.parametrize("shape", ["array", "end to end", "utf-16"])
def test_formats_that_could_not_go_through_a_bucket_go_through_it(aws, run, work, here, shape):
    comments = named("c", 9)
    body = {
        "array": json.dumps(comments).encode(),
        "end to end": b"".join(json.dumps(one).encode() for one in comments),
        "utf-16": lines(comments).decode().encode("utf-16"),
    }[shape]
    Path("c.json").write_bytes(body)
    run("submit", "c.json", "--via-bucket", "uploads")
    work()
    assert "9 of 9" in run("collect", "c.json", "--output", "out.jsonl", "--timeout", "0")
    assert [row["id"] for row in rows(here / "out.jsonl")] == [comment["id"] for comment in comments]


def test_parquet_and_a_late_accent_do_not_go_through_a_bucket(run, here):
    Path("c.parquet").write_bytes(parquet(crowd(3)))
    assert "is Parquet and cannot go through a bucket" in run(
        "submit", "c.parquet", "--via-bucket", "uploads", status=1
    )
    Path("late.csv").write_bytes(b"id,text\n" + b"1,fine\n" * 50_000 + b"2,caf\xe9 is fine\n")
    assert "without --via-bucket" in run("submit", "late.csv", "--via-bucket", "uploads", status=1)


def test_what_is_not_found_can_be_named_and_collect_reads_it_alike(aws, run, work, here):
    Path("c.csv").write_bytes("id~words\n1~Очень рад\n2~it is a scam\n".encode("koi8-r"))
    named = ("--delimiter", "~", "--encoding", "koi8-r", "--text-column", "words")
    run("submit", "c.csv", *named)
    work()
    assert "2 of 2" in run("collect", "c.csv", "--output", "out.jsonl", "--timeout", "0")
    assert [(row["words"], row["error"]) for row in rows(here / "out.jsonl")] == [
        ("Очень рад", ""),
        ("it is a scam", ""),
    ]
    assert "without --via-bucket" in run("submit", "c.csv", *named, "--via-bucket", "uploads", status=1)


@pytest.mark.parametrize(
    "wrong",
    [("c.csv", "--format", "xml"), ("c.csv", "--delimiter", "ab"), ("s3://uploads/lake/", "--encoding", "cp1252")],
)
def test_what_makes_no_sense_is_wrong_usage_and_sends_nothing(aws, run, here, wrong):
    Path("c.csv").write_bytes(b"id,text\n1,fine\n")
    run("submit", *wrong, status=2)
    assert not list(here.glob("*.receipt.jsonl"))
