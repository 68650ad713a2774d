"""Put comments on the queue of the bulk scorer: files, folders, patterns, and what lies in S3 already.

    crypto-sentiment submit comments.jsonl.gz --queue-url https://sqs...
    crypto-sentiment submit 'data/**/*.zst' comments.csv --queue-url https://sqs... --via-bucket my-uploads
    crypto-sentiment submit s3://my-lake/comments/ --queue-url https://sqs...

What was sent of each file or URL is noted in a receipt, by which `crypto-sentiment collect` knows what to wait for,
and a second run of the same command what is left to send. Messages are packed the same way each time, so what is sent
twice is scored once.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from crypto_sentiment.bulk import pointers
from crypto_sentiment.bulk.packing import Message, pack
from crypto_sentiment.bulk.pointers import PointerReceipt, without_parquet
from crypto_sentiment.bulk.receipts import Receipt
from crypto_sentiment.bulk.sources import READ_AS, Submission, default_receipt, open_submission
from crypto_sentiment.bulk.uploads import check_kind, put, upload_key
from crypto_sentiment.files.comment_files import STANDARD_INPUT, CommentFile
from crypto_sentiment.files.errors import InputError, UsageError
from crypto_sentiment.files.lock import only_process
from crypto_sentiment.files.places import find_places
from crypto_sentiment.files.source import Asked
from lambda_fn.bulk.outages import CredentialsRefused, Patience, client, is_credentials
from lambda_fn.bulk.sqs import MAX_BATCH_ENTRIES, MAX_MESSAGE_BYTES, QueueSender, encode_body
from lambda_fn.bulk.work import object_work_id

console = Console(stderr=True)

# SQS bills each 64 KB of a request's payload as one request.
BILLED_BYTES = 64 * 1024
LIVE_BYTES = BILLED_BYTES
PRICES = Path(__file__).resolve().parents[1] / "cost" / "prices" / "us-east-1.json"
# The first pauses of a retry are everyday throttling.
TOLD_PAUSE_S = 1.0


class NotSent(RuntimeError):
    """The queue did not take everything."""

    def __init__(self, reason: str):
        super().__init__(f"the queue did not take everything ({reason}). Run the same command again: it goes on.")


def waiting(service: str) -> Callable[[BaseException, float], None]:
    """Tells the person at the terminal that an outage is waited out."""

    def tell(error: BaseException, pause: float) -> None:
        if pause > TOLD_PAUSE_S:
            console.print(f"{service} does not answer ({error}). Trying again.", style="yellow", highlight=False)

    return tell


def send(
    messages: Iterator[Message],
    sender: QueueSender,
    patience: Patience,
    receipt: Receipt | PointerReceipt,
    progress: Callable[[], object],
) -> list[int]:
    """Send the messages that are not known, and note each in the receipt. Returns the payload of each request, in
    bytes. Raises NotSent, CredentialsRefused."""
    requests: list[int] = []
    batch: list[Message] = []

    def flush() -> None:
        unsent = sender.send([message.body for message in batch], patience)
        requests.append(_bytes(batch))
        for index, message in enumerate(batch):
            if index not in unsent:
                receipt.add(message)
        if unsent:
            raise NotSent(next(iter(unsent.values())))
        batch.clear()
        progress()

    for message in messages:
        if batch and (len(batch) == MAX_BATCH_ENTRIES or _bytes(batch) + message.bytes > MAX_MESSAGE_BYTES):
            flush()
        batch.append(message)
    if batch:
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
    if sqs + puts < 0.01:
        return "less than a cent of SQS and S3, before compute"
    return f"about ${sqs:.2f} of SQS ({billed:,} requests) and ${puts:.2f} of S3 PUTs, before free tiers and compute"


def run(
    sources: list[str],
    queue_url: str,
    message_bytes: int,
    via_bucket: str | None,
    prefix: str,
    receipt_path: Path | None,
    timeout: float,
    asked: Asked,
) -> bool:
    """Send all of `sources`, waiting for SQS and S3 at most `timeout` seconds at a time. asked: how files are read.

    Returns whether all was sent: of many files, one that cannot be read is told of, and the others are sent. Raises
    InputError, OutputError, UsageError, NotSent, CredentialsRefused and botocore's errors.
    """
    sender = QueueSender(client("sqs"), queue_url)
    jobs = _jobs(sources)
    if receipt_path and len(jobs) > 1:
        raise UsageError(f"--receipt is for one source, and these are {len(jobs):,}: each has a receipt of its own")
    named = [f"--{name}" for name in READ_AS if getattr(asked, name)]
    if named and any(isinstance(job, str) for job in jobs):
        raise UsageError(f"{', '.join(named)}: objects are read where they lie, by their content; `score` takes these")
    patience = Patience.of_seconds(timeout, waiting=waiting("SQS"))
    all_sent = True
    for job in jobs:
        try:
            if isinstance(job, str):
                _send_objects(job, sender, patience, receipt_path, asked.text_column)
            else:
                way = message_bytes, via_bucket, prefix
                _send_file(job, sender, patience, receipt_path, timeout, asked, *way)
        except InputError as error:
            if len(jobs) == 1:
                raise
            console.print(f"[red]Not sent:[/] {error}", highlight=False)
            all_sent = False
    return all_sent


def _jobs(sources: list[str]) -> list[Path | str]:
    """What has a receipt of its own: each file, standard input, each URL. Raises InputError."""
    jobs: list[Path | str] = []
    left_out = 0
    for source in sources:
        if source.startswith("s3://"):
            jobs.append(source)
        elif source == str(STANDARD_INPUT):
            jobs.append(STANDARD_INPUT)
        else:
            places, passed = find_places([source])
            jobs += [Path(place.name) for place in places]
            left_out += len(passed)
    if left_out:
        console.print(f"Passed over {left_out:,} files that hold no comments by their names.", highlight=False)
    return list(dict.fromkeys(jobs))


def _send_objects(
    url: str, sender: QueueSender, patience: Patience, receipt_path: Path | None, text_column: str | None
) -> None:
    """Send a pointer to each object that lies under `url`."""
    s3 = client("s3")
    try:
        places, passed = find_places([url], s3=s3)
        places = without_parquet(places, lambda said: console.print(said, style="yellow", highlight=False))
        first = CommentFile.of_object(places[0], text_column, s3)
    except Exception as error:
        cause = error.__context__ if isinstance(error, InputError) else None
        reason = cause if isinstance(cause, Exception) else error
        raise CredentialsRefused(reason) if is_credentials(reason) else error from error
    console.print(f"{places[0].name}: {first.source.found}", highlight=False)
    path = receipt_path or pointers.default_receipt(url)
    with only_process(path):
        receipt = PointerReceipt.to_go_on_with(path, url, first.text_column)
        before = len(receipt.works)
        with Progress(console=console) as bar:
            task = bar.add_task("sending", total=len(places))
            send(
                receipt.messages(places),
                sender,
                patience,
                receipt,
                lambda: bar.update(task, completed=len(receipt.works) - before),
            )
    sent = len(receipt.works) - before
    known = f", {len(places) - sent:,} were sent before" if sent < len(places) else ""
    aside = f"; passed over {len(passed):,}" if passed else ""
    console.print(f"{sent:,} objects sent as pointers{known}{aside}. Receipt in {path}", highlight=False)


def _send_file(
    source: Path,
    sender: QueueSender,
    patience: Patience,
    receipt_path: Path | None,
    timeout: float,
    asked: Asked,
    message_bytes: int,
    via_bucket: str | None,
    prefix: str,
) -> None:
    with open_submission(source, asked) as submission:
        path = receipt_path or default_receipt(source, submission)
        with only_process(path):
            receipt = _receipt(path, submission, via_bucket)
            if via_bucket:
                _send_pointer(submission, via_bucket, prefix, sender, patience, receipt, timeout)
            else:
                receipt = _send_messages(submission, message_bytes, sender, patience, receipt)
            receipt.finish()
    console.print(f"Receipt in {path}")


def _receipt(path: Path, submission: Submission, via_bucket: str | None) -> Receipt:
    """The receipt to go on with: an earlier run's, if there is one that went the same way."""
    earlier = Receipt.earlier(path, via_bucket)
    identity = submission.identity(via_bucket)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if earlier is None:
        if path.exists() and path.stat().st_size:
            _put_aside(Receipt.read(path), "it was sent another way before")
        return Receipt(path, {"source": identity, "partition": now})
    return earlier


