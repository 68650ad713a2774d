"""Bulk scoring on Fargate: workers that poll the queue, none while it is empty."""

from aws_cdk import Duration
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk.bulk import accept_bucket_wildcards
from cdk.bulk_data import BulkData
from cdk.container import service_options, task_definition
from cdk.context import ContextValues
from lambda_fn.contract import WORKER_MODULE


class FargateWorker(Construct):
    """service: tasks of lambda_fn.bulk.worker, which score the messages of `data`'s queue."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, cluster: ecs.Cluster, data: BulkData):
        super().__init__(scope, id)
        task, container = task_definition(self, "Task", context, module=WORKER_MODULE, arguments=[])
        for name, value in data.environment().items():
            container.add_environment(name, value)
        data.queue.grant_consume_messages(task.task_role)
        data.grant_scoring(task.task_role)
        accept_bucket_wildcards(task.task_role, data)
        self.service = ecs.FargateService(
            self, "Service", cluster=cluster, task_definition=task, **service_options(context)
        )
        self._scale(context, data)

    def _scale(self, context: ContextValues, data: BulkData) -> None:
        """One worker for every `worker_messages_per_task` messages; none when none is waiting or being scored."""
        minute = Duration.minutes(1)
        unfinished = cloudwatch.MathExpression(
            expression="waiting + scoring",
            using_metrics={
                "waiting": data.queue.metric_approximate_number_of_messages_visible(period=minute, statistic="Maximum"),
                "scoring": data.queue.metric_approximate_number_of_messages_not_visible(
                    period=minute, statistic="Maximum"
                ),
            },
            period=minute,
        )
        each = context.worker_messages_per_task
        steps = [autoscaling.ScalingInterval(upper=0, change=0), autoscaling.ScalingInterval(lower=1, change=1)]
        steps += [
            autoscaling.ScalingInterval(lower=each * tasks + 1, change=tasks + 1)
            for tasks in range(1, context.worker_max_tasks)
        ]
        self.service.auto_scale_task_count(min_capacity=0, max_capacity=context.worker_max_tasks).scale_on_metric(
            "Unfinished",
            metric=unfinished,
            scaling_steps=steps,
            adjustment_type=autoscaling.AdjustmentType.EXACT_CAPACITY,
            cooldown=Duration.minutes(3),
        )
