"""What is submitted is known by its content: streams, files of one name, files that change between the two ends."""

import gzip
import json
import os
import threading
import time
from pathlib import Path

import pytest

from crypto_sentiment.files.lock import only_process
from tests.comments import NEGATIVE, POSITIVE, crowd


def jsonl(comments) -> bytes:
    return b"".join(json.dumps(comment).encode() + b"\n" for comment in comments)


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_streams_piped_from_one_folder_are_two_submissions(aws, run, work, here):
    run("submit", "-", stdin=jsonl([{"id": "a", "text": POSITIVE[0]}]))
    run("submit", "-", stdin=jsonl([{"id": "b", "text": NEGATIVE[0]}]))
    work()
    assert sorted(line["id"] for line in aws.result_lines()) == ["a", "b"]
    first, second = sorted(here.glob("stdin-*.receipt.jsonl"))
    said = run("collect", first, "--output", "out.jsonl", "--timeout", "0")
    assert "1 of 1 comments" in said
    assert {rows(here / "out.jsonl")[0]["id"], *(line["id"] for line in aws.result_lines())} == {"a", "b"}
    assert first.read_text() != second.read_text()


def test_one_stream_piped_twice_is_scored_once(aws, run, work, here):
    stream = gzip.compress(jsonl(crowd(10)), mtime=0)
    run("submit", "-", stdin=stream)
    assert "Going on after 10 comments" in run("submit", "-", stdin=stream)
    work()
    assert len(aws.result_lines()) == 10


def test_a_stream_cannot_be_collected_by_its_dash_and_what_to_do_is_said(run, here):
    assert "give the receipt that submit named" in run("collect", "-", status=1)


def test_collect_refuses_a_file_that_is_not_the_one_submitted(aws, run, work, here):
    Path("c.jsonl").write_bytes(jsonl([{"id": "a", "text": POSITIVE[0]}, {"id": "b", "text": NEGATIVE[0]}]))
    run("submit", "c.jsonl")
    work()
    status = os.stat("c.jsonl")
    lines = Path("c.jsonl").read_bytes().splitlines(keepends=True)
    for changed in (lines[::-1], lines[:1], [*lines, b'{"text": "more"}\n']):
        Path("c.jsonl").write_bytes(b"".join(changed))
        os.utime("c.jsonl", ns=(status.st_atime_ns, status.st_mtime_ns))
        said = run("collect", "c.jsonl", "--output", "out.jsonl", "--timeout", "0", status=1)
        assert "not what was submitted" in said
        assert not Path("out.jsonl").exists()
    Path("c.jsonl").write_bytes(b"".join(lines))  # the same content at another time is the same file
    run("collect", "c.jsonl", "--output", "out.jsonl", "--timeout", "0")
    assert [(row["id"], row["label"]) for row in rows(here / "out.jsonl")] == [("a", "positive"), ("b", "negative")]


def test_a_file_that_grew_keeps_the_identity_of_its_old_comments(aws, run, work, here):
    comments = crowd(60, distinct=True)
    Path("c.jsonl").write_bytes(jsonl(comments[:40]))
    run("submit", "c.jsonl")
    Path("c.jsonl").write_bytes(jsonl(comments))
    said = run("submit", "c.jsonl")
    assert "Going on after 40 comments" in said
    work()
    assert sorted(line["id"] for line in aws.result_lines()) == sorted(comment["id"] for comment in comments)
    assert "60 of 60" in run("collect", "c.jsonl", "--output", "out.jsonl", "--timeout", "0")
    assert [row["id"] for row in rows(here / "out.jsonl")] == [comment["id"] for comment in comments]


def test_other_comments_under_a_known_name_get_a_receipt_of_their_own(aws, run, work, here):
    Path("c.jsonl").write_bytes(jsonl(crowd(5)))
    run("submit", "c.jsonl")
    Path("c.jsonl").write_bytes(jsonl([{"id": "new", "text": POSITIVE[0]}]))
    said = " ".join(run("submit", "c.jsonl").split())
    assert "The receipt of the earlier results (5 comments) is now c.jsonl.2" in said
    work()
    assert "1 of 1" in run("collect", "c.jsonl", "--timeout", "0")
    [aside] = here.glob("c.jsonl.2*.receipt.jsonl")
    assert "5 of 5" in run("collect", aside, "--timeout", "0")


def test_two_files_of_one_name_through_the_bucket_are_two_objects(aws, run, work, here):
    for day, text in (("dt=1", POSITIVE[0]), ("dt=2", NEGATIVE[0])):
        (here / day).mkdir()
        (here / day / "part-0.jsonl").write_bytes(jsonl([{"id": day, "text": text}]))
        run("submit", f"{day}/part-0.jsonl", "--via-bucket", "uploads")
    work()
    assert sorted(line["id"] for line in aws.result_lines()) == ["dt=1", "dt=2"]


