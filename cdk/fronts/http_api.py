"""API Gateway HTTP API -> Lambda: throttled, logged, $1 a million calls. It has no keys: the app checks those."""

import json

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.context import ContextValues
from cdk.function import log_group
from cdk.monitoring import FIVE_MINUTES, Monitoring
from cdk.nag import accept
from cdk.resource import resource
from lambda_fn.contract import Cors

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


class HttpApiFront(Construct):
    def __init__(self, scope: Construct, id: str, context: ContextValues, target: lambda_.IFunction):
        super().__init__(scope, id)
        self.context = context
        self.api = self._api(target)
        stage = self._stage()
        self.url = self.api.api_endpoint
        if context.api_domain:
            self.url = self._domain(stage)

    def watch(self, monitoring: Monitoring) -> None:
        monitoring.watch_gateway(
            requests=self.api.metric_count(period=FIVE_MINUTES, label="requests"),
            refused=self.api.metric_client_error(period=FIVE_MINUTES, label="4xx"),
            failed=self.api.metric_server_error(period=FIVE_MINUTES, label="5xx"),
            p50=self.api.metric_latency(period=FIVE_MINUTES, statistic="p50", label="p50, ms"),
            p99=self.api.metric_latency(period=FIVE_MINUTES, statistic="p99", label="p99, ms"),
            context=self.context,
        )

    def _api(self, target: lambda_.IFunction) -> apigateway.HttpApi:
        auth = self.context.api_auth
        api = apigateway.HttpApi(
            self,
            "HttpApi",
            description="Sentiment of crypto comments",
            create_default_stage=False,
            cors_preflight=self._cors(),
        )
        integration = integrations.HttpLambdaIntegration("Lambda", target)
        for path in ("/", "/{proxy+}"):
            api.add_routes(
                path=path,
                methods=METHODS[auth],
                integration=integration,
                authorizer=authorizers.HttpIamAuthorizer() if auth == "iam" else None,
            )
        if auth != "iam":
            reason = "The function compares the key in x-api-key: HTTP APIs have no API keys of their own."
            if auth == "none":
                reason = "Whoever deployed this chose api_auth=none; synth warns of it."
            accept(api, "AwsSolutions-APIG4", reason)
        return api

    def _cors(self) -> apigateway.CorsPreflightOptions | None:
        if not self.context.cors_origins:
            return None
        return apigateway.CorsPreflightOptions(
            allow_origins=self.context.cors_origins,
            allow_methods=[apigateway.CorsHttpMethod(method) for method in Cors.METHODS],
            allow_headers=list(Cors.ALLOW_HEADERS),
            expose_headers=list(Cors.EXPOSE_HEADERS),
            max_age=Duration.seconds(Cors.MAX_AGE_S),
        )

    def _stage(self) -> apigateway.HttpStage:
        context = self.context
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=context.api_rate, burst_limit=context.api_burst),
        )
        if context.api_log in ("gateway", "both"):
            group = log_group(self, "AccessLogs", context)
            resource(stage, apigateway.CfnStage).access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=group.log_group_arn, format=json.dumps(ACCESS_LOG)
            )
        else:
            accept(stage, "AwsSolutions-APIG1", f"Whoever deployed this chose api_log={context.api_log}.")
        return stage

    def _domain(self, stage: apigateway.HttpStage) -> str:
        """A domain of one's own; its DNS name has to point to the output ApiDomainTarget. Returns its URL."""
        context = self.context
        domain = apigateway.DomainName(
            self,
            "Domain",
            domain_name=context.api_domain,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", context.certificate_arn),
        )
        apigateway.ApiMapping(
            self,
            "Mapping",
            api=self.api,
            domain_name=domain,
            stage=stage,
            api_mapping_key=context.root_path.strip("/") or None,
        )
        CfnOutput(Stack.of(self), "ApiDomainTarget", value=domain.regional_domain_name)
        return f"https://{context.api_domain}{context.root_path}"
