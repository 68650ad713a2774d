"""An application load balancer, in front of Fargate tasks or of the function: inside the VPC, or public."""

from aws_cdk import Annotations, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from cdk.context import ContextValues
from cdk.nag import accept
from cdk.network import VPC_CIDR

IDLE_S = 60


class Balancer(Construct):
    """balancer, and its one listener; url: where callers find it."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, vpc: ec2.IVpc):
        super().__init__(scope, id)
        self.balancer = self._balancer(context, vpc)
        self.listener = self._listener(context)
        scheme = "https" if context.balancer_access == "https" else "http"
        self.url = f"{scheme}://{self.balancer.load_balancer_dns_name}"

    def _balancer(self, context: ContextValues, vpc: ec2.IVpc) -> elb.ApplicationLoadBalancer:
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            internet_facing=context.balancer_access != "internal",
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            idle_timeout=Duration.seconds(IDLE_S),
            drop_invalid_header_fields=True,
        )
        accept(
            balancer, "AwsSolutions-ELB2", "CloudWatch has the requests' counts and times; access logs need a bucket."
        )
        if context.balancer_access != "internal":
            accept(balancer, "AwsSolutions-EC23", "A public API: callers come from anywhere and send their key.")
        if context.balancer_access == "http":
            Annotations.of(self).add_warning_v2(
                "plain-http", "balancer_access=http: keys and comments cross the internet in clear; for trials only"
            )
        return balancer

    def _listener(self, context: ContextValues) -> elb.ApplicationListener:
        if context.balancer_access == "https":
            return self.balancer.add_listener(
                "Https",
                port=443,
                certificates=[elb.ListenerCertificate.from_arn(context.certificate_arn)],
                ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            )
        if context.balancer_access == "http":
            return self.balancer.add_listener("Http", port=80)
        listener = self.balancer.add_listener("Http", port=80, open=False)
        self.balancer.connections.allow_from(ec2.Peer.ipv4(VPC_CIDR), ec2.Port.tcp(80), "callers in the VPC")
        return listener
