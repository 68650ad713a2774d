"""What bulk scoring reads and writes, whatever runs it: the queue, its DLQ, the buckets of inputs and results."""

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.context import ContextValues
from cdk.nag import accept
from cdk.resource import resource
from lambda_fn.contract import PARTS_PREFIX, RESULTS_PREFIX, Env, Metric

# In the results bucket: scored comments, and pieces of large inputs that wait to be scored.
PARTS_DAYS = 21  # longer than a message can live in the queue and the DLQ together

# SQS's longest: a message of the DLQ waits two weeks for somebody to look.
DLQ_RETENTION = Duration.days(14)


def metrics_namespace(scope: Construct) -> str:
    """Each stack's own, so that two of them in one account do not add up."""
    return f"{Metric.NAMESPACE}/{Stack.of(scope).stack_name}"


def _removal(context: ContextValues) -> RemovalPolicy:
    """What `cdk destroy` does with comments that wait and with results."""
    return RemovalPolicy.DESTROY if context.on_destroy == "delete" else RemovalPolicy.RETAIN


class BulkData(Construct):
    """queue: bulk messages, and notifications of the input bucket. dlq: messages that failed `bulk_receives` times."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, *, visibility_timeout: Duration):
        super().__init__(scope, id)
        self.dlq = sqs.Queue(
            self,
            "DeadLetters",
            retention_period=DLQ_RETENTION,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=_removal(context),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            visibility_timeout=visibility_timeout,
            retention_period=Duration.days(4),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dlq, max_receive_count=context.bulk_receives),
            removal_policy=_removal(context),
        )
        self.inputs = self._bucket("Inputs", context.input_days, context)
        self.results = self._bucket("Results", context.results_days, context)
        self.results.add_lifecycle_rule(prefix=PARTS_PREFIX, expiration=Duration.days(PARTS_DAYS))
        self._notify_queue_of_inputs()

    def grant_scoring(self, role: iam.IGrantable) -> None:
        """What scoring a message takes, besides receiving it: read inputs, write results, cut a large input up."""
        self.inputs.grant_read(role)
        self.results.grant_put(role, f"{RESULTS_PREFIX}*")
        self.results.grant_read(role, f"{PARTS_PREFIX}*")
        self.results.grant_put(role, f"{PARTS_PREFIX}*")
        self.queue.grant_send_messages(role)

    def environment(self) -> dict[str, str]:
        """The variables of lambda_fn/settings.py that say where things are."""
        return {
            Env.QUEUE_URL: self.queue.queue_url,
            Env.RESULTS_BUCKET: self.results.bucket_name,
            Env.RESULTS_PREFIX: RESULTS_PREFIX,
            Env.PARTS_PREFIX: PARTS_PREFIX,
            Env.METRICS_NAMESPACE: metrics_namespace(self),
        }

    def add_outputs(self, stack: Stack) -> None:
        CfnOutput(stack, "QueueUrl", value=self.queue.queue_url, description="Bulk messages go here")
        CfnOutput(
            stack, "DeadLetterQueueUrl", value=self.dlq.queue_url, description="Messages that could not be scored"
        )
        CfnOutput(stack, "InputBucket", value=self.inputs.bucket_name, description="Objects put here are scored")
        CfnOutput(stack, "ResultsBucket", value=self.results.bucket_name, description="Scored comments appear here")

    def _bucket(self, id: str, days: int, context: ContextValues) -> s3.Bucket:
        delete = context.on_destroy == "delete"
        bucket = s3.Bucket(
            self,
            id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(days), abort_incomplete_multipart_upload_after=Duration.days(7)
                )
            ],
            removal_policy=_removal(context),
            auto_delete_objects=delete,
        )
        accept(
            bucket,
            "AwsSolutions-S1",
            "One role writes each bucket and public access is blocked; access logs would be a third bucket to pay for.",
        )
        return bucket

    def _notify_queue_of_inputs(self) -> None:
        """Every object that appears in the input bucket becomes a message.

        Written into the bucket itself: the L2 method would add a Lambda function, with wildcard rights, that does it at
        deployment. The queue's policy names the account instead of the bucket, which would be a circle; the bucket
        waits for the policy, because S3 sends a test message when notifications are switched on.
        """
        granted = self.queue.grant_send_messages(
            iam.ServicePrincipal("s3.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}})
        )
        bucket = resource(self.inputs, s3.CfnBucket)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(event="s3:ObjectCreated:*", queue=self.queue.queue_arn)
            ]
        )
        granted.apply_before(self.inputs)
