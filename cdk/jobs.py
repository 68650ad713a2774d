"""Comprehend's asynchronous jobs: the API may begin them, and bulk scoring may read and write the buckets they name.

Only with `-c job_buckets=…`: whoever has the API's key can then have any object of these buckets scored.
"""

from collections.abc import Callable, Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.bulk_data import BulkData
from cdk.nag import accept
from cdk.resource import resource
from lambda_fn.contract import JOBS_PREFIX, Env


class ComprehendJobs(Construct):
    """api, bulk: the roles of what answers callers, and of what works the queue. set_variable: of the API."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        buckets: Sequence[str],
        data: BulkData,
        *,
        api: iam.IRole,
        bulk: iam.IRole,
        set_variable: Callable[[str, str], object],
    ):
        super().__init__(scope, id)
        set_variable(Env.QUEUE_URL, data.queue.queue_url)
        set_variable(Env.RESULTS_BUCKET, data.results.bucket_name)
        data.queue.grant_send_messages(api)
        for role in (api, bulk):
            data.results.grant_read(role, f"{JOBS_PREFIX}*")
            data.results.grant_put(role, f"{JOBS_PREFIX}*")
        for number, name in enumerate(buckets):
            bucket = s3.Bucket.from_bucket_name(self, f"Bucket{number}", name)
            bucket.grant_read(bulk)
            bucket.grant_put(bulk)
        results = Stack.of(data).get_logical_id(resource(data.results, s3.CfnBucket))
        for role in (api, bulk):
            accept(
                role,
                "AwsSolutions-IAM5",
                "Jobs read and write objects of the buckets that were named at deployment, and the records of jobs.",
                applies_to=[
                    "Action::s3:GetObject*",
                    "Action::s3:GetBucket*",
                    "Action::s3:List*",
                    "Action::s3:Abort*",
                    f"Resource::<{results}.Arn>/{JOBS_PREFIX}*",
                    *(f"Resource::arn:<AWS::Partition>:s3:::{name}/*" for name in buckets),
                ],
            )
