"""Bulk scoring as AWS runs it: SQS -> the handler under awslambdaric in the Lambda emulator -> S3.

Every test ends with the same reconciliation: each comment has exactly one result line, doubles not dropped.
"""

import gzip
import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.aws import RESULTS_BUCKET, EventSource, LocalAws, sqs_event
from tests.comments import NEGATIVE, POSITIVE, crowd
from tests.conftest import REPOSITORY
from tests.rie import LambdaFunction

HANDLER = "lambda_fn.bulk.handler.handler"
SUBMITTED_AT = "2026-01-02T03:04:05Z"


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as aws:
        aws.s3.create_bucket(Bucket="uploads")
        yield aws


@pytest.fixture(scope="module")
def queue(aws):
    return aws.create_queue(max_receives=2)


@pytest.fixture(scope="module")
def function(aws, queue, classifier):
    with LambdaFunction(HANDLER, aws.environment(queue), timeout=120) as function:
        yield function


@pytest.fixture
def source(aws, queue, function):
    """The event source mapping, with an empty queue and an empty bucket."""
    aws.take_all(queue.url)
    aws.take_all(queue.dead_letter_url)
    aws.empty()
    return EventSource(aws, queue, function)


def assert_one_line_each(aws, comments: list[dict]) -> dict[str, dict]:
    """Every comment has exactly one line in all the result objects together. Returns the lines by id."""
    lines = aws.result_lines()
    assert Counter(line["id"] for line in lines) == Counter(comment["id"] for comment in comments)
    return {line["id"]: line for line in lines}


def jsonl(comments: list) -> bytes:
    return b"".join(json.dumps(comment).encode() + b"\n" for comment in comments)


def upload(aws, key: str, body: bytes) -> dict:
    aws.s3.put_object(Bucket="uploads", Key=key, Body=body)
    return {"s3": {"bucket": "uploads", "key": key}}


def as_csv(comments: list[dict]) -> bytes:
    quoted = ('"' + comment["text"].replace('"', '""') + '"' for comment in comments)
    rows = (f"{comment['id']},{text}\n" for comment, text in zip(comments, quoted, strict=True))
    return ("id,text\n" + "".join(rows)).encode()


# The four kinds of message


def test_comments_in_messages(aws, queue, source):
    many = crowd(50, subreddit="Bitcoin", score=17)
    one = {"id": "single", "text": NEGATIVE[0], "created_utc": 1651575038}
    aws.send(queue, {"comments": many, "submitted_at": SUBMITTED_AT}, one)
    source.drain()
    lines = assert_one_line_each(aws, [*many, one])
    assert lines["single"]["label"] == "negative"
    assert lines["single"]["created_utc"] == "2022-05-03T10:50:38Z"
    assert lines["c0"]["label"] == "positive"
    assert lines["c0"]["subreddit"] == "Bitcoin"
    assert lines["c0"]["comment_score"] == 17  # Reddit's upvotes; `score` is the model's
    assert 0.5 <= lines["c0"]["score"] <= 1
    assert lines["c0"]["model"]
    assert "text" not in lines["c0"]
    work_id = lines["c0"]["work_id"]
    assert f"results/dt=2026-01-02/hour=03/{work_id}.jsonl.gz" in aws.result_keys()