def _put_aside(receipt: Receipt, reason: str) -> None:
    aside = receipt.put_aside()
    console.print(
        f"[yellow]{reason[0].upper()}{reason[1:]}:[/] all of it is scored anew, under other work ids. The receipt of "
        f"the earlier results ({receipt.comments:,} comments) is now {aside}",
        highlight=False,
    )


def _send_messages(
    submission: Submission, message_bytes: int, sender: QueueSender, patience: Patience, receipt: Receipt
) -> Receipt:
    """Send what the receipt does not know. Returns it, or a new one if it is of other comments altogether."""
    comments, before = submission.comments, receipt.works
    column = comments.text_column
    identity = submission.identity(None)
    with Progress(console=console) as bar:
        task = bar.add_task("sending", total=comments.size)
        messages = pack(comments.records(), submission.name, receipt.header["partition"], message_bytes, before, column)
        kept: list[Message] = []
        first: Message | None = None
        for message in messages:
            if not message.known:
                first = message
                break
            kept.append(message)
        if before and not kept:
            _put_aside(receipt, "this is not what was sent with this receipt before")
            now = datetime.now(UTC).isoformat(timespec="seconds")
            receipt = Receipt(receipt.path, {"source": identity, "partition": now})
            messages, first = pack(comments.records(), submission.name, now, message_bytes, text_column=column), None
        else:
            _say_what_is_known(receipt, kept)
            receipt.works = [(message.work_id, message.comments) for message in kept]
        receipt.header["source"] = identity
        receipt.header.pop("comments", None)
        receipt.start()

        def rest() -> Iterator[Message]:
            if first:
                yield first
            yield from messages

        requests = send(rest(), sender, patience, receipt, lambda: bar.update(task, completed=comments.bytes_read))
    count = len(receipt.works)
    console.print(f"{receipt.comments:,} comments in {count:,} messages: {cost_line(requests, count)}")
    return receipt


