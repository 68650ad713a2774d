"""The mood in the cloud: tables and a workgroup for Athena, and the function that rolls results up on a schedule.

Nothing of it runs or costs where nothing is scored, but a listing every so many minutes.
"""

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from cdk.bulk_data import metrics_namespace
from cdk.context import ContextValues
from cdk.function import ImageFunction
from cdk.glue import mood_database
from cdk.nag import accept
from cdk.resource import resource
from lambda_fn.contract import (
    ATHENA_PREFIX,
    BY_HOUR_PREFIX,
    MOOD_DAYS_PREFIX,
    MOOD_PREFIX,
    RESULTS_PREFIX,
    ROLLUP_HANDLER,
    ROLLUP_MEMORY_MB,
    ROLLUP_STATE_PREFIX,
    Env,
)
from lambda_fn.mood import queries

MB = 2**20
RETRIES = 2
ANSWER_DAYS = 7


class Mood(Construct):
    """function: lambda_fn.rollup.handler.handler, every `mood_minutes`, on the results in `results`."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, results: s3.Bucket):
        super().__init__(scope, id)
        self._results = results
        stack = Stack.of(self)
        self.database = mood_database(self, results)
        self.workgroup = self._workgroup(context)
        for number, (name, text) in enumerate(queries.named().items()):
            query = athena.CfnNamedQuery(
                self,
                f"Query{number}",
                database=self.database,
                query_string=text,
                name=name,
                work_group=self.workgroup.name,
            )
            query.add_resource_dependency(self.workgroup)
        self.function = self._function(context)
        self._schedule(context)
        results.add_lifecycle_rule(prefix=ATHENA_PREFIX, expiration=Duration.days(ANSWER_DAYS))
        CfnOutput(stack, "MoodDatabase", value=self.database, description="Glue database of results and mood")
        CfnOutput(stack, "MoodWorkgroup", value=self.workgroup.name, description="Athena workgroup with named queries")

    def answer_from(self, function: lambda_.Function) -> None:
        """Let the API read rollups and the results by hour, whose ids it names, and nothing else of the bucket.

        Whether there is an object S3 says only to those who may list; a request for an object names no prefix.
        """
        function.add_environment(Env.MOOD_SOURCE, f"s3://{self._results.bucket_name}")
        below = [f"{prefix}*" for prefix in (MOOD_PREFIX, MOOD_DAYS_PREFIX, BY_HOUR_PREFIX)]
        places = [self._results.arn_for_objects(keys) for keys in below]
        function.add_to_role_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=places))
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self._results.bucket_arn],
                conditions={"StringLikeIfExists": {"s3:prefix": below}},
            )
        )
        accept(
            function.execution_role,  # type: ignore[attr-defined]
            "AwsSolutions-IAM5",
            "Any object of the rollups' and the hours' prefixes, in this bucket only, and to read it only.",
            applies_to=[f"Resource::<{self._bucket_id}.Arn>/{keys}" for keys in below],
        )

    @property
    def _bucket_id(self) -> str:
        return Stack.of(self).get_logical_id(resource(self._results, s3.CfnBucket))

    def _workgroup(self, context: ContextValues) -> athena.CfnWorkGroup:
        """Answers go below `athena/`, whatever a caller says, and a query that would read more is stopped."""
        return athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=f"{Stack.of(self).stack_name}-mood",
            description="Results and mood of crypto comments",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=context.mood_scan_mb * MB,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=self._results.s3_url_for_object(ATHENA_PREFIX),
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_S3"
                    ),
                ),
            ),
        )

    def _function(self, context: ContextValues) -> ImageFunction:
        stack = Stack.of(self)
        function = ImageFunction(
            self,
            "Function",
            context,
            handler=ROLLUP_HANDLER,
            memory_mb=ROLLUP_MEMORY_MB,
            timeout_s=context.rollup_timeout_s,
            concurrency=1 if context.api_concurrency else None,
            environment={
                Env.RESULTS_BUCKET: self._results.bucket_name,
                Env.MOOD_DATABASE: self.database,
                Env.MOOD_WORKGROUP: self.workgroup.name,
                Env.MOOD_LOOSE_DAYS: str(context.mood_loose_days),
                Env.METRICS_NAMESPACE: metrics_namespace(self),
                **(
                    {Env.MOOD_ALARM_COINS: stack.to_json_string(context.mood_alarm_coins)}
                    if context.mood_alarm_coins
                    else {}
                ),
            },
        )
        # What failed is done by the next run, which begins soon enough.
        function.configure_async_invoke(retry_attempts=0, max_event_age=Duration.minutes(context.mood_minutes))
        self._grant(function)
        return function

    def _grant(self, function: ImageFunction) -> None:
        written = (BY_HOUR_PREFIX, MOOD_PREFIX, MOOD_DAYS_PREFIX, ROLLUP_STATE_PREFIX, ATHENA_PREFIX)
        below = self._results.arn_for_objects
        stack = Stack.of(self)
        catalog = [
            stack.format_arn(service="glue", resource=resource_name)
            for resource_name in ("catalog", "database/default", f"database/{self.database}")
        ]
        tables = stack.format_arn(service="glue", resource=f"table/{self.database}/results_by_hour")
        workgroup = stack.format_arn(service="athena", resource="workgroup", resource_name=self.workgroup.name)
        for actions, resources in (
            (["s3:ListBucket", "s3:GetBucketLocation"], [self._results.bucket_arn]),
            (["s3:GetObject"], [below(f"{prefix}*") for prefix in (RESULTS_PREFIX, *written)]),
            (["s3:PutObject"], [below(f"{prefix}*") for prefix in written]),
            (["s3:DeleteObject"], [below(f"{prefix}*") for prefix in (RESULTS_PREFIX, BY_HOUR_PREFIX)]),
            (["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], [below(f"{ATHENA_PREFIX}*")]),
            (
                ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution"],
                [workgroup],
            ),
            (["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"], [*catalog, tables]),
        ):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))
        accept(
            function.execution_role,
            "AwsSolutions-IAM5",
            "Any object of these prefixes of the results bucket: an hour's name is in its key.",
            applies_to=[f"Resource::<{self._bucket_id}.Arn>/{prefix}*" for prefix in (RESULTS_PREFIX, *written)],
        )

    def _schedule(self, context: ContextValues) -> None:
        """Scheduler's own default is 185 retries over a day: a run is not worth that, as the next one does its work."""
        ours = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        role = iam.Role(
            self, "ScheduleRole", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=ours)
        )
        target = targets.LambdaInvoke(
            self.function, role=role, retry_attempts=RETRIES, max_event_age=Duration.minutes(context.mood_minutes)
        )
        group = scheduler.ScheduleGroup(self, "Schedules", removal_policy=RemovalPolicy.DESTROY)
        scheduler.Schedule(
            self,
            "Schedule",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(context.mood_minutes)),
            target=target,
            schedule_group=group,
            description="Rolls the mood up",
        )
        function_id = Stack.of(self).get_logical_id(resource(self.function, lambda_.CfnFunction))
        accept(
            role,
            "AwsSolutions-IAM5",
            "Any version of this one function, which is how CDK grants to invoke it.",
            applies_to=[f"Resource::<{function_id}.Arn>:*"],
        )
