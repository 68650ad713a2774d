"""A load balancer -> Lambda: inside the VPC, or public with a certificate; by the hour and not by the call.

A request and its answer may have 1 MB: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_elasticloadbalancingv2_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.balancer import Balancer
from cdk.context import ContextValues
from cdk.monitoring import Monitoring
from cdk.network import public_vpc


class LoadBalancerFront(Construct):
    """The app checks the key: a load balancer has none. No health checks: each would be a call that is billed."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, target: lambda_.IFunction):
        super().__init__(scope, id)
        self.context = context
        front = Balancer(self, "Front", context, public_vpc(self))
        self.balancer = front.balancer
        self.group: elb.ApplicationTargetGroup = front.listener.add_targets(
            "Function", targets=[targets.LambdaTarget(target)]
        )
        # A header that is sent twice arrives twice, as from a server.
        self.group.set_attribute("lambda.multi_value_headers.enabled", "true")
        self.url = front.url

    def watch(self, monitoring: Monitoring) -> None:
        monitoring.watch_balancer(self.balancer, None, self.context)
