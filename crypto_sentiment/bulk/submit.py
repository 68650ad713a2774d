"""Put a file of comments on the queue of the bulk scorer.

    crypto-sentiment submit comments.jsonl.gz --queue-url https://sqs...
    crypto-sentiment submit comments.csv --queue-url https://sqs... --via-bucket my-uploads

What was sent is noted in a receipt, by which `crypto-sentiment collect` knows what to wait for, and a second run of
the same command what is left to send. Messages are packed the same way each time, so what is sent twice is scored once.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from crypto_sentiment.bulk.receipts import Receipt
from crypto_sentiment.files.comment_files import STANDARD_INPUT, CommentFile
from crypto_sentiment.files.errors import InputError
from lambda_fn.bulk.messages import inline_work_id, object_work_id
from lambda_fn.bulk.records import Record, parse_record
from lambda_fn.bulk.sqs import MAX_BATCH_ENTRIES, MAX_MESSAGE_BYTES, QueueSender, encode_body
from lambda_fn.model.text import TextError
from lambda_fn.settings import get_settings

console = Console(stderr=True)

# SQS bills each 64 KB of a request's payload as one request.
BILLED_BYTES = 64 * 1024
LIVE_BYTES = BILLED_BYTES
PRICES = Path(__file__).resolve().parents[1] / "cost" / "prices" / "us-east-1.json"
# Room for the rest of a message around its comments.
ENVELOPE_BYTES = 512


class NotSent(RuntimeError):
    """The queue did not take everything."""


@dataclass(frozen=True, slots=True)
class Message:
    """body: JSON. comments: how many records of the file it carries."""

    work_id: str
    body: str
    comments: int
    bytes: int


def pack(records: Iterator[Record], name: str, submitted_at: str, message_bytes: int) -> Iterator[Message]:
    """Pack records, in order, into messages of at most `message_bytes`; one larger comment is a message of its own."""
    comments: list = []
    size, first = 0, 0
    for position, line in records:
        comment = _sendable(line)
        length = len(encode_body(comment).encode()) + 1
        if length > MAX_MESSAGE_BYTES - ENVELOPE_BYTES:
            comment = {"id": comment.get("id"), "text": comment.get("text"), "fields_dropped": "larger than a message"}
            length = len(encode_body(comment).encode()) + 1
        if comments and size + length > message_bytes - ENVELOPE_BYTES:
            yield _message(comments, name, first, submitted_at)
            comments, size = [], 0
        if not comments:
            first = position
        comments.append(comment)
        size += length
    if comments:
        yield _message(comments, name, first, submitted_at)


def _sendable(line: bytes) -> dict | str:
    """The comment, or what there is of a broken one: the bulk handler makes an error line of either.

    A text that is too long to be scored need not travel whole to be refused.
    """
    try:
        comment = parse_record(line)
    except TextError:
        return line[:200].decode(errors="replace")
    limit = get_settings().max_text_chars
    if isinstance(comment.get("text"), str) and len(comment["text"]) > limit:
        comment["text"] = comment["text"][: limit + 1]
    return comment


def _message(comments: list, name: str, first: int, submitted_at: str) -> Message:
    # `batch` tells equal comments of different places apart: without ids they would be one and the same work.
    message = {"comments": comments, "batch": f"{name}:{first}", "submitted_at": submitted_at}
    body = encode_body(message)
    return Message(inline_work_id(message), body, len(comments), len(body.encode()))


def send(messages: Iterator[Message], sender: QueueSender, receipt: Receipt, progress) -> list[int]:
    """Send messages and note each in the receipt. Returns the payload of each request, in bytes. Raises NotSent."""
    requests: list[int] = []
    waiting: list[Message] = []

    def flush() -> None:
        unsent = sender.send([message.body for message in waiting])
        requests.append(sum(message.bytes for message in waiting))
        for index, message in enumerate(waiting):
            if index in unsent:
                raise NotSent(f"the queue did not take a message: {unsent[index]}. Run the same command again.")
            receipt.add(message.work_id, message.comments)
        waiting.clear()
        progress()

    for message in messages:
        if waiting and (len(waiting) == MAX_BATCH_ENTRIES or _bytes(waiting) + message.bytes > MAX_MESSAGE_BYTES):
            flush()
        waiting.append(message)
    if waiting:
        flush()
    return requests


def _bytes(messages: list[Message]) -> int:
    return sum(message.bytes for message in messages)


def cost_line(requests: list[int], messages: int) -> str:
    """What SQS and the result objects of so many messages cost, by the list prices."""
    try:
        rows = json.loads(PRICES.read_text())["rows"]
    except FileNotFoundError:
        return f"cost unknown: there is no {PRICES.name}"
    sent = sum(math.ceil(size / BILLED_BYTES) for size in requests)
    # Each payload is sent once and received once; ten messages are deleted by one request.
    billed = 2 * sent + math.ceil(messages / 10)
    sqs = billed * rows["sqs.requests"]["tiers"][0]["usd"]
    puts = messages * rows["s3.put"]["tiers"][0]["usd"]
    return f"about ${sqs:.4f} of SQS ({billed:,} requests) and ${puts:.4f} of S3 PUTs, before free tiers and compute"


def upload(comments: CommentFile, bucket: str, prefix: str, sender: QueueSender, receipt: Receipt) -> None:
    """Upload the file as it is, and send one pointer to it."""
    import boto3

    s3 = boto3.client("s3")
    key = f"{prefix}{comments.name}"
    with console.status(f"uploading to s3://{bucket}/{key}"):
        s3.upload_file(str(comments.path), bucket, key)
    head = s3.head_object(Bucket=bucket, Key=key)
    receipt.header["partition"] = head["LastModified"].isoformat()
    receipt.works.clear()
    count = sum(1 for _ in comments.records())
    receipt.start()
    unsent = sender.send([encode_body({"s3": {"bucket": bucket, "key": key}})])
    if unsent:
        raise NotSent(f"the queue did not take the pointer: {unsent[0]}")
    receipt.add(object_work_id(bucket, key, head["ETag"].strip('"')), count)
    console.print(f"{count:,} comments in s3://{bucket}/{key}, one message sent")


def run(
    source: Path, queue_url: str, message_bytes: int, via_bucket: str | None, prefix: str, receipt_path: Path | None
) -> None:
    """Send `source`. Raises InputError, NotSent and botocore's errors."""
    import boto3

    if source == STANDARD_INPUT and via_bucket:
        raise InputError("standard input cannot be uploaded; save it to a file first")
    comments = CommentFile.open(source)
    identity = {**comments.identity(), "message_bytes": message_bytes, "bucket": via_bucket}
    path = receipt_path or Path(f"{comments.name if source == STANDARD_INPUT else source}.receipt.jsonl")
    receipt = Receipt.open(path, identity, datetime.now(UTC).isoformat(timespec="seconds"))
    sender = QueueSender(boto3.client("sqs"), queue_url)
    if via_bucket:
        upload(comments, via_bucket, prefix, sender, receipt)
        return
    already = receipt.comments
    if already:
        console.print(f"Going on after {already:,} comments that an earlier run sent.")
    receipt.start()
    messages = pack(comments.records(), comments.name, receipt.header["partition"], message_bytes)
    with Progress(console=console) as bar:
        task = bar.add_task("sending", total=comments.size)

        def progress() -> None:
            bar.update(task, completed=None if comments.size is None else comments.bytes_read)

        requests = send(receipt.unsent(messages), sender, receipt, progress)
    count = len(receipt.works)
    console.print(f"{receipt.comments:,} comments in {count:,} messages: {cost_line(requests, count)}")
    console.print(f"Receipt in {path}")
