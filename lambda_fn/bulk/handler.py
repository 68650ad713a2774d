"""AWS Lambda's entry for bulk scoring: `lambda_fn.bulk.handler.handler`. SQS messages in, scored comments in S3 out.

What could not be finished is reported as a batch item failure, or requeued. docs/BULK.md has the rules.
"""

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from lambda_fn.bulk.invocation import Deadline
from lambda_fn.bulk.process import bulk_scorer
from lambda_fn.settings import get_settings


def handler(event: dict, context) -> dict:
    """AWS Lambda's entry: an SQS event in, `{"batchItemFailures": [...]}` out."""
    bulk = bulk_scorer()
    bulk.logger.append_keys(request_id=context.aws_request_id)
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000, bulk.settings.deadline_margin_s)
    failures = bulk.run(event["Records"], deadline, split=True)

    def settle(record) -> None:
        if error := failures.get(record.message_id):
            raise error

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=settle, processor=processor, context=context)


if get_settings().on_lambda:  # the init phase has the CPU of a whole core, whatever memory was bought
    bulk_scorer()
