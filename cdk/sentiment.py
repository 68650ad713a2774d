"""SentimentStack: HTTPS and bulk scoring on Lambda, watched."""

from aws_cdk import Annotations, CfnOutput, Stack
from constructs import Construct

from cdk.api import SentimentApi
from cdk.bulk import BulkScoring, visibility_timeout
from cdk.bulk_data import BulkData
from cdk.context import ContextValues
from cdk.history import History
from cdk.monitoring import Monitoring
from cdk.spending import lambda_sentence


class SentimentStack(Stack):
    def __init__(self, scope: Construct, id: str, context: ContextValues, **options):
        super().__init__(scope, id, description="Sentiment of crypto comments on Lambda", **options)
        self.data = BulkData(self, "Data", context, visibility_timeout=visibility_timeout(context))
        self.api = SentimentApi(self, "Api", context)
        self.bulk = BulkScoring(self, "Bulk", context, self.data)
        self.monitoring = Monitoring(self, "Monitoring", context)
        self.api.front.watch(self.monitoring)
        self.monitoring.watch_scores()
        self.monitoring.watch_queue(self.data, context)
        self.monitoring.watch_functions({"Api": self.api.function, "Bulk": self.bulk.function})
        CfnOutput(self, "ApiUrl", value=self.api.url)
        self.data.add_outputs(self)
        if context.history:
            self.history = History(self, "History", context)
        Annotations.of(self).add_info_v2("worst-day", lambda_sentence(context))
