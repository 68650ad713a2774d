"""What each kind of message asks for, and which messages ask for the same work."""

import json
from datetime import UTC, datetime

import pytest

from lambda_fn.bulk.messages import parse_message
from lambda_fn.bulk.work import InlineWork, MessageError, ObjectWork, parse_time
from tests.hostile import through_sns

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


def bridged(kind: str, key: str = "a+b é.jsonl") -> dict:
    detail = {"bucket": {"name": "uploads"}, "object": {"key": key, "size": 1, "etag": "e", "version-id": "v"}}
    return {"version": "0", "id": "1", "source": "aws.s3", "detail-type": kind, "detail": detail}


@pytest.mark.parametrize(
    "event", ["ObjectCreated:Put", "s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"]
)
@pytest.mark.parametrize("wrap", [dict, through_sns, lambda message: through_sns(through_sns(message))])
def test_a_new_object_by_whatever_name_and_through_whatever_envelope(event, wrap):
    assert parse(wrap(notification("a.jsonl", event=event))) == [ObjectWork("uploads", "a.jsonl")]


@pytest.mark.parametrize("wrap", [dict, through_sns])
def test_a_new_object_by_way_of_eventbridge_whose_keys_are_not_quoted(wrap):
    assert parse(wrap(bridged("Object Created"))) == [ObjectWork("uploads", "a+b é.jsonl", version_id="v")]


def test_comments_by_way_of_a_topic_are_the_same_work_as_without_it():
    [plain], [wrapped] = parse({"comments": COMMENTS}), parse(through_sns({"comments": COMMENTS}))
    assert (wrapped.work_id, wrapped.comments) == (plain.work_id, plain.comments)


def test_a_notification_of_another_store_and_a_body_with_a_byte_order_mark():
    record = {**notification("a.jsonl", event="s3:ObjectCreated:Put")["Records"][0], "eventSource": "minio:s3"}
    assert parse("\ufeff" + json.dumps({"Records": [record]})) == [ObjectWork("uploads", "a.jsonl")]


@pytest.mark.parametrize(
    "message",
    [
        {"Event": "s3:TestEvent", "Bucket": "b"},
        through_sns({"Event": "s3:TestEvent", "Bucket": "b"}),
        notification("a.csv", event="ObjectRemoved:Delete"),
        notification("a.csv", event="s3:ObjectRemoved:DeleteMarkerCreated"),
        notification("a.csv", event="ObjectTagging:Put"),
        notification("a.csv", event="s3:ObjectRestore:Completed"),
        notification("a.csv", event="LifecycleTransition"),
        notification("2025/_SUCCESS", "2025/_committed_123", "_started_9"),
        bridged("Object Deleted"),
        bridged("Object Tags Added"),
        bridged("Object Restore Completed"),
        {"Records": []},
    ],
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
        (notification("a.csv", event="ObjectImagined:Put"), "message_unknown_kind"),
        (bridged("Object Imagined"), "message_unknown_kind"),
        ({**bridged("Object Created"), "source": "aws.ec2"}, "message_unknown_kind"),
        ({**bridged("Object Created"), "text": "to the moon"}, "message_unknown_kind"),
        ({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "{}"}, "message_unknown_kind"),
        ({"Type": "Notification", "TopicArn": "t", "Message": "to the moon"}, "message_not_json"),
        ({"comments": COMMENTS, "submitted_at": "0001-01-01"}, "message_invalid"),
        ({"comments": COMMENTS, "submitted_at": "9999-12-31T23:59:59Z"}, "message_invalid"),
        ({"comments": COMMENTS, "submitted_at": -1e10}, "message_invalid"),
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