def _say_what_is_known(receipt: Receipt, kept: list[Message]) -> None:
    known = sum(message.comments for message in kept)
    if known:
        console.print(f"Going on after {known:,} comments that an earlier run sent.")
    if dropped := receipt.works[len(kept) :]:
        count = sum(comments for _, comments in dropped)
        console.print(
            f"[yellow]{count:,} comments that were sent before are not as they were:[/] they are scored again. To drop "
            f"their earlier results, leave out the work ids {', '.join(work_id[:12] for work_id, _ in dropped)}"
        )


def _send_pointer(
    submission: Submission,
    bucket: str,
    prefix: str,
    sender: QueueSender,
    patience: Patience,
    receipt: Receipt,
    timeout: float,
) -> None:
    """Upload the file as it is, and send one pointer to it."""
    check_kind(submission)
    key = upload_key(prefix, submission)
    s3_patience = Patience.of_seconds(timeout, waiting=waiting("S3"))
    with console.status(f"uploading to s3://{bucket}/{key}") if console.is_terminal else nullcontext():
        try:
            head = put(submission, bucket, key, s3_patience)
        except Exception as error:
            raise CredentialsRefused(error) if is_credentials(error) else error from error
    count = sum(1 for _ in submission.comments.records())
    receipt.header = {"source": submission.identity(bucket), "partition": head["LastModified"].isoformat()}
    receipt.works.clear()
    receipt.start()
    column = submission.comments.text_column
    pointer: dict[str, Any] = {"bucket": bucket, "key": key, "etag": head["ETag"].strip('"')}
    if column:
        pointer["text_column"] = column
    body = encode_body({"s3": pointer})
    if unsent := sender.send([body], patience):
        raise NotSent(unsent[0])
    receipt.add(Message(object_work_id(bucket, key, pointer["etag"], column), body, count, len(body.encode())))
    console.print(f"{count:,} comments in s3://{bucket}/{key}, one message sent")
