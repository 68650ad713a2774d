"""SentimentStack: HTTPS and bulk scoring on Lambda, watched."""

from aws_cdk import Annotations, CfnOutput, Stack
from aws_cdk.aws_lambda import Function
from constructs import Construct

from cdk.api import SentimentApi
from cdk.bulk import BulkScoring, visibility_timeout
from cdk.bulk_data import BulkData
from cdk.context import ContextValues
from cdk.history import History
from cdk.jobs import ComprehendJobs
from cdk.monitoring import Monitoring
from cdk.mood import Mood
from cdk.mood_alarms import watch_mood
from cdk.spending import lambda_sentence


class SentimentStack(Stack):
    def __init__(self, scope: Construct, id: str, context: ContextValues, **options):
        super().__init__(scope, id, description="Sentiment of crypto comments on Lambda", **options)
        self.data = BulkData(self, "Data", context, visibility_timeout=visibility_timeout(context))
        self.api = SentimentApi(self, "Api", context)
        self.bulk = BulkScoring(self, "Bulk", context, self.data)
        if context.job_buckets:
            ComprehendJobs(
                self,
                "Jobs",
                context.job_buckets,
                self.data,
                api=self.api.function.execution_role,
                bulk=self.bulk.function.execution_role,
                set_variable=self.api.function.add_environment,
            )
        self.monitoring = Monitoring(self, "Monitoring", context)
        self.api.front.watch(self.monitoring)
        self.monitoring.watch_scores()
        self.monitoring.watch_queue(self.data, context)
        functions: dict[str, Function] = {"Api": self.api.function, "Bulk": self.bulk.function}
        if context.mood:
            self.mood = Mood(self, "Mood", context, self.data.results)
            self.mood.answer_from(self.api.function)
            watch_mood(self.monitoring, context)
            functions["Rollup"] = self.mood.function
        self.monitoring.watch_functions(functions)
        CfnOutput(self, "ApiUrl", value=self.api.url)
        self.data.add_outputs(self)
        if context.history:
            self.history = History(self, "History", context)
        Annotations.of(self).add_info_v2("worst-day", lambda_sentence(context))
