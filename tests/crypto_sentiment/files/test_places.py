"""Where comments come from and results go to: folders, patterns, S3, pipes; and what is refused."""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import threading

import boto3
import pytest

from tests.aws import CREDENTIALS, LocalAws
from tests.comments import crowd

COMMAND = [sys.executable, "-m", "crypto_sentiment", "score"]


def jsonl(rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def lake(tmp_path):
    """A folder as jobs leave it: partitions, a marker, notes, a receipt, results of an earlier run."""
    lake = tmp_path / "lake"
    for day in (1, 2):
        (lake / f"dt=2022-05-0{day}").mkdir(parents=True)
        (lake / f"dt=2022-05-0{day}" / "part-0").write_bytes(jsonl([{"id": f"d{day}", "body": "gm"}]))
    (lake / "_SUCCESS").touch()
    (lake / "empty.jsonl").touch()
    (lake / "README.md").write_text("what this is")
    (lake / ".hidden.jsonl").write_bytes(jsonl(crowd(1)))
    (lake / "x.jsonl.receipt.jsonl").write_bytes(jsonl([{"source": {}}]))
    return lake


def test_a_folder_is_one_job_and_what_is_no_comments_is_passed_over(verb, lake):
    assert [row["id"] for row in verb.rows(lake)] == ["d1", "d2"]
    assert "Passed over 5 files" in verb.said
    shutil.copy(verb.folder / "results.jsonl", lake / "scored.jsonl")
    assert [row["id"] for row in verb.rows(lake)] == ["d1", "d2"]
    assert "Passed over 6 files" in verb.said


def test_results_inside_their_own_source_folder(verb, lake):
    verb(lake, lake / "out.csv")
    verb(lake, lake / "out.csv")
    assert (lake / "out.csv").read_text().count("\n") == 3


def test_patterns_and_several_sources(verb, lake, tmp_path):
    (tmp_path / "more.jsonl").write_bytes(jsonl(crowd(2)))
    rows = verb.rows(str(lake / "dt=*" / "part-*"), tmp_path / "more.jsonl")
    assert [row["id"] for row in rows] == ["d1", "d2", "c0", "c1"]


@pytest.mark.parametrize("missing", ["nowhere.jsonl", "nothing-*.jsonl"])
def test_what_is_not_there_is_said(verb, tmp_path, missing):
    said = verb(tmp_path / missing, tmp_path / "out.csv", status=1)
    assert "No such file" in said or "no file matches" in said


def test_one_file_without_a_text_stops_all_before_anything_is_scored(verb, lake, tmp_path):
    (lake / "other.jsonl").write_bytes(jsonl([{"title": "x"}]))
    said = verb(lake, tmp_path / "out.csv", status=1)
    assert "other.jsonl" in said
    assert not (tmp_path / "out.csv.partial").exists()


@pytest.mark.parametrize("how", ["same", "spelt otherwise", "symbolic link", "hard link"])
def test_an_output_that_is_an_input_is_refused(verb, tmp_path, how):
    source = tmp_path / "a.jsonl"
    source.write_bytes(jsonl(crowd(2)))
    before = source.read_bytes()
    output = {"same": source, "spelt otherwise": tmp_path / "x" / ".." / "a.jsonl"}.get(how, tmp_path / "b.jsonl")
    (tmp_path / "x").mkdir()
    if how == "symbolic link":
        output.symlink_to(source)
    if how == "hard link":
        output.hardlink_to(source)
    assert "is an input" in verb(source, output, status=1)
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.jsonl", "out.xlsx"), "must end in"),
        (("a.jsonl", "out.parquet.gz"), "must end in"),
        (("a.jsonl", "out.csv", "--to", "jsonl"), "does not fit"),
        (("a.jsonl", "-", "--to", "xlsx"), "--to takes"),
        (("a.jsonl", "out.csv", "--chart", "mood.bad"), "--chart draws"),
        (("a.jsonl", "out.csv", "--format", "xml"), "--format takes"),
        (("a.jsonl", "out.csv", "--encoding", "klingon"), "no encoding"),
        (("a.jsonl",), "at least one source"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_scores_nothing(verb, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(jsonl(crowd(1)))
    assert said in verb(*arguments, status=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl"]


def test_damage_in_the_first_comment_is_said_and_not_that_it_has_no_text(verb, tmp_path):
    import gzip

    whole = gzip.compress(jsonl([{"id": "1", "text": random.Random(1).randbytes(3000).hex()}]))
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    assert "damaged gzip after" in verb(tmp_path / "a.jsonl.gz", tmp_path / "out.csv", status=1)


def test_a_folder_that_holds_something_is_not_replaced(verb, tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_bytes(jsonl(crowd(1)))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    assert "not an empty folder" in verb(source, tmp_path / "out", status=1)
    assert (tmp_path / "out" / "precious").exists()


def test_standard_input_and_output_of_any_format():
    import gzip

    from backports import zstd

    content = jsonl(crowd(300))
    for sent in (content, gzip.compress(content), zstd.compress(content), json.dumps(crowd(300)).encode()):
        done = subprocess.run([*COMMAND, "-", "-", "--workers", "1"], input=sent, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["id"] for row in rows] == [f"c{n}" for n in range(300)]
    done = subprocess.run([*COMMAND, "-", "-", "--to", "csv"], input=content, capture_output=True, timeout=120)
    assert done.stdout.startswith(b"id,text,label,")
    assert done.stdout.count(b"\r\n") == 301


def test_parquet_through_a_pipe(tmp_path):
    from tests.crypto_sentiment.files.shapes import TWO, parquet

    command = [*COMMAND, "-", str(tmp_path / "out.jsonl")]
    done = subprocess.run(command, input=parquet(TWO), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.jsonl").read_bytes().count(b"\n") == 2


def test_process_substitution(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(jsonl(crowd(3)))
    line = f"{' '.join(COMMAND)} <(cat {tmp_path}/a.jsonl) {tmp_path}/out.csv"
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as aws:
        aws.s3.create_bucket(Bucket="uploads")
        yield aws


def test_a_prefix_a_pattern_and_an_object_in_s3(aws, verb, monkeypatch):
    from tests.crypto_sentiment.files.shapes import TWO, parquet

    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.endpoint}.items():
        monkeypatch.setenv(name, value)
    boto3.DEFAULT_SESSION = None
    aws.empty("uploads")  # moto keeps what other files' tests left in this process
    put = aws.s3.put_object
    put(Bucket="uploads", Key="lake/dt=1/part-0", Body=jsonl(crowd(2)))
    put(Bucket="uploads", Key="lake/dt=2/part-0.parquet", Body=parquet(TWO))
    put(Bucket="uploads", Key="lake/", Body=b"")
    put(Bucket="uploads", Key="lake/_SUCCESS", Body=b"")
    assert [row["id"] for row in verb.rows("s3://uploads/lake/")] == ["c0", "c1", "1", "2"]
    assert [row["id"] for row in verb.rows("s3://uploads/lake/dt=2/part-0.parquet")] == ["1", "2"]
    assert [row["id"] for row in verb.rows("s3://uploads/lake/*/part-0")] == ["c0", "c1"]
    assert "no object of comments" in verb("s3://uploads/nothing/", verb.folder / "x.csv", status=1)
    assert "cannot list" in verb("s3://no-such-bucket/a", verb.folder / "x.csv", status=1)


def test_an_object_that_is_overwritten_while_it_is_read_is_not_mixed(aws):
    from crypto_sentiment.files import s3
    from crypto_sentiment.files.errors import InputError

    aws.s3.put_object(Bucket="uploads", Key="changing", Body=b"a" * 100)
    [item] = s3.listed(aws.s3, "uploads", "changing")
    reader = s3.ObjectReader(aws.s3, "uploads", "changing", item["ETag"], 100)
    aws.s3.put_object(Bucket="uploads", Key="changing", Body=b"b" * 100)
    with pytest.raises(InputError, match="overwritten"):
        reader.read(100)


@pytest.fixture
def reader(aws, monkeypatch):
    """Makes a reader of an object of so much content, with a client as `score` has it."""
    from crypto_sentiment.files import s3
    from lambda_fn.bulk.outages import client

    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.endpoint}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def reader(content: bytes, outage_s: float):
        aws.s3.put_object(Bucket="uploads", Key="object", Body=content)
        [item] = s3.listed(aws.s3, "uploads", "object")
        ours = client("s3", read_timeout_s=0.5)
        return s3.ObjectReader(ours, "uploads", "object", item["ETag"], len(content), outage_s)

    return reader


def test_s3_that_is_away_for_a_second_is_waited_for(aws, reader):
    reading = reader(b"a" * 100, outage_s=60)
    aws.away(1.0)
    assert reading.read(100) == b"a" * 100
    assert aws.faults


def test_an_outage_is_no_damage_to_what_unpacks_the_object(aws, reader):
    """botocore's time-outs are OSErrors without a number, as gzip's complaints are."""
    import gzip

    from lambda_fn.bulk.outages import StillAway
    from lambda_fn.bulk.packing import unpacked

    reading = reader(gzip.compress(jsonl(crowd(3))), outage_s=0)
    hang = threading.Event()
    with aws.watching(lambda method, path: hang.wait(5)), pytest.raises(StillAway):
        unpacked(io.BufferedReader(reading))[0].read()
    hang.set()


def test_through_a_running_service_the_results_are_the_same(verb, tmp_path, server):
    source = tmp_path / "a.jsonl"
    source.write_bytes(jsonl([*crowd(40), {"id": "x", "text": "[deleted]"}]))
    here = verb.rows(source, status=3)
    assert verb.rows(source, "--url", str(server), status=3) == here


def test_a_service_that_is_not_there_is_one_line(verb, tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_bytes(jsonl(crowd(1)))
    said = verb(source, tmp_path / "out.csv", "--url", "http://127.0.0.1:9", status=1)
    assert "no answer from" in said


def test_a_disk_that_is_full_is_one_line_and_no_cut_off_file(tmp_path):
    """/dev/full stands for the disk: standard output that cannot be written."""
    (tmp_path / "a.jsonl").write_bytes(jsonl(crowd(3)))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, str(tmp_path / "a.jsonl"), "-"], stdout=full, stderr=subprocess.PIPE, timeout=120, text=True
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_that_nobody_reads_ends_quietly(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(jsonl(crowd(2000)))
    line = f"set -o pipefail; {' '.join(COMMAND)} {tmp_path}/a.jsonl - | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=120)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_missing_model_is_one_line(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(jsonl(crowd(1)))
    done = subprocess.run(
        [*COMMAND, str(tmp_path / "a.jsonl"), str(tmp_path / "out.csv")],
        env={**os.environ, "MODEL_DIR": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "cannot load the model" in done.stderr
    assert "Traceback" not in done.stderr
