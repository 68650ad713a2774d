"""The function's own URL, with nothing between: free, and with neither a throttle nor a log of calls."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.context import ContextValues
from cdk.monitoring import FIVE_MINUTES, Monitoring
from lambda_fn.contract import Cors


class FunctionUrlFront(Construct):
    """The app checks the key, as behind the HTTP API."""

    def __init__(self, scope: Construct, id: str, context: ContextValues, target: lambda_.IFunction):
        super().__init__(scope, id)
        self.context, self.target = context, target
        cors = lambda_.FunctionUrlCorsOptions(
            allowed_origins=context.cors_origins,
            allowed_methods=[lambda_.HttpMethod(method) for method in Cors.METHODS],
            allowed_headers=list(Cors.ALLOW_HEADERS),
            exposed_headers=list(Cors.EXPOSE_HEADERS),
            max_age=Duration.seconds(Cors.MAX_AGE_S),
        )
        signed = context.api_auth == "iam"
        self.url = target.add_function_url(
            auth_type=lambda_.FunctionUrlAuthType.AWS_IAM if signed else lambda_.FunctionUrlAuthType.NONE,
            cors=cors if context.cors_origins else None,
        ).url

    def watch(self, monitoring: Monitoring) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html"""

        def metric(name: str, label: str, statistic: str = "Sum") -> cloudwatch.Metric:
            return self.target.metric(name, period=FIVE_MINUTES, label=label, statistic=statistic)

        monitoring.watch_gateway(
            requests=metric("UrlRequestCount", "requests"),
            refused=metric("Url4xxCount", "4xx"),
            failed=metric("Url5xxCount", "5xx"),
            p50=metric("UrlRequestLatency", "p50, ms", "p50"),
            p99=metric("UrlRequestLatency", "p99, ms", "p99"),
            context=self.context,
        )
