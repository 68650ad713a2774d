"""Sending to an SQS queue in batches, with every refused entry sent again."""

import json
import re
import time
from collections.abc import Iterator, Sequence

# A message, and all messages of one SendMessageBatch together, may have this many bytes.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES = 1_048_576
MAX_BATCH_ENTRIES = 10
ATTEMPTS = 5
FIRST_PAUSE_S = 0.2
# What SQS refuses in a body; JSON itself escapes the control characters.
_UNSENDABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")


def encode_body(message: dict) -> str:
    """`message` as the shortest JSON that SQS takes and that means the same."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return _UNSENDABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class QueueSender:
    """Sends message bodies to one queue."""

    def __init__(self, sqs, queue_url: str):
        self._sqs, self._queue_url = sqs, queue_url

    def send(self, bodies: Sequence[str]) -> dict[int, str]:
        """Send `bodies`, in batches. Returns what was not taken after all attempts: index -> reason."""
        unsent: dict[int, str] = {}
        for batch in _batches(bodies):
            unsent |= self._send_batch(bodies, batch)
        return unsent

    def _send_batch(self, bodies: Sequence[str], indices: list[int]) -> dict[int, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        waiting = dict.fromkeys(indices, "")
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            entries = [{"Id": str(index), "MessageBody": bodies[index]} for index in waiting]
            try:
                answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            except (BotoCoreError, ClientError) as error:  # botocore has retried what a retry could cure
                return dict.fromkeys(waiting, str(error))
            failed = {int(entry["Id"]): entry for entry in answer.get("Failed", [])}
            waiting = {index: f"{entry['Code']}: {entry.get('Message', '')}" for index, entry in failed.items()}
            if not waiting or all(entry["SenderFault"] for entry in failed.values()):
                break
        return waiting


def _batches(bodies: Sequence[str]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for index, body in enumerate(bodies):
        length = len(body.encode())
        if batch and (len(batch) == MAX_BATCH_ENTRIES or size + length > MAX_MESSAGE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(index)
        size += length
    if batch:
        yield batch