@pytest.mark.parametrize(
    ("key", "encode"),
    [
        ("plain.jsonl", jsonl),
        ("packed.jsonl.gz", lambda comments: gzip.compress(jsonl(comments))),
        ("table.csv", as_csv),
        ("packed.csv.gz", lambda comments: gzip.compress(as_csv(comments))),
    ],
)
def test_an_object_and_a_notification_of_it_are_one_work(aws, queue, source, key, encode):
    comments = crowd(40)
    comments[3]["text"] = 'Two lines,\n"quoted", and great news 🚀'
    pointer = upload(aws, f"a folder/{key}", encode(comments))
    aws.send(queue, pointer)
    source.drain()
    quoted = {"bucket": {"name": "uploads"}, "object": {"key": f"a+folder/{key}"}}
    aws.send(queue, {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": quoted}]})
    source.drain()
    assert_one_line_each(aws, comments)
    assert len(aws.result_keys()) == 1


def test_messages_that_ask_for_nothing_are_acknowledged(aws, queue, source):
    aws.send(queue, {"Event": "s3:TestEvent", "Bucket": "uploads"}, {"comments": []})
    source.drain()
    assert aws.result_keys() == []
    assert aws.dead_letters(queue) == []


# Bad input


def test_a_bad_comment_is_an_error_line_and_spares_its_neighbours(aws, queue, source):
    good = crowd(5)
    bad = [
        ({"id": "no text"}, "text_missing"),
        ({"id": "number", "text": 7}, "text_not_string"),
        ({"id": "null", "text": None}, "text_empty"),
        ({"id": "blank", "text": " \n"}, "text_empty"),
        ({"id": "1 MB", "text": "x" * 1_000_000}, "text_too_long"),
    ]
    aws.send(queue, {"comments": [*good[:2], *(comment for comment, _ in bad), *good[2:]]})
    source.drain()
    lines = assert_one_line_each(aws, [*good, *(comment for comment, _ in bad)])
    assert {line["id"]: line["error"] for line in lines.values() if line["error"]} == {
        comment["id"]: code for comment, code in bad
    }


def test_broken_lines_of_an_object_are_error_lines(aws, queue, source):
    body = jsonl(crowd(2)) + b'{"id": "cut", "text": "moon \xf0\x9f\x9a"}\nnot json\n["moon"]\n'
    aws.send(queue, upload(aws, "broken.jsonl", body), {"comments": ["moon", None]})
    source.drain()
    lines = aws.result_lines()
    errors = Counter(line["error"] for line in lines if line["error"])
    assert errors == {"record_not_utf8": 1, "record_not_json": 1, "record_not_object": 3}
    assert len(lines) == 7


def test_what_can_never_be_scored_ends_in_the_dead_letter_queue_with_its_reason_logged(aws, queue, source, function):
    cut = [{**comment, "id": f"cut {comment['id']}"} for comment in crowd(3000, distinct=True)]
    corrupt = gzip.compress(jsonl(cut))[:-5000]
    dead = [
        "to the moon",
        '{"tweets": []}',
        '{"s3": {"bucket": "uploads", "key": "gone.jsonl"}}',
        '{"s3": {"bucket": "uploads", "key": "picture.png"}}',
        json.dumps(upload(aws, "corrupt.jsonl.gz", corrupt)),
        json.dumps({"s3": {"bucket": RESULTS_BUCKET, "key": "results/dt=2026-01-01/hour=00/x.jsonl.gz"}}),
    ]
    good = crowd(10)
    aws.s3.put_object(Bucket="uploads", Key="picture.png", Body=b"\x89PNG\r\n\x1a\n")
    aws.send(queue, *dead[:3], {"comments": good}, *dead[3:])
    source.drain()
    ids = Counter(line["id"] for line in aws.result_lines())
    before_the_damage = {id for id in ids if id.startswith("cut ")}
    assert ids == Counter([*(comment["id"] for comment in good), *before_the_damage])
    assert before_the_damage == {comment["id"] for comment in cut[: len(before_the_damage)]}
    assert 0 < len(before_the_damage) < len(cut)
    assert sorted(aws.dead_letters(queue)) == sorted(dead)
    for code in ("message_not_json", "message_unknown_kind", "object_missing", "object_corrupt", "object_own_output"):
        assert code in function.log()


# Faults


def test_killed_in_the_middle_of_a_batch(aws, queue, source, function):
    comments = crowd(200, distinct=True, permalink="x" * 15_000)  # three batches
    aws.send(queue, *({"comments": comments[i : i + 40]} for i in range(0, 200, 40)))
    with aws.watching(lambda method, path: method == "PUT" and "/results/" in path and function.kill_runtime()):
        source.poll()
    assert aws.waiting(queue.url) == 5
    assert len(aws.result_keys()) < 5
    source.drain()
    assert_one_line_each(aws, comments)


def test_a_function_that_times_out(aws, queue, source):
    # long comments: no machine scores these in a second
    comments = [comment | {"text": comment["text"] * 40} for comment in crowd(300, distinct=True)]
    aws.send(queue, {"comments": comments})
    with LambdaFunction(HANDLER, aws.environment(queue, DEADLINE_MARGIN_S="0"), timeout=1) as short:
        messages = source.receive()
        assert short.invoke(sqs_event(messages)).timed_out
        source.settle(messages, {message["MessageId"] for message in messages})
    assert aws.result_keys() == []
    source.drain()
    assert_one_line_each(aws, comments)


def test_every_message_is_delivered_twice(aws, queue, source):
    comments = crowd(300)
    pointer = upload(aws, "twice.jsonl.gz", gzip.compress(jsonl(comments[200:])))
    aws.send(queue, {"comments": comments[:100]}, {"comments": comments[100:200]}, pointer)
    messages = source.receive()
    assert source.deliver(messages) == set()
    failed = source.deliver(messages + messages)
    assert failed == set()
    source.settle(messages, failed)
    assert_one_line_each(aws, comments)


def test_the_same_body_again_under_a_new_message_id(aws, queue, source):
    body = {"comments": crowd(20), "submitted_at": SUBMITTED_AT}
    aws.send(queue, body)
    source.drain()
    aws.send(queue, body)
    source.drain()
    assert_one_line_each(aws, body["comments"])


def test_a_redrive_an_hour_later(aws, queue, source):
    body = {"comments": crowd(20), "submitted_at": SUBMITTED_AT}
    aws.send(queue, body)
    messages = source.receive()
    source.settle(messages, source.deliver(messages))
    later = dict(messages[0], MessageId="another", Attributes={"SentTimestamp": "1767326645000"})
    source.deliver([later])
    assert_one_line_each(aws, body["comments"])


# Objects too large for one invocation


def large(count: int = 1600) -> list[dict]:
    """Comments whose fields make them more than four chunks of records."""
    return crowd(count, permalink="x" * 2000)


@pytest.mark.parametrize(("key", "pack"), [("large.jsonl", bytes), ("large.jsonl.gz", gzip.compress)])
def test_a_large_object_is_shared_out_and_its_pieces_come_in_any_order(aws, queue, source, key, pack):
    comments = large()
    aws.send(queue, upload(aws, key, pack(jsonl(comments))))
    assert source.poll() == 1
    assert len(aws.result_keys()) == 4
    pieces = source.receive()
    assert len(pieces) == 3
    source.settle(pieces, source.deliver(pieces[::-1]))
    source.drain()
    assert_one_line_each(aws, comments)


def test_a_large_csv_with_newlines_inside_its_records(aws, queue, source):
    comments = [dict(comment, text=f"Line one,\nline two. {comment['text']}") for comment in crowd(18_000)]
    aws.send(queue, upload(aws, "large.csv", as_csv(comments)))
    source.drain()
    assert source.invocations > 1
    assert_one_line_each(aws, comments)


def test_the_splitter_is_killed_half_way(aws, queue, source, function):
    comments = large(3000)
    aws.send(queue, upload(aws, "split.jsonl.gz", gzip.compress(jsonl(comments))))
    puts = []

    def third_part(method, path):
        if method == "PUT" and "/parts/" in path:
            puts.append(path)
            if len(puts) == 3:
                function.kill_runtime()

    with aws.watching(third_part):
        source.poll()
    assert len(puts) >= 3
    assert aws.waiting(queue.url) == 1
    source.drain()
    assert_one_line_each(aws, comments)


def test_an_object_that_was_overwritten_while_it_was_shared_out_is_reported(aws, queue, source, function):
    aws.send(queue, upload(aws, "changing.jsonl", jsonl(large())))
    source.poll()
    replaced = crowd(7)
    aws.send(queue, upload(aws, "changing.jsonl", jsonl(replaced)))
    source.drain()
    assert len(aws.dead_letters(queue)) == 3
    assert "object_changed" in function.log()
    latest = [line for line in aws.result_lines() if "permalink" not in line]
    assert len(latest) == len(replaced)


# The deadline


@pytest.fixture(scope="module")
def strict_queue(aws):
    """One failed receive, and a message is in the dead-letter queue: only what was requeued survives."""
    return aws.create_queue(max_receives=1)


def test_work_that_the_deadline_leaves_is_requeued_and_not_failed(aws, strict_queue, source):
    comments = crowd(500, distinct=True, permalink="x" * 2000)
    messages = [{"comments": comments[i : i + 50]} for i in range(0, 500, 50)]
    others = [{**comment, "id": f"other {comment['id']}"} for comment in large(800)]
    aws.send(strict_queue, upload(aws, "late.jsonl.gz", gzip.compress(jsonl(others))), *messages)
    with LambdaFunction(HANDLER, aws.environment(strict_queue, DEADLINE_MARGIN_S="59"), timeout=60) as hurried:
        mapping = EventSource(aws, strict_queue, hurried, batch_size=11)
        received = mapping.receive()
        mapping.settle(received, mapping.deliver(received))
        assert len(aws.result_keys()) > 0
        assert aws.waiting(strict_queue.url) > 0
        mapping.drain()
    assert aws.dead_letters(strict_queue) == []
    assert_one_line_each(aws, comments + others)
    # A duplicate of a delivery that was requeued, scored whole this time, lands on the same keys.
    keys = aws.result_keys()
    assert source.deliver(received) == set()
    assert aws.result_keys() == keys
    assert_one_line_each(aws, comments + others)


def test_work_that_cannot_be_requeued_fails_and_is_delivered_again(aws, queue, source):
    comments = crowd(200, permalink="x" * 1000)
    aws.send(queue, *({"comments": comments[i : i + 50]} for i in range(0, 200, 50)))
    environment = aws.environment(queue, DEADLINE_MARGIN_S="60", QUEUE_URL=queue.url + "-gone")
    with LambdaFunction(HANDLER, environment, timeout=60) as hurried:
        messages = source.receive()
        failed = EventSource(aws, queue, hurried).deliver(messages)
        source.settle(messages, failed)
    assert len(failed) == 3
    source.drain()
    assert_one_line_each(aws, comments)


# Telemetry


def test_one_metrics_blob_an_invocation_and_no_comment_in_the_logs(aws):
    secret, queue = "mysecretopinion", aws.create_queue()
    comments = [*crowd(20), {"id": "s", "text": f"{secret} is bullish"}, {"id": "bad", "text": {"said": secret}}]
    with LambdaFunction(HANDLER, aws.environment(queue), timeout=60) as fresh:
        aws.send(queue, {"comments": comments}, f'{{"comments": "{secret}", ', {"comments": comments[:2]})
        source = EventSource(aws, queue, fresh)
        messages = source.receive()
        source.deliver(messages)
        source.deliver(messages[:1])
        log = fresh.log()
    assert secret not in log
    logged = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    blobs = [line for line in logged if "_aws" in line]
    assert len(blobs) == 2
    first, second = blobs
    assert first["Comments"] == [24]
    assert first["CommentErrors"] == [1]
    assert first["FailedMessages"] == [1]
    assert first["repeated_texts"] == 2
    assert first["Tokens"][0] > 50
    assert first["MsPerComment"][0] > 0
    assert first["Negative"][0] > 0
    assert first["Positive"][0] > 0
    assert first["Negative"][0] + first["Positive"][0] < 23  # the rest is neutral
    assert (first["cold_start"], second["cold_start"]) == (True, False)
    assert all(metric["Dimensions"] == [["service"]] for blob in blobs for metric in blob["_aws"]["CloudWatchMetrics"])


def test_the_bulk_function_does_not_load_what_only_the_api_needs():
    names = {"fastapi", "starlette", "mangum", "boto3"}
    program = f"import sys, lambda_fn.bulk.handler, lambda_fn.bulk.worker; print(sorted({names} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_words_used_above_are_read_as_a_person_would(classifier):
    labels = [sentiment.label for sentiment in classifier.classify(POSITIVE[:2] + NEGATIVE[:2])]
    assert labels == ["positive", "positive", "negative", "negative"]


# Events that no queue sent


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"key1": "value1", "key2": "value2"}, [], "ping", None])
def test_a_test_click_or_a_ping_is_answered_quietly(function, event):
    answer = function.invoke(event)
    assert not answer.failed
    assert answer.json() == {"batchItemFailures": []}


def test_a_notification_that_s3_sends_to_the_function_itself_is_no_success(function):
    record = {"eventSource": "aws:s3", "s3": {"bucket": {"name": "uploads"}, "object": {"key": "a.jsonl"}}}
    answer = function.invoke({"Records": [record]})
    assert answer.failed
    assert "EventError" in answer.body
