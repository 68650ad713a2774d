"""When a failed message comes again: soon where it is at fault itself, with growing pauses where something else is.

Each delivery counts against the queue's `maxReceiveCount`. A message that can never be scored should be through with
them in minutes, so that its alarm rings while somebody knows what was sent. One that met an outage must not use them up
before the outage ends: 1, 2, 4 … 30 minutes make 12 hours of less than contract.Default.BULK_RECEIVES deliveries.
"""

from typing import Any

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.outages import Patience, spread
from lambda_fn.bulk.sqs import tens
from lambda_fn.bulk.work import MessageError

OWN_FAULT_S = 5
FIRST_OUTAGE_S = 60
LONGEST_OUTAGE_S = 30 * 60
# So long is tried before the visibility is left to the queue's own timeout.
LAST_TRIES_S = 5.0


def seconds_until_retry(error: Exception, receives: int) -> int:
    """How long the message stays invisible after its `receives`-th delivery (the first is 1) failed with `error`."""
    if isinstance(error, MessageError):
        return OWN_FAULT_S
    growing = FIRST_OUTAGE_S * 2 ** min(max(receives, 1) - 1, 16)
    return int(spread(min(growing, LONGEST_OUTAGE_S)))


class Redelivery:
    """Changes the visibility of one queue's failed messages."""

    def __init__(self, sqs: Any, queue_url: str):
        self._sqs, self._queue_url = sqs, queue_url

    def postpone(self, records: list[dict[str, Any]], failures: dict[str, Exception], deadline: Deadline) -> int:
        """Have each failed record come again when it should. Returns how many requests SQS did not take.

        What is not taken comes back after the queue's visibility timeout: later, and nothing worse.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        patience = Patience.of_seconds(min(deadline.for_writing(), LAST_TRIES_S), sleep=deadline.sleep)
        refused = 0
        for batch in tens(record for record in records if record.get("receiptHandle")):
            entries = [
                {
                    "Id": str(index),
                    "ReceiptHandle": record["receiptHandle"],
                    "VisibilityTimeout": seconds_until_retry(failures[record["messageId"]], _receives(record)),
                }
                for index, record in enumerate(batch)
            ]
            try:
                patience(self._sqs.change_message_visibility_batch, QueueUrl=self._queue_url, Entries=entries)
            except (BotoCoreError, ClientError):
                refused += 1
        return refused


def _receives(record: dict[str, Any]) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
