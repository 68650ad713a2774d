"""Wait for the results of what `crypto-sentiment submit` sent, count them, and join them with the input.

    crypto-sentiment collect comments.jsonl.gz --bucket my-results --output scored.jsonl
    crypto-sentiment collect stdin-0f3a….receipt.jsonl --bucket my-results
    crypto-sentiment collect s3://my-lake/comments/ --bucket my-results --output scored.parquet

A comment's result is known by the work that it was sent in and its position there, and only the very bytes that were
submitted are joined with their results.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from crypto_sentiment.bulk.object_results import ObjectsCollector
from crypto_sentiment.bulk.pointers import PointerReceipt, default_receipt
from crypto_sentiment.bulk.receipts import Receipt
from crypto_sentiment.bulk.results import Collector
from crypto_sentiment.bulk.sources import sha256_of
from crypto_sentiment.files.comment_files import STANDARD_INPUT, CommentFile
from crypto_sentiment.files.errors import InputError
from crypto_sentiment.files.lock import only_process
from crypto_sentiment.files.output import check, find_output, write_results
from crypto_sentiment.files.places import RECEIPT, Place
from crypto_sentiment.files.source import Asked
from lambda_fn.bulk.columns import Columns, at, id_text
from lambda_fn.bulk.outages import CredentialsRefused, Patience, client, is_credentials
from lambda_fn.bulk.records import parse_record
from lambda_fn.bulk.results import result_line
from lambda_fn.contract import RESULT_FIELDS, Exit
from lambda_fn.model.text import TextError

console = Console(stderr=True)
POLL_S = 2.0
# A short --timeout is no reason to give up at the first fault.
LEAST_PATIENCE_S = 30.0
TOLD_PAUSE_S = 1.0
NO_RESULT = "no_result"
OUTCOME_FIELDS = tuple(name for name in RESULT_FIELDS if name not in ("work_id", "position", "id"))


@dataclass
class Collected:
    """How many of the comments have their result, and what is wrong with those that could not be scored, by code."""

    comments: int
    found: int
    is_complete: bool
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def exit_code(self) -> int:
        if self.found < self.comments or not self.is_complete:
            return Exit.FAILED
        return Exit.SOME_NOT_SCORED if self.errors else Exit.DONE

    def described(self) -> str:
        said = f"{self.found:,} of {self.comments:,} comments have their result"
        if count := self.errors.total():
            kinds = ", ".join(f"{number:,} {code}" for code, number in self.errors.most_common())
            said += f"; {count:,} of them could not be scored: {kinds}"
        return said


def find_receipt(name: str, receipt: Path | None) -> tuple[Path | None, Path]:
    """The file that was submitted, if it is to be joined, and its receipt. Raises InputError."""
    if name.startswith("s3://"):
        return None, receipt or default_receipt(name)
    source = Path(name)
    if source.name.endswith(RECEIPT):
        return None, receipt or source
    if source == STANDARD_INPUT:
        if receipt is None:
            raise InputError("a stream cannot be read again: give the receipt that submit named, in place of -")
        return None, receipt
    return source, receipt or Path(f"{source}{RECEIPT}")


def open_submitted(source: Path, receipt: Receipt) -> CommentFile:
    """The file that the receipt is of. Raises InputError for any other, whatever it is called."""
    known = receipt.header["source"]
    comments = CommentFile.open(source, Asked(**known.get("read_as", {}), text_column=known.get("text_column")))
    if "sha256" in known:
        same = comments.size == known["size"] and sha256_of(source) == known["sha256"]
    else:  # a receipt of before there was one
        same = (comments.size, source.stat().st_mtime_ns) == (known.get("size"), known.get("modified_ns"))
    if not same:
        raise InputError(
            f"{source} is not what was submitted with {receipt.path}: it has changed since, or is another file. "
            "Give the receipt in its place to get the results alone, or submit it again."
        )
    return comments


def join(comments: CommentFile, collector: Collector, receipt: Receipt) -> Iterator[dict]:
    """Each input comment with its result, in order, as `score` would have written it."""
    records = comments.records()
    columns = replace(comments.source.columns, keep_text=True)
    for work_id, count in receipt.works:
        by_position = {line["position"]: line for line in collector.lines(work_id)}
        for index in range(count):
            position, record = next(records)
            result = by_position.get(position if receipt.header["source"]["bucket"] else index)
            yield joined_line(record, result, columns)


def joined_line(record: bytes, result: dict | None, columns: Columns) -> dict:
    """A comment's own fields with the outcome that bulk scoring found; without one, error `no_result`."""
    try:
        comment = parse_record(record)
    except TextError:
        comment = {}
    plan = columns.plan(comment)
    found_id = id_text(at(comment, plan.id)) if plan.id else None
    own = columns.own_fields(comment, plan, None)
    if result is None:
        result = {"coins": [], "truncated": False, "error": NO_RESULT, "error_message": "no result was found"}
    return result_line({}, found_id, own, {name: result.get(name) for name in OUTCOME_FIELDS})


