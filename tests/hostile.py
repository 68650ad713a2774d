"""Comments and messages that nobody should send, each with what it deserves: written out here, made large when run."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from lambda_fn.bulk.work import object_work_id
from tests.aws import RESULTS_BUCKET, LocalAws

DIGITS = "9" * 4301
SUBMITTED_AT = "2026-01-02T03:04:05Z"


def poison() -> dict[str, str]:
    """Comments as JSON text, by id, that fail as JSON, as text or as a result: each deserves a line."""
    fields = {
        "a reference too long": f'"text": "gm &#{DIGITS}; all"',
        "an integer too long": f'"text": "gm", "wei": {DIGITS}',
        "nested too deep": f'"text": "gm", "path": {"[" * 3000}{"]" * 3000}',
        "not a number": '"text": "gm", "score": NaN, "ratio": -Infinity, "gas": 1e400',
        "no text, not a number": '"text": NaN',
        "half an emoji": '"text": "gm \\ud83d", "flair": "\\udc00"',
        "a number for a text": '"text": 7',
        "null": '"text": null',
        "nothing to see": '"text": "\\u200b\\u2800"',
        "far too long": f'"text": "{"hodl " * 12_000}"',
        "our own names": '"text": "gm", "work_id": "x", "position": -1, "label": [], "error": {"code": 1}',
    }
    return {f"poison {name}": f'{{"id": "poison {name}", {rest}}}' for name, rest in fields.items()}


@dataclass
class Hostile:
    """bodies: messages. dead: those of them that deserve the dead-letter queue. ids: of comments that deserve a line.

    damaged: works that break off: what comes before the damage has lines, some of them of what the damage made of it.
    """

    bodies: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)

    def deserves_death(self, body: object) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.bodies.append(text)
        self.dead.append(text)

    def is_fine(self, body: object) -> None:
        self.bodies.append(body if isinstance(body, str) else json.dumps(body))


def notification(key: str, event: str = "s3:ObjectCreated:Put", source: str = "aws:s3") -> dict:
    place = {"bucket": {"name": "hostile"}, "object": {"key": quote_plus(key, safe="/")}}
    return {"Records": [{"eventSource": source, "eventName": event, "s3": place}]}


def through_sns(body: object) -> dict:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:topic", "Message": json.dumps(body)}


def through_eventbridge(key: str, kind: str = "Object Created") -> dict:
    detail = {"bucket": {"name": "hostile"}, "object": {"key": key}, "reason": "PutObject"}
    return {"version": "0", "source": "aws.s3", "detail-type": kind, "detail": detail}


def hostile(aws: LocalAws, barren_mb: int = 24) -> Hostile:
    """Put the objects into a bucket of their own, and return the messages. barren_mb: size of the bomb, unpacked."""
    aws.s3.create_bucket(Bucket="hostile")
    made = Hostile()

    def put(key: str, body: bytes, **more: str) -> dict:
        aws.s3.put_object(Bucket="hostile", Key=key, Body=body, **more)
        return {"s3": {"bucket": "hostile", "key": key}}

    def comments(name: str, count: int = 3) -> bytes:
        ids = [f"{name} {n}" for n in range(count)]
        made.ids.extend(ids)
        return b"".join(json.dumps({"id": id, "text": f"{id} is great"}).encode() + b"\n" for id in ids)

    def damage(key: str, spoil: Callable[[bytes], bytes]) -> None:
        whole = gzip.compress(comments(key, 2000))
        del made.ids[-2000:]
        made.deserves_death(put(key, spoil(whole)))
        etag = aws.s3.head_object(Bucket="hostile", Key=key)["ETag"].strip('"')
        made.damaged.add(object_work_id("hostile", key, etag))

    # never to be scored
    made.deserves_death("to the moon")
    made.deserves_death("[" * 5000)
    made.deserves_death({"tweets": []})
    made.deserves_death({"comments": {"id": 1}})
    made.deserves_death({"comments": [], "s3": {"bucket": "hostile", "key": "x.jsonl"}})
    made.deserves_death({"comments": [{"id": "late", "text": "gm"}], "submitted_at": "0001-01-01"})
    made.deserves_death({"s3": {"bucket": "hostile", "key": "missing.jsonl"}})
    made.deserves_death({"s3": {"bucket": RESULTS_BUCKET, "key": "results/dt=2026-01-01/hour=00/x.jsonl.gz"}})
    made.deserves_death(put("picture.jsonl", b"\x89PNG\r\n\x1a\n" + bytes(100)))
    made.deserves_death(put("brotli.jsonl", comments("unread"), ContentEncoding="br"))
    del made.ids[-3:]
    made.deserves_death(put("barren.jsonl.gz", gzip.compress(b"\n" * (barren_mb * 2**20), 1)))
    damage("cut off.jsonl.gz", lambda whole: whole[: len(whole) // 2])
    damage("broken.jsonl.gz", lambda whole: whole[: len(whole) // 2] + bytes(32) + whole[len(whole) // 2 + 32 :])
    other = {"work_id": "0" * 64, "start": 0, "submitted_at": SUBMITTED_AT}
    made.deserves_death(
        {**put("forged.jsonl.gz", gzip.compress(b'{"id": "forged", "text": "gm"}\n')), "part_of": other}
    )
    made.deserves_death(notification("picture.jsonl", "ObjectImagined:Put"))
    made.deserves_death({"Type": "Notification", "TopicArn": "arn", "Message": "to the moon"})
    # odd, and to be read
    made.is_fine("\ufeff" + json.dumps({"comments": [json.loads(line) for line in comments("marked").splitlines()]}))
    put("a folder/called so.jsonl", gzip.compress(comments("called plain")))
    made.is_fine(notification("a folder/called so.jsonl", "ObjectCreated:CompleteMultipartUpload"))
    made.is_fine(put("tokens.jsonl", gzip.compress(comments("tokens")), ContentEncoding="aws-chunked, GZIP"))
    made.is_fine(put("plain.jsonl.gz", comments("called packed")))
    put("by topic.jsonl", comments("by topic"))
    made.is_fine(through_sns(notification("by topic.jsonl", source="minio:s3")))
    put("by bus.jsonl", comments("by bus"))
    made.is_fine(through_eventbridge("by bus.jsonl"))
    # nothing to do
    made.is_fine({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "hostile"})
    made.is_fine(through_sns({"Event": "s3:TestEvent"}))
    made.is_fine({"comments": []})
    made.is_fine(notification("gone.jsonl", "s3:ObjectRemoved:Delete"))
    made.is_fine(through_eventbridge("gone.jsonl", "Object Deleted"))
    for key in ("2025/", "2025/_SUCCESS", "empty.jsonl", "empty.jsonl.gz"):
        put(key, b"")
        made.is_fine(notification(key))
    return made
