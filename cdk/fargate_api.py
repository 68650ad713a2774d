"""HTTPS on Fargate: a load balancer in front of uvicorn tasks, as many as the requests need."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from cdk.access import access_environment
from cdk.balancer import Balancer
from cdk.container import service_options, task_definition
from cdk.context import ContextValues

PORT = 8080
# What the image does as a server, lambda_fn/http/server.py: idle connections outlive the load balancer's, for one.
SERVE = ["serve", "--port", str(PORT)]


class FargateApi(Construct):
    """service: uvicorn tasks. container: of each. balancer, targets: in front of them."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, cluster: ecs.Cluster):
        super().__init__(scope, id)
        task, container = task_definition(self, "Task", context, module="lambda_fn", arguments=SERVE, port=PORT)
        self.container = container
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
        front = Balancer(self, "Front", context, cluster.vpc)
        self.balancer = front.balancer
        self.targets = front.listener.add_targets(
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
        CfnOutput(Stack.of(self), "ApiUrl", value=front.url)
