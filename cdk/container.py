"""A Fargate task that runs the image with another command: read-only, logged, and with no right but those granted."""

from aws_cdk import Duration
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk.context import ContextValues
from cdk.function import REPOSITORY, image_options, log_group
from cdk.nag import accept
from lambda_fn.contract import Env

CPU_ARCHITECTURES = {"x86_64": ecs.CpuArchitecture.X86_64, "arm64": ecs.CpuArchitecture.ARM64}

CPU_UNITS_PER_VCPU = 1024


def task_definition(
    scope: Construct, id: str, context: ContextValues, *, module: str, arguments: list[str], port: int | None = None
) -> tuple[ecs.FargateTaskDefinition, ecs.ContainerDefinition]:
    """A task that runs `python3 -m module arguments…`; and its container, without variables yet."""
    task = ecs.FargateTaskDefinition(
        scope,
        id,
        cpu=context.fargate_cpu,
        memory_limit_mib=context.fargate_memory_mb,
        runtime_platform=ecs.RuntimePlatform(
            cpu_architecture=CPU_ARCHITECTURES[context.architecture],
            operating_system_family=ecs.OperatingSystemFamily.LINUX,
        ),
    )
    container = task.add_container(
        "Container",
        image=ecs.ContainerImage.from_asset(str(REPOSITORY), **image_options(context)),
        entry_point=["python3", "-m", module],
        command=arguments,
        environment={
            # A task may see more cores than it has bought.
            Env.ORT_THREADS: str(max(1, context.fargate_cpu // CPU_UNITS_PER_VCPU)),
            Env.LOG_LEVEL: context.log_level,
        },
        logging=ecs.LogDrivers.aws_logs(stream_prefix=id, log_group=log_group(scope, f"{id}Logs", context)),
        readonly_root_filesystem=True,
        stop_timeout=Duration.seconds(120),  # Fargate's longest: a worker finishes what it has begun
    )
    # The root is read-only, and large requests wait in a file.
    task.add_volume(name="tmp")
    container.add_mount_points(ecs.MountPoint(container_path="/tmp", source_volume="tmp", read_only=False))
    if port:
        container.add_port_mappings(ecs.PortMapping(container_port=port))
    accept(
        task, "AwsSolutions-ECS2", "The variables hold names of resources; the one secret is read by the app itself."
    )
    accept(
        task.obtain_execution_role(),
        "AwsSolutions-IAM5",
        "ecr:GetAuthorizationToken, which pulling the image takes, knows no resources.",
        applies_to=["Resource::*"],
    )
    return task, container


def service_options(context: ContextValues) -> dict:
    """What both services share: public addresses in place of a NAT gateway ($33 a month), and careful rollouts."""
    return {
        "assign_public_ip": True,
        "capacity_provider_strategies": [
            ecs.CapacityProviderStrategy(capacity_provider=provider, weight=percent)
            for provider, percent in (
                ("FARGATE", 100 - context.fargate_spot_percent),
                ("FARGATE_SPOT", context.fargate_spot_percent),
            )
            if percent
        ],
        "circuit_breaker": ecs.DeploymentCircuitBreaker(rollback=True),
        "min_healthy_percent": 100,
    }