def test_a_file_uploaded_already_is_not_uploaded_again(aws, run, work, here):
    Path("c.jsonl").write_bytes(jsonl(crowd(5)))
    for _ in range(2):
        run("submit", "c.jsonl", "--via-bucket", "uploads")
    uploads = [path for (method, path), _ in aws.requests.items() if method == "PUT" and path.endswith("c.jsonl")]
    assert len(uploads) == 1
    work()
    assert len(aws.result_lines()) == 5


@pytest.mark.parametrize("spelling", ["c.jsonl", "./c.jsonl", "link.jsonl", "hard.jsonl", "c.jsonl.receipt.jsonl"])
def test_the_output_is_never_the_input_nor_the_receipt(run, work, here, spelling):
    Path("c.jsonl").write_bytes(jsonl(crowd(5)))
    os.symlink("c.jsonl", "link.jsonl")
    os.link("c.jsonl", "hard.jsonl")
    run("submit", "c.jsonl")
    before = Path("c.jsonl").read_bytes(), Path("c.jsonl.receipt.jsonl").read_bytes()
    assert "is an input" in run("collect", "c.jsonl", "--output", spelling, "--timeout", "0", status=1)
    assert (Path("c.jsonl").read_bytes(), Path("c.jsonl.receipt.jsonl").read_bytes()) == before


def test_the_second_of_two_processes_is_told(run, here):
    Path("c.jsonl").write_bytes(jsonl(crowd(5)))
    with only_process(Path("c.jsonl.receipt.jsonl")):
        assert "another process is writing" in run("submit", "c.jsonl", status=1)
    run("submit", "c.jsonl")
    with only_process(Path("out.jsonl")):
        assert "another process is writing" in run("collect", "c.jsonl", "--output", "out.jsonl", status=1)
    assert [path.name for path in here.iterdir() if path.name.endswith(".lock")] == []


def test_a_file_that_is_no_receipt_is_not_overwritten_by_one(run, here):
    Path("c.jsonl").write_bytes(jsonl(crowd(5)))
    assert "is not a receipt" in run("submit", "c.jsonl", "--receipt", "c.jsonl", status=1)
    assert Path("c.jsonl").read_bytes() == jsonl(crowd(5))


def test_a_fifo_queue_takes_everything(aws, run, work, here):
    url = aws.sqs.create_queue(QueueName="comments.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    Path("c.jsonl").write_bytes(jsonl(crowd(300, permalink="x" * 2000)))
    run("submit", "c.jsonl", "--queue-url", url, "--live")
    work(url)
    assert "300 of 300" in run("collect", "c.jsonl", "--timeout", "0")


def test_an_outage_is_waited_out_at_both_ends(aws, run, work, here):
    Path("c.jsonl").write_bytes(jsonl(crowd(50)))
    aws.away(1.5)
    run("submit", "c.jsonl")
    work()
    aws.away(1.5)
    assert "50 of 50" in run("collect", "c.jsonl", "--output", "out.jsonl", "--timeout", "60")
    aws.away(1.5)
    run("submit", "c.jsonl", "--via-bucket", "uploads", "--receipt", "other.receipt.jsonl")


def test_an_outage_longer_than_the_patience_is_one_line_and_the_same_command_goes_on(aws, run, work, here):
    Path("c.jsonl").write_bytes(jsonl(crowd(50)))
    aws.away(30)
    said = run("submit", "c.jsonl", "--timeout", "1", status=1)
    aws.away(0)
    assert "Run the same command again" in " ".join(said.split())  # the terminal's lines break it
    run("submit", "c.jsonl")
    work()
    assert len(aws.result_lines()) == 50


def test_collect_waits_for_results_that_come_while_s3_is_away(aws, run, work, here):
    Path("c.jsonl").write_bytes(jsonl(crowd(50)))
    run("submit", "c.jsonl")

    def later() -> None:
        time.sleep(1)
        aws.away(1)
        work()

    thread = threading.Thread(target=later)
    thread.start()
    assert "50 of 50" in run("collect", "c.jsonl", "--timeout", "60")
    thread.join()


@pytest.mark.parametrize("way", [(), ("--via-bucket", "uploads")])
def test_expired_credentials_are_one_line_at_both_ends(aws, run, work, here, way):
    Path("c.jsonl").write_bytes(jsonl(crowd(5)))
    with aws.expired():
        assert "AWS refuses the credentials" in run("submit", "c.jsonl", *way, status=1)
    run("submit", "c.jsonl", *way)
    with aws.expired():
        assert "AWS refuses the credentials" in run("collect", "c.jsonl", status=1)
