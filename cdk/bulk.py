"""Bulk scoring on Lambda: SQS -> Lambda, in batches, as many at once as `bulk_concurrency` allows."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from cdk.bulk_data import BulkData
from cdk.context import ContextValues
from cdk.function import ImageFunction
from cdk.nag import accept
from cdk.resource import resource
from cdk.rollout import canary
from lambda_fn.contract import BULK_HANDLER, PARTS_PREFIX, RESULTS_PREFIX


def visibility_timeout(context: ContextValues) -> Duration:
    """AWS's advice, so that a batch that was throttled can be tried again before its messages are seen by others.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    return Duration.seconds(6 * context.bulk_timeout_s + context.bulk_window_s)


class BulkScoring(Construct):
    """lambda_fn.bulk.handler.handler, fed from the queue of `data`, whose inputs it reads and results it writes.

    The event source grants what consuming takes: receive, delete, and change the visibility of what failed.
    """

    def __init__(self, scope: Construct, id: str, context: ContextValues, data: BulkData):
        super().__init__(scope, id)
        self.function = ImageFunction(
            self,
            "Function",
            context,
            handler=BULK_HANDLER,
            memory_mb=context.bulk_memory_mb,
            timeout_s=context.bulk_timeout_s,
            environment=data.environment(),
        )
        data.grant_scoring(self.function)
        # No reserved concurrency here: with it, SQS's pollers would take messages only to have them throttled.
        self._target(context).add_event_source(
            event_sources.SqsEventSource(
                data.queue,
                batch_size=context.bulk_batch_size,
                max_batching_window=Duration.seconds(context.bulk_window_s),
                max_concurrency=context.bulk_concurrency,
                report_batch_item_failures=True,
            )
        )
        accept_bucket_wildcards(self.function.execution_role, data)

    def _target(self, context: ContextValues) -> lambda_.IFunction:
        """The function, or its alias with a careful rollout."""
        if context.rollout == "all-at-once":
            return self.function
        alias = lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)
        canary(self, alias)
        return alias


def accept_bucket_wildcards(role: IConstruct, data: BulkData) -> None:
    """The wildcards that S3's grants come with: families of actions, and the objects of a bucket."""
    stack = Stack.of(data)
    inputs, results = (stack.get_logical_id(resource(bucket, s3.CfnBucket)) for bucket in (data.inputs, data.results))
    accept(
        role,
        "AwsSolutions-IAM5",
        "Any object of the input bucket may be scored and any result written, in these two buckets only.",
        applies_to=[
            "Action::s3:GetObject*",
            "Action::s3:GetBucket*",
            "Action::s3:List*",
            "Action::s3:Abort*",
            f"Resource::<{inputs}.Arn>/*",
            *(f"Resource::<{results}.Arn>/{prefix}*" for prefix in (RESULTS_PREFIX, PARTS_PREFIX)),
        ],
    )
