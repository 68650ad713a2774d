"""HTTPS on Fargate: a load balancer in front of uvicorn tasks, as many as the requests need."""

from aws_cdk import Annotations, CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from cdk.access import access_environment
from cdk.container import service_options, task_definition
from cdk.context import ContextValues
from cdk.nag import accept
from lambda_fn.contract import API_APP, API_PROTOCOL

VPC_CIDR = "10.0.0.0/16"
PORT = 8080

# uvicorn keeps idle connections longer than the load balancer does, or the latter would write into closed ones (502).
BALANCER_IDLE_S = 60
UVICORN = [
    API_APP,
    *("--host", "0.0.0.0", "--port", str(PORT), "--http", API_PROTOCOL, "--no-access-log"),
    *("--timeout-keep-alive", str(BALANCER_IDLE_S + 15), "--timeout-graceful-shutdown", "60"),
]


class FargateApi(Construct):
    """service: uvicorn tasks. balancer, targets: in front of them."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, cluster: ecs.Cluster):
        super().__init__(scope, id)
        task, container = task_definition(self, "Task", context, module="uvicorn", arguments=UVICORN, port=PORT)
        for name, value in access_environment(self, context, task.task_role).items():
            container.add_environment(name, value)
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            health_check_grace_period=Duration.seconds(60),
            **service_options(context),
        )
        self.balancer = self._balancer(context, cluster.vpc)
        self.targets = self._listener(context).add_targets(
            "Tasks",
            port=PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[self.service],
            deregistration_delay=Duration.seconds(30),
            health_check=elb.HealthCheck(path="/health", interval=Duration.seconds(15)),
        )
        self.service.auto_scale_task_count(
            min_capacity=context.fargate_min_tasks, max_capacity=context.fargate_max_tasks
        ).scale_on_request_count(
            "Requests", requests_per_target=context.fargate_requests_per_target, target_group=self.targets
        )
        scheme = "https" if context.fargate_access == "https" else "http"
        CfnOutput(Stack.of(self), "ApiUrl", value=f"{scheme}://{self.balancer.load_balancer_dns_name}")

    def _balancer(self, context: ContextValues, vpc: ec2.IVpc) -> elb.ApplicationLoadBalancer:
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            internet_facing=context.fargate_access != "internal",
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            idle_timeout=Duration.seconds(BALANCER_IDLE_S),
            drop_invalid_header_fields=True,
        )
        accept(
            balancer, "AwsSolutions-ELB2", "CloudWatch has the requests' counts and times; access logs need a bucket."
        )
        if context.fargate_access != "internal":
            accept(balancer, "AwsSolutions-EC23", "A public API: callers come from anywhere and send their key.")
        if context.fargate_access == "http":
            Annotations.of(self).add_warning_v2(
                "plain-http", "fargate_access=http: keys and comments cross the internet in clear; for trials only"
            )
        return balancer

    def _listener(self, context: ContextValues) -> elb.ApplicationListener:
        if context.fargate_access == "https":
            return self.balancer.add_listener(
                "Https",
                port=443,
                certificates=[elb.ListenerCertificate.from_arn(context.certificate_arn)],
                ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            )
        if context.fargate_access == "http":
            return self.balancer.add_listener("Http", port=80)
        listener = self.balancer.add_listener("Http", port=80, open=False)
        self.balancer.connections.allow_from(ec2.Peer.ipv4(VPC_CIDR), ec2.Port.tcp(80), "callers in the VPC")
        return listener
