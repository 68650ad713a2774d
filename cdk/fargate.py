"""FargateStack: the same image on containers that are always on, as the system before this one ran."""

from aws_cdk import Annotations, Stack
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk.bulk import visibility_timeout
from cdk.bulk_data import BulkData
from cdk.context import ContextValues
from cdk.fargate_api import FargateApi
from cdk.fargate_worker import FargateWorker
from cdk.jobs import ComprehendJobs
from cdk.monitoring import Monitoring
from cdk.nag import accept
from cdk.network import public_vpc
from cdk.spending import fargate_sentence


class FargateStack(Stack):
    def __init__(self, scope: Construct, id: str, context: ContextValues, **options):
        super().__init__(scope, id, description="Sentiment of crypto comments on Fargate", **options)
        self.data = BulkData(self, "Data", context, visibility_timeout=visibility_timeout(context))
        cluster = self._cluster()
        self.worker = FargateWorker(self, "Worker", context, cluster, self.data)
        self.monitoring = Monitoring(self, "Monitoring", context)
        services = {"Worker": self.worker.service}
        if context.compute != "fargate-worker":
            self.api = FargateApi(self, "Api", context, cluster)
            services["Api"] = self.api.service
            if context.job_buckets:
                ComprehendJobs(
                    self,
                    "Jobs",
                    context.job_buckets,
                    self.data,
                    api=self.api.service.task_definition.task_role,
                    bulk=self.worker.service.task_definition.task_role,
                    set_variable=self.api.container.add_environment,
                )
            self.monitoring.watch_balancer(self.api.balancer, self.api.targets, context)
        self.monitoring.watch_scores()
        self.monitoring.watch_queue(self.data, context)
        self.monitoring.watch_services(services)
        self.data.add_outputs(self)
        Annotations.of(self).add_info_v2("worst-day", fargate_sentence(context))

    def _cluster(self) -> ecs.Cluster:
        cluster = ecs.Cluster(self, "Cluster", vpc=public_vpc(self), enable_fargate_capacity_providers=True)
        accept(cluster, "AwsSolutions-ECS4", "The services' own metrics are free; Container Insights' are $0.30 each.")
        return cluster