def results_alone(collector: Collector, receipt: Receipt) -> Iterator[dict]:
    """The results as they lie in the bucket, without the texts, which are not there."""
    for work_id, _ in receipt.works:
        for line in collector.lines(work_id):
            yield {name: value for name, value in line.items() if name not in ("work_id", "position")}


def wait(collector: Collector | ObjectsCollector, expected: int, timeout: float) -> int:
    """Look until `expected` comments have results or the time is up. Returns how many have."""
    deadline = time.monotonic() + timeout
    with Progress(console=console) as bar:
        task = bar.add_task("waiting for results", total=expected)
        while True:
            found = collector.look()
            bar.update(task, completed=found)
            if found >= expected or time.monotonic() >= deadline:
                return found
            time.sleep(min(POLL_S, max(0.0, deadline - time.monotonic())))


def _tell(error: BaseException, pause: float) -> None:
    if pause > TOLD_PAUSE_S:
        console.print(f"S3 does not answer ({error}). Trying again.", style="yellow", highlight=False)


def run(
    source: str, bucket: str, prefix: str, output: Path | None, receipt_path: Path | None, timeout: float
) -> Collected:
    """Wait, and join the results with `source` in `output`.

    Raises InputError, OutputError, UsageError, CredentialsRefused and botocore's errors.
    """
    submitted, path = find_receipt(source, receipt_path)
    if pointers := PointerReceipt.read(path):
        return _collect_objects(pointers, bucket, prefix, output, timeout)
    receipt = Receipt.read(path)
    comments = open_submitted(submitted, receipt) if submitted and (output or submitted.exists()) else None
    patience = Patience.of_seconds(max(timeout, LEAST_PATIENCE_S), waiting=_tell)
    collector = Collector(client("s3"), bucket, prefix, receipt, patience)
    try:
        if output is None:
            return _wait_and_say(collector, receipt.comments, receipt.is_complete, timeout)
        destination = find_output(str(output), None)
        places = [Place(str(path), path=path), *([comments.source.place] if comments else [])]
        check(destination, places)
        with only_process(output):
            collected = _wait_and_say(collector, receipt.comments, receipt.is_complete, timeout)
            lines = join(comments, collector, receipt) if comments else results_alone(collector, receipt)
            count = write_results(lines, destination)
    except Exception as error:
        raise CredentialsRefused(error) if is_credentials(error) else error from error
    console.print(f"{count:,} {'comments with their results' if comments else 'results'} in {output}")
    return collected


def _collect_objects(
    pointers: PointerReceipt, bucket: str, prefix: str, output: Path | None, timeout: float
) -> Collected:
    """Wait for the results of objects that lie in S3, and join them with what these hold."""
    patience = Patience.of_seconds(max(timeout, LEAST_PATIENCE_S), waiting=_tell)
    s3 = client("s3")
    try:
        with Progress(console=console) as bar:
            task = bar.add_task("counting comments", total=len(pointers.works))
            collector = ObjectsCollector(
                s3, bucket, prefix, pointers, patience, lambda count: bar.update(task, completed=count)
            )
        if output is None:
            return _wait_and_say(collector, collector.comments, True, timeout)
        destination = find_output(str(output), None)
        check(destination, [Place(str(pointers.path), path=pointers.path)])
        with only_process(output):
            collected = _wait_and_say(collector, collector.comments, True, timeout)
            count = write_results(_joined_objects(collector, bucket, pointers), destination)
    except Exception as error:
        raise CredentialsRefused(error) if is_credentials(error) else error from error
    console.print(f"{count:,} comments with their results in {output}")
    return collected


def _joined_objects(collector: ObjectsCollector, bucket: str, pointers: PointerReceipt) -> Iterator[dict]:
    for item, comments, results in collector.found():
        header = {"source": {"bucket": bucket}, "partition": item.place.modified}
        yield from join(comments, results, Receipt(pointers.path, header, [(item.work_id, item.comments)]))


def _wait_and_say(
    collector: Collector | ObjectsCollector, comments: int, is_complete: bool, timeout: float
) -> Collected:
    found = wait(collector, comments, timeout)
    collected = Collected(comments, found, is_complete, collector.errors())
    console.print(collected.described(), highlight=False)
    for work, count in collector.missing().items():
        kind = "" if isinstance(collector, ObjectsCollector) else "work "
        console.print(f"missing: {count:,} comments of {kind}{work}", highlight=False)
    if not is_complete:
        console.print("[yellow]Not all was submitted:[/] run submit again, it goes on, and then collect.")
    return collected
