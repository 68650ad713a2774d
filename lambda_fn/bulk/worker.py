"""A long-polling SQS consumer, for Fargate or any machine: the bulk handler's code without Lambda.

    python -m lambda_fn.bulk.worker                    until SIGTERM or Ctrl-C
    python -m lambda_fn.bulk.worker --until-empty      until the queue is empty (exit status 1 if a message failed)

It deletes what was settled; what failed comes again after a while, or goes where the redrive policy says. On SIGTERM it
finishes the comments at hand, puts the rest back on the queue and exits within `STOP_S`. Outages are waited out,
however long; credentials that AWS refuses end it with exit status 1.
"""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.outages import CredentialsRefused, Patience, client, is_credentials
from lambda_fn.bulk.process import BulkScorer, bulk_scorer
from lambda_fn.bulk.sqs import tens
from lambda_fn.contract import Exit

# ECS sends SIGKILL 30 s after SIGTERM unless `stopTimeout` says otherwise.
STOP_S = 25.0
WAIT_S = 20
RECEIVE_MESSAGES = 10
BATCH_MESSAGES = 50


class Worker:
    """Receives messages, has them scored, deletes them."""

    def __init__(self, bulk: BulkScorer, sqs: Any, queue_url: str) -> None:
        self._bulk, self._sqs, self._queue_url = bulk, sqs, queue_url
        self._stop_at: float | None = None
        self._stopped = threading.Event()
        # Nothing is begun after a stop; what was scored is still deleted.
        self._polling = Patience(lambda: 0.0 if self._stop_at else float("inf"), self._sleep, bulk.waiting)
        self._settling = Patience(self._remaining_s, self._sleep, bulk.waiting)
        self._visibility_s = 0

    def stop(self, *_: Any) -> None:
        """Finish soon; a signal handler."""
        self._stop_at = self._stop_at or time.monotonic() + STOP_S
        self._stopped.set()

    def run(self, until_empty: bool = False, wait_s: int = WAIT_S) -> int:
        """Work until `stop`, or until a receive of `wait_s` seconds brings nothing. Returns the failures seen.

        Raises CredentialsRefused, and botocore's errors where the queue does not exist or may not be read.
        """
        failed = 0
        try:
            attributes = self._call(self._polling, self._sqs.get_queue_attributes, AttributeNames=["VisibilityTimeout"])
            self._visibility_s = max(1, int(attributes["Attributes"]["VisibilityTimeout"]))
            while self._stop_at is None:
                messages = self._receive(wait_s)
                if messages:
                    failed += self._settle(messages)
                elif until_empty:
                    break
        except (BotoCoreError, ClientError):
            if self._stop_at is None:
                raise
            # stopped in an outage: what was not deleted comes again, and overwrites its results
        return failed

    def _call(self, patience: Patience, call: Any, **arguments: Any) -> dict[str, Any]:
        try:
            return patience(call, QueueUrl=self._queue_url, **arguments)
        except (BotoCoreError, ClientError) as error:
            if is_credentials(error):
                raise CredentialsRefused(error) from error
            raise

    def _sleep(self, seconds: float) -> None:
        """Until a stop, if that comes first."""
        if self._stopped.is_set():
            time.sleep(seconds)
        else:
            self._stopped.wait(seconds)

    def _remaining_s(self) -> float:
        return float("inf") if self._stop_at is None else self._stop_at - time.monotonic()

    def _receive(self, wait_s: int) -> list[dict[str, Any]]:
        """One long poll, then whatever else is there at once: more messages make fuller batches."""
        messages: list[dict[str, Any]] = []
        while len(messages) < BATCH_MESSAGES and self._stop_at is None:
            answer = self._call(
                self._polling,
                self._sqs.receive_message,
                MaxNumberOfMessages=RECEIVE_MESSAGES,
                WaitTimeSeconds=0 if messages else wait_s,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
            received = answer.get("Messages", [])
            messages += received
            if not received:
                break
        return messages

    def _settle(self, messages: list[dict[str, Any]]) -> int:
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
            for message in messages
        ]
        deadline = Deadline(self._remaining_s, STOP_S / 5, self._sleep)
        with self._kept_invisible(messages):
            failures = self._bulk.run(records, deadline, split=False)
        for batch in tens(m["ReceiptHandle"] for m in messages if m["MessageId"] not in failures):
            entries = [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(batch)]
            self._call(self._settling, self._sqs.delete_message_batch, Entries=entries)
        for error in failures.values():
            if is_credentials(error):
                raise CredentialsRefused(error)
        return len(failures)

    @contextmanager
    def _kept_invisible(self, messages: list[dict[str, Any]]) -> Iterator[None]:
        """Extend the visibility timeout while an object of millions of comments is scored."""
        done = threading.Event()

        def extend() -> None:
            patience = Patience.of_seconds(self._visibility_s / 4, sleep=done.wait)
            while not done.wait(self._visibility_s / 2):
                for batch in tens(message["ReceiptHandle"] for message in messages):
                    entries = [
                        {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": self._visibility_s}
                        for index, handle in enumerate(batch)
                    ]
                    try:
                        self._call(patience, self._sqs.change_message_visibility_batch, Entries=entries)
                    except Exception:  # a second delivery costs time, and nothing else
                        self._bulk.logger.warning("visibility timeout not extended", messages=len(entries))

        thread = threading.Thread(target=extend, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def work(until_empty: bool, wait_s: int) -> int:
    """Work the queue of the settings until SIGTERM or Ctrl-C, or until it is empty. Returns the exit code."""
    try:
        bulk = bulk_scorer()
        sqs = client("sqs", read_timeout_s=2 * WAIT_S)  # longer than the longest poll
    except (ValueError, BotoCoreError) as error:
        return _refuse(str(error))
    if not bulk.settings.queue_url:
        return _refuse("QUEUE_URL is not set: there is no queue to work on")
    worker = Worker(bulk, sqs, bulk.settings.queue_url)
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    try:
        return Exit.FAILED if worker.run(until_empty, wait_s) else Exit.DONE
    except CredentialsRefused as error:
        return _refuse(str(error))
    except (BotoCoreError, ClientError) as error:
        return _refuse(f"the queue {bulk.settings.queue_url} cannot be used: {error}")


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return Exit.FAILED


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m lambda_fn.bulk.worker", description="Score the comments of a queue."
    )
    parser.add_argument("--until-empty", action="store_true", help="exit when the queue has nothing left")
    parser.add_argument("--wait", type=int, default=WAIT_S, metavar="SECONDS", help="length of one long poll, 0 to 20")
    arguments = parser.parse_args()
    sys.exit(work(arguments.until_empty, arguments.wait))


if __name__ == "__main__":
    main()
