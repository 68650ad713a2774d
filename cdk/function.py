"""A Lambda function that runs the image: JSON logs kept for a while, and a role with nothing in it but grants."""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.context import ContextValues
from cdk.nag import accept
from cdk.resource import resource
from lambda_fn.contract import Env

REPOSITORY = Path(__file__).resolve().parent.parent
DOCKERFILE = "lambda_fn/Dockerfile"

PLATFORMS = {"x86_64": ecr_assets.Platform.LINUX_AMD64, "arm64": ecr_assets.Platform.LINUX_ARM64}
ARCHITECTURES = {"x86_64": lambda_.Architecture.X86_64, "arm64": lambda_.Architecture.ARM_64}


def image_options(context: ContextValues) -> dict:
    """How the image is built, the same for functions and containers, so that it is built and pushed once."""
    return {
        "file": DOCKERFILE,
        "platform": PLATFORMS[context.architecture],
        "build_args": {"BASE_IMAGE": context.base_image},
    }


def log_group(scope: Construct, id: str, context: ContextValues) -> logs.LogGroup:
    group = logs.LogGroup(scope, id, removal_policy=RemovalPolicy.DESTROY)
    resource(group, logs.CfnLogGroup).retention_in_days = context.log_days
    return group


class ImageFunction(lambda_.DockerImageFunction):
    """handler: "package.module.function", the command given to awslambdaric."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        context: ContextValues,
        *,
        handler: str,
        memory_mb: int,
        timeout_s: int,
        environment: dict[str, str],
        concurrency: int | None = None,
    ):
        group = log_group(scope, f"{id}Logs", context)
        role = iam.Role(scope, f"{id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        group.grant_write(role)
        self.execution_role = role
        if context.tracing == "xray":
            accept(role, "AwsSolutions-IAM5", "X-Ray's two actions know no resources.", applies_to=["Resource::*"])
        super().__init__(
            scope,
            id,
            code=lambda_.DockerImageCode.from_image_asset(str(REPOSITORY), cmd=[handler], **image_options(context)),
            architecture=ARCHITECTURES[context.architecture],
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_s),
            reserved_concurrent_executions=concurrency,
            environment={Env.LOG_LEVEL: context.log_level, **environment},
            role=role,
            log_group=group,
            tracing=lambda_.Tracing.ACTIVE if context.tracing == "xray" else lambda_.Tracing.DISABLED,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=_APPLICATION_LOG_LEVELS[context.log_level],
            # WARN drops the START, END and REPORT lines: some 500 bytes of log that each invocation would pay for.
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
        )


_APPLICATION_LOG_LEVELS = {
    "DEBUG": lambda_.ApplicationLogLevel.DEBUG,
    "INFO": lambda_.ApplicationLogLevel.INFO,
    "WARNING": lambda_.ApplicationLogLevel.WARN,
    "ERROR": lambda_.ApplicationLogLevel.ERROR,
}
