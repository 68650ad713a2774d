"""HTTPS: API Gateway HTTP API -> Lambda, throttled and logged; or the function's own URL, free and with neither.

Closed to those without a key by default.
"""

import json

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.access import access_environment
from cdk.context import ContextValues
from cdk.function import ImageFunction, log_group
from cdk.nag import accept
from cdk.resource import resource
from cdk.rollout import canary
from lambda_fn.contract import API_HANDLER, Cors

# What is told apart when something is slow or refused; no query, no body, no header.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "integrationMs": "$context.integrationLatency",
    "error": "$context.error.message",
}


ANY = [apigateway.HttpMethod.ANY]
# With an authorizer, ANY would ask browsers' preflight requests for a signature, which they never carry.
SIGNED = [apigateway.HttpMethod.GET, apigateway.HttpMethod.HEAD, apigateway.HttpMethod.POST]
METHODS = {"api-key": ANY, "none": ANY, "iam": SIGNED}


class SentimentApi(Construct):
    """function: lambda_fn.api.handler. http_api, stage: in front of it, unless it has a URL of its own."""

    http_api: apigateway.HttpApi | None = None

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
        for name, value in access_environment(self, context, self.function).items():
            self.function.add_environment(name, value)
        target = self._target(context)
        if context.api_front == "function-url":
            self.url = self._function_url(context, target)
        else:
            self.http_api = self._http_api(context, target)
            self.stage = self._stage(context, self.http_api)
            self.url = self.http_api.api_endpoint

    def _http_api(self, context: ContextValues, target: lambda_.IFunction) -> apigateway.HttpApi:
        http_api = apigateway.HttpApi(
            self,
            "HttpApi",
            description="Sentiment of crypto comments",
            create_default_stage=False,
            cors_preflight=self._cors(context),
        )
        integration = integrations.HttpLambdaIntegration("Lambda", target)
        for path in ("/", "/{proxy+}"):
            http_api.add_routes(
                path=path,
                methods=METHODS[context.api_auth],
                integration=integration,
                authorizer=authorizers.HttpIamAuthorizer() if context.api_auth == "iam" else None,
            )
        if context.api_auth != "iam":
            reason = "The function compares the key in x-api-key: HTTP APIs have no API keys of their own."
            if context.api_auth == "none":
                reason = "Whoever deployed this chose api_auth=none; synth warns of it."
            accept(http_api, "AwsSolutions-APIG4", reason)
        return http_api

    def _function_url(self, context: ContextValues, target: lambda_.IFunction) -> str:
        """A URL that reaches the function with nothing between: the app checks the key, as behind the HTTP API."""
        cors = lambda_.FunctionUrlCorsOptions(
            allowed_origins=context.cors_origins,
            allowed_methods=[lambda_.HttpMethod(method) for method in Cors.METHODS],
            allowed_headers=list(Cors.ALLOW_HEADERS),
            exposed_headers=list(Cors.EXPOSE_HEADERS),
            max_age=Duration.seconds(Cors.MAX_AGE_S),
        )
        signed = context.api_auth == "iam"
        url = target.add_function_url(
            auth_type=lambda_.FunctionUrlAuthType.AWS_IAM if signed else lambda_.FunctionUrlAuthType.NONE,
            cors=cors if context.cors_origins else None,
        )
        return url.url

    def _cors(self, context: ContextValues) -> apigateway.CorsPreflightOptions | None:
        if not context.cors_origins:
            return None
        return apigateway.CorsPreflightOptions(
            allow_origins=context.cors_origins,
            allow_methods=[apigateway.CorsHttpMethod(method) for method in Cors.METHODS],
            allow_headers=list(Cors.ALLOW_HEADERS),
            expose_headers=list(Cors.EXPOSE_HEADERS),
            max_age=Duration.seconds(Cors.MAX_AGE_S),
        )

    def _target(self, context: ContextValues) -> lambda_.IFunction:
        """The function; or its alias, with environments kept warm or with a careful rollout."""
        if not context.api_provisioned and context.rollout == "all-at-once":
            return self.function
        alias = lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            version=self.function.current_version,
            provisioned_concurrent_executions=context.api_provisioned or None,
        )
        if context.rollout == "canary":
            canary(self, alias)
        return alias

    def _stage(self, context: ContextValues, http_api: apigateway.HttpApi) -> apigateway.HttpStage:
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=http_api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=context.api_rate, burst_limit=context.api_burst),
        )
        resource(stage, apigateway.CfnStage).access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group(self, "AccessLogs", context).log_group_arn, format=json.dumps(ACCESS_LOG)
        )
        return stage
