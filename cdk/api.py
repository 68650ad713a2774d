"""HTTPS on Lambda: the function, perhaps kept warm or rolled out with care, and the front that the context asks for.

Closed to those without a key by default.
"""

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.access import access_environment
from cdk.context import ContextValues
from cdk.fronts.function_url import FunctionUrlFront
from cdk.fronts.http_api import HttpApiFront
from cdk.fronts.load_balancer import LoadBalancerFront
from cdk.fronts.rest_api import RestApiFront
from cdk.function import ImageFunction
from cdk.rollout import canary
from lambda_fn.contract import API_HANDLER

Front = HttpApiFront | RestApiFront | FunctionUrlFront | LoadBalancerFront
FRONTS: dict[str, type[HttpApiFront] | type[RestApiFront] | type[FunctionUrlFront] | type[LoadBalancerFront]] = {
    "http-api": HttpApiFront,
    "rest-api": RestApiFront,
    "function-url": FunctionUrlFront,
    "load-balancer": LoadBalancerFront,
}


class SentimentApi(Construct):
    """function: lambda_fn.api.handler. front: what stands before it."""

    def __init__(self, scope: Construct, id: str, context: ContextValues):
        super().__init__(scope, id)
        self.function = ImageFunction(
            self,
            "Function",
            context,
            handler=API_HANDLER,
            memory_mb=context.api_memory_mb,
            timeout_s=context.api_timeout_s,
            concurrency=context.api_concurrency or None,
            environment={},
        )
        keys_at_gateway = context.api_front == "rest-api"
        for name, value in access_environment(self, context, self.function, keys_at_gateway).items():
            self.function.add_environment(name, value)
        self.front: Front = FRONTS[context.api_front](self, "Front", context, self._target(context))
        self.url = self.front.url

    def _target(self, context: ContextValues) -> lambda_.IFunction:
        """The function; or its alias, with environments kept warm or with a careful rollout."""
        schedule = context.api_provisioned_schedule
        if not context.api_provisioned and not schedule and context.rollout == "all-at-once":
            return self.function
        alias = lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            version=self.function.current_version,
            provisioned_concurrent_executions=context.api_provisioned or None,
        )
        if schedule:
            self._keep_warm(alias, schedule)
        if context.rollout == "canary":
            canary(self, alias)
        return alias

    def _keep_warm(self, alias: lambda_.Alias, schedule: dict[int, int]) -> None:
        """As many environments as the day's hour asks for, from that hour on."""
        scaling = alias.add_auto_scaling(min_capacity=min(schedule.values()), max_capacity=max(schedule.values()))
        for hour, count in sorted(schedule.items()):
            scaling.scale_on_schedule(
                f"From{hour:02}",
                schedule=autoscaling.Schedule.cron(hour=str(hour), minute="0"),
                min_capacity=count,
                max_capacity=count,
            )
