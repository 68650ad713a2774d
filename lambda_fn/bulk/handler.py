"""AWS Lambda's entry for bulk scoring: `lambda_fn.bulk.handler.handler`. SQS messages in, scored comments in S3 out.

What could not be finished is reported as a batch item failure, or requeued. docs/BULK.md has the rules.
"""

from typing import Any

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.process import bulk_scorer
from lambda_fn.settings import get_settings


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda's entry: an SQS event in, `{"batchItemFailures": [...]}` out.

    Raises EventError for an event with records that are not of SQS: nothing is scored, and the function's alarm rings.
    """
    bulk = bulk_scorer()
    bulk.logger.append_keys(request_id=context.aws_request_id)
    records = event.get("Records") if isinstance(event, dict) else None
    if not records:  # a click on the console's Test, a ping that keeps the function warm
        bulk.logger.info("no messages in the event")
        return {"batchItemFailures": []}
    if not all(isinstance(record, dict) and {"messageId", "body"} <= record.keys() for record in records):
        raise EventError("the event's records are not messages of SQS; send S3's notifications to the queue")
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000, bulk.settings.deadline_margin_s)
    failures = bulk.run(records, deadline, split=True)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failures]}


class EventError(ValueError):
    """An event that no queue sent."""


if get_settings().on_lambda:  # the init phase has the CPU of a whole core, whatever memory was bought
    bulk_scorer()
