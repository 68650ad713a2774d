"""Sending to an SQS queue in batches, with every refused entry sent again."""

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from tenacity import retry_if_exception_type

from lambda_fn.bulk.outages import ONE_TRY, CredentialsRefused, Patience, is_credentials

# A message, and all messages of one SendMessageBatch together, may have this many bytes.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES = 1_048_576
MAX_BATCH_ENTRIES = 10
# What SQS refuses in a body; JSON itself escapes the control characters.
_UNSENDABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")


def encode_body(message: dict[str, Any] | str) -> str:
    """`message` as the shortest JSON that SQS takes and that means the same."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return _UNSENDABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class QueueSender:
    """Sends message bodies to one queue, standard or FIFO. patience: with an outage, where a call names no other."""

    def __init__(self, sqs: Any, queue_url: str, patience: Patience = ONE_TRY) -> None:
        self._sqs, self._queue_url, self._patience = sqs, queue_url, patience

    def send(self, bodies: Sequence[str], patience: Patience | None = None) -> dict[int, str]:
        """Send `bodies`, in batches. Returns what was not taken when patience ended: index -> reason.

        Raises CredentialsRefused.
        """
        unsent: dict[int, str] = {}
        for batch in _batches(bodies):
            unsent |= self._send_batch(bodies, batch, patience or self._patience)
        return unsent

    def _send_batch(self, bodies: Sequence[str], indices: list[int], patience: Patience) -> dict[int, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        waiting = dict.fromkeys(indices, "")

        def attempt() -> None:
            nonlocal waiting
            entries = [self._entry(str(index), bodies[index]) for index in waiting]
            answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            failed = {int(entry["Id"]): entry for entry in answer.get("Failed", [])}
            waiting = {index: f"{entry['Code']}: {entry.get('Message', '')}" for index, entry in failed.items()}
            if not all(entry["SenderFault"] for entry in failed.values()):
                raise _EntriesRefused

        try:
            patience.retrying(retry_if_exception_type(_EntriesRefused))(attempt)
        except _EntriesRefused:
            pass
        except (BotoCoreError, ClientError) as error:
            if is_credentials(error):
                raise CredentialsRefused(error) from error
            return dict.fromkeys(waiting, str(error))
        return waiting

    def _entry(self, id: str, body: str) -> dict[str, str]:
        if not self._queue_url.endswith(".fifo"):
            return {"Id": id, "MessageBody": body}
        # Nothing here depends on an order, so each message is a group of its own. Its id is of this sending: by its
        # content, work that is requeued within five minutes would be taken for a repetition, and vanish.
        own = uuid.uuid4().hex
        return {"Id": id, "MessageBody": body, "MessageGroupId": own, "MessageDeduplicationId": own}


class _EntriesRefused(Exception):
    """SQS took a part of a batch, and may take the rest."""


def tens(items: Iterable[Any]) -> Iterator[list[Any]]:
    """`items` in batches as large as SQS takes them."""
    source = iter(items)
    while batch := list(islice(source, MAX_BATCH_ENTRIES)):
        yield batch


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
