"""Scoring history on Spark: an EMR Serverless application, the role of its jobs, a bucket, the packed environment.

An application costs nothing while no job runs: it starts with a job and stops after IDLE_MINUTES.
"""

from pathlib import Path

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_emrserverless as emr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from cdk.context import ContextValues
from cdk.nag import accept

# Spark 3.5.6: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html
RELEASE = "emr-7.12.0"
IDLE_MINUTES = 5
# A worker of 4 vCPUs has 8 GB at least; the driver has 2 vCPUs and 8 GB.
GB_PER_VCPU = 2
DRIVER_VCPUS, DRIVER_GB = 2, 8
LOG_DAYS = 30

# The bucket's layout. `comments/` and `scored/` are a person's; jobs write the last.
COMMENTS_PREFIX = "comments/"
SCORED_PREFIX = "scored/"
LOGS_PREFIX = "logs/"
SCRIPT = Path(__file__).resolve().parent.parent / "crypto_sentiment" / "spark" / "emr_main.py"


class History(Construct):
    """application: where `crypto-sentiment spark --emr` runs jobs. bucket: comments, scored comments and logs."""

    def __init__(self, scope: Construct, id: str, context: ContextValues):
        super().__init__(scope, id)
        self.bucket = self._bucket(context)
        environment = assets.Asset(self, "Environment", path=context.history_environment)
        script = assets.Asset(self, "Script", path=str(SCRIPT))
        self.application = emr.CfnApplication(
            self,
            "Application",
            type="SPARK",
            release_label=RELEASE,
            architecture="ARM64" if context.architecture == "arm64" else "X86_64",
            name=f"{Stack.of(self).stack_name}-history",
            auto_start_configuration=emr.CfnApplication.AutoStartConfigurationProperty(enabled=True),
            auto_stop_configuration=emr.CfnApplication.AutoStopConfigurationProperty(
                enabled=True, idle_timeout_minutes=IDLE_MINUTES
            ),
            maximum_capacity=emr.CfnApplication.MaximumAllowedResourcesProperty(
                cpu=f"{context.history_vcpus + DRIVER_VCPUS} vCPU",
                memory=f"{context.history_vcpus * GB_PER_VCPU + DRIVER_GB} GB",
            ),
        )
        self.role = self._role(environment, script)
        stack = Stack.of(self)
        for name, value in {
            "HistoryApplicationId": self.application.attr_application_id,
            "HistoryRoleArn": self.role.role_arn,
            "HistoryEnvironment": environment.s3_object_url,
            "HistoryScript": script.s3_object_url,
            "HistoryLogs": f"s3://{self.bucket.bucket_name}/{LOGS_PREFIX}",
            "HistoryBucket": self.bucket.bucket_name,
        }.items():
            CfnOutput(stack, name, value=value)

    def _bucket(self, context: ContextValues) -> s3.Bucket:
        delete = context.on_destroy == "delete"
        bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(prefix=LOGS_PREFIX, expiration=Duration.days(LOG_DAYS)),
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7)),
            ],
            removal_policy=RemovalPolicy.DESTROY if delete else RemovalPolicy.RETAIN,
            auto_delete_objects=delete,
        )
        accept(
            bucket,
            "AwsSolutions-S1",
            "One role reads and writes it and public access is blocked; access logs would be one more to pay for.",
        )
        return bucket

    def _role(self, environment: assets.Asset, script: assets.Asset) -> iam.Role:
        """A job's rights: read comments, its environment and script, read and write what it has scored, write logs."""
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "emr-serverless.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
        )
        environment.grant_read(role)
        script.grant_read(role)
        self.bucket.grant_read(role)
        self.bucket.grant_read_write(role, f"{SCORED_PREFIX}*")
        self.bucket.grant_put(role, f"{LOGS_PREFIX}*")
        accept(
            role, "AwsSolutions-IAM5", "Any object below these prefixes of this bucket, and the two assets, no other."
        )
        return role
