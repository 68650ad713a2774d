"""What each kind of message asks for, and which messages ask for the same work."""

import json
from datetime import UTC, datetime

import pytest

from lambda_fn.bulk.messages import InlineWork, MessageError, ObjectWork, parse_message, parse_time

SENT_AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
COMMENTS = [{"id": "c1", "text": "to the moon", "subreddit": "Bitcoin"}, {"id": "c2", "text": "rekt"}]


def parse(message) -> list:
    return parse_message(message if isinstance(message, str) else json.dumps(message), SENT_AT)


def notification(*keys: str, event: str = "ObjectCreated:Put") -> dict:
    def record(key):
        place = {"bucket": {"name": "uploads"}, "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "1"}}
        return {"eventSource": "aws:s3", "eventName": event, "s3": place}

    return {"Records": [record(key) for key in keys]}


def test_many_comments():
    [work] = parse({"comments": COMMENTS, "submitted_at": "2026-01-02T03:04:05Z"})
    assert work.comments == COMMENTS
    assert work.partition == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_one_comment_without_a_time_is_filed_under_its_sent_timestamp():
    [work] = parse({"id": "c1", "text": "to the moon", "subreddit": "Bitcoin"})
    assert work.comments == COMMENTS[:1]
    assert work.partition == SENT_AT


def test_a_pointer_to_an_object():
    assert parse({"s3": {"bucket": "uploads", "key": "a b.csv"}}) == [ObjectWork("uploads", "a b.csv")]


def test_a_notification_of_several_objects_with_quoted_keys():
    assert parse(notification("2026/a+b%C3%A9.jsonl", "c.csv")) == [
        ObjectWork("uploads", "2026/a bé.jsonl"),
        ObjectWork("uploads", "c.csv"),
    ]


@pytest.mark.parametrize(
    "message", [{"Event": "s3:TestEvent", "Bucket": "b"}, notification("a.csv", event="ObjectRemoved:Delete")]
)
def test_nothing_to_do(message):
    assert parse(message) == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("to the moon", "message_not_json"),
        ("", "message_not_json"),
        ("[" * 100_000, "message_not_json"),
        ({"tweets": []}, "message_unknown_kind"),
        ([COMMENTS[0]], "message_unknown_kind"),
        (7, "message_unknown_kind"),
        ({"comments": {"id": "c1"}}, "message_unknown_kind"),
        ({"comments": COMMENTS, "s3": {"bucket": "uploads", "key": "a.csv"}}, "message_unknown_kind"),
        ({"Records": [{"eventSource": "aws:sns"}]}, "message_unknown_kind"),
        ({"s3": {"bucket": "uploads"}}, "message_invalid"),
        ({"s3": {"bucket": "uploads", "key": "a.csv", "start": 10, "end": 10}}, "message_invalid"),
        ({"s3": {"bucket": "uploads", "key": "a.csv", "start": True}}, "message_invalid"),
        (
            {"s3": {"bucket": "uploads", "key": "a.csv"}, "part_of": {"work_id": "../../x", "start": 0}},
            "message_invalid",
        ),
    ],
)
def test_a_message_that_can_never_be_scored_says_why(message, code):
    with pytest.raises(MessageError) as error:
        parse(message)
    assert error.value.code == code
    assert "moon" not in str(error.value)


def test_the_same_comments_are_the_same_work_whoever_sends_them_and_when():
    body = {"comments": COMMENTS, "submitted_at": "2026-01-02T03:04:05Z"}
    reordered = {"submitted_at": 1_767_000_000, "comments": [dict(reversed(c.items())) for c in COMMENTS]}
    [first], [second], [other] = parse(body), parse(reordered), parse({"comments": COMMENTS[:1]})
    assert first.work_id == second.work_id != other.work_id


@pytest.mark.parametrize("message", [{"comments": COMMENTS}, COMMENTS[0], {"comments": [{"text": "\ud83d"}]}])
def test_work_requeued_keeps_its_identity_and_its_partition(message):
    [work] = parse(message)
    [again] = parse_message(json.dumps(work.message()), datetime(2030, 1, 1, tzinfo=UTC))
    assert isinstance(again, InlineWork)
    assert (again.work_id, again.partition, again.comments) == (work.work_id, work.partition, work.comments)


def test_an_object_requeued_half_done_keeps_its_content():
    work = ObjectWork("uploads", "a.jsonl", version_id="v1", end=4_000_000)
    assert parse(work.message(start=524_288, etag="abc")) == [
        ObjectWork("uploads", "a.jsonl", "v1", "abc", start=524_288, end=4_000_000)
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (1_651_575_038.0, datetime(2022, 5, 3, 10, 50, 38, tzinfo=UTC)),
        ("1651575038", datetime(2022, 5, 3, 10, 50, 38, tzinfo=UTC)),
        (1_651_575_038_000, datetime(2022, 5, 3, 10, 50, 38, tzinfo=UTC)),
        ("yesterday", None),
        (float("nan"), None),
        (1e300, None),
        (True, None),
        (None, None),
    ],
)
def test_times(value, expected):
    assert parse_time(value) == expected
