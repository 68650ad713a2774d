"""SentimentStack: HTTPS and bulk scoring on Lambda, watched."""

from aws_cdk import Annotations, CfnOutput, Stack
from constructs import Construct

from cdk.api import SentimentApi
from cdk.bulk import BulkScoring, visibility_timeout
from cdk.bulk_data import BulkData
from cdk.context import Knobs
from cdk.monitoring import Monitoring
from cdk.spending import lambda_sentence


class SentimentStack(Stack):
    def __init__(self, scope: Construct, id: str, knobs: Knobs, **options):
        super().__init__(scope, id, description="Sentiment of crypto comments on Lambda", **options)
        self.data = BulkData(self, "Data", knobs, visibility_timeout=visibility_timeout(knobs))
        self.api = SentimentApi(self, "Api", knobs)
        self.bulk = BulkScoring(self, "Bulk", knobs, self.data)
        self.monitoring = Monitoring(self, "Monitoring", knobs)
        self.monitoring.watch_http_api(self.api.http_api, knobs)
        self.monitoring.watch_scores()
        self.monitoring.watch_queue(self.data, knobs)
        self.monitoring.watch_functions({"Api": self.api.function, "Bulk": self.bulk.function})
        CfnOutput(self, "ApiUrl", value=self.api.url)
        self.data.add_outputs(self)
        Annotations.of(self).add_info_v2("worst-day", lambda_sentence(knobs))
