"""API Gateway REST API -> Lambda: a key for each client, each with its own rate, burst and monthly quota.

$3.50 a million calls. The gateway compares the keys itself, so that the app is told to ask for none.
"""

import json

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.context import ContextValues
from cdk.function import log_group
from cdk.monitoring import FIVE_MINUTES, Monitoring
from cdk.nag import accept
from lambda_fn.contract import Cors

STAGE = "prod"
# What is told apart when something is slow or refused, and which client it was; no query, no body, no header.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "ip": "$context.identity.sourceIp",
    "client": "$context.identity.apiKeyId",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "error": "$context.error.message",
}


class RestApiFront(Construct):
    def __init__(self, scope: Construct, id: str, context: ContextValues, target: lambda_.IFunction):
        super().__init__(scope, id)
        self.context = context
        self.api = self._api(target)
        if context.api_auth == "api-key":
            self._clients()
        self.url = self.api.url.rstrip("/")
        if context.api_domain:
            self.url = self._domain()
        self._accept()

    def watch(self, monitoring: Monitoring) -> None:
        monitoring.watch_gateway(
            requests=self.api.metric_count(period=FIVE_MINUTES, label="requests"),
            refused=self.api.metric_client_error(period=FIVE_MINUTES, label="4xx"),
            failed=self.api.metric_server_error(period=FIVE_MINUTES, label="5xx"),
            p50=self.api.metric_latency(period=FIVE_MINUTES, statistic="p50", label="p50, ms"),
            p99=self.api.metric_latency(period=FIVE_MINUTES, statistic="p99", label="p99, ms"),
            context=self.context,
        )

    def _api(self, target: lambda_.IFunction) -> apigateway.RestApi:
        context = self.context
        logged = context.api_log in ("gateway", "both")
        group = log_group(self, "AccessLogs", context) if logged else None
        log_format = apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG))
        api = apigateway.RestApi(
            self,
            "RestApi",
            description="Sentiment of crypto comments",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # Bodies come and go as they are: else a compressed answer would reach its caller as base64.
            binary_media_types=["*/*"],
            # An account's one role by which API Gateway may write logs; others of the account may rely on it.
            cloud_watch_role=logged,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=context.api_rate,
                throttling_burst_limit=context.api_burst,
                tracing_enabled=context.tracing == "xray",
                access_log_destination=apigateway.LogGroupLogDestination(group) if group else None,
                access_log_format=log_format if group else None,
            ),
            default_cors_preflight_options=self._cors(),
        )
        signed = context.api_auth == "iam"
        options = apigateway.MethodOptions(
            api_key_required=context.api_auth == "api-key",
            authorization_type=apigateway.AuthorizationType.IAM if signed else apigateway.AuthorizationType.NONE,
        )
        integration = apigateway.LambdaIntegration(target)
        for place in (api.root, api.root.add_resource("{proxy+}")):
            for method in Cors.METHODS if context.cors_origins else ("ANY",):
                place.add_method(method, integration, **options._values)
        return api

    def _cors(self) -> apigateway.CorsOptions | None:
        if not self.context.cors_origins:
            return None
        return apigateway.CorsOptions(
            allow_origins=self.context.cors_origins,
            allow_methods=list(Cors.METHODS),
            allow_headers=list(Cors.ALLOW_HEADERS),
            expose_headers=list(Cors.EXPOSE_HEADERS),
            max_age=Duration.seconds(Cors.MAX_AGE_S),
        )

    def _clients(self) -> None:
        """A key for each client, all on one plan: a plan's limits hold for each of its keys by itself."""
        context = self.context
        quota = apigateway.QuotaSettings(limit=context.api_quota, period=apigateway.Period.MONTH)
        plan = self.api.add_usage_plan(
            "Plan",
            description="What each client may do",
            throttle=apigateway.ThrottleSettings(rate_limit=context.api_rate, burst_limit=context.api_burst),
            quota=quota if context.api_quota else None,
            api_stages=[apigateway.UsagePlanPerApiStage(api=self.api, stage=self.api.deployment_stage)],
        )
        for client in context.api_clients:
            key = self.api.add_api_key(f"Client{client}", description=f"Key of {client}")
            plan.add_api_key(key)
            CfnOutput(Stack.of(self), f"ApiKeyOf{client.title().translate(_LETTERS)}", value=key.key_id)

    def _domain(self) -> str:
        """A domain of one's own; its DNS name has to point to the output ApiDomainTarget. Returns its URL."""
        context = self.context
        domain = self.api.add_domain_name(
            "Domain",
            domain_name=context.api_domain,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", context.certificate_arn),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
            base_path=context.root_path.strip("/") or None,
        )
        CfnOutput(Stack.of(self), "ApiDomainTarget", value=domain.domain_name_alias_domain_name)
        return f"https://{context.api_domain}{context.root_path}"

    def _accept(self) -> None:
        context, api = self.context, self.api
        accept(api, "AwsSolutions-APIG2", "The app checks every body, and says in its own words what is wrong with it.")
        accept(api, "AwsSolutions-APIG3", "A firewall costs $5 a month and more; keys and quotas bound every caller.")
        accept(api, "AwsSolutions-APIG6", "The access log has each call's status and time; execution logs hold bodies.")
        accept(api, "AwsSolutions-COG4", "Callers are services with a key or a role; there are no users to sign in.")
        if context.api_auth != "iam":
            reason = "Every method asks for a client's API key, which belongs to a usage plan."
            if context.api_auth == "none":
                reason = "Whoever deployed this chose api_auth=none; synth warns of it."
            accept(api, "AwsSolutions-APIG4", reason)
        if context.api_log not in ("gateway", "both"):
            accept(api, "AwsSolutions-APIG1", f"Whoever deployed this chose api_log={context.api_log}.")
        else:
            accept(
                api,
                "AwsSolutions-IAM4",
                "AWS's own policy by which API Gateway writes logs; an account has one such role.",
                applies_to=[
                    "Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                ],
            )


# Names of CloudFormation's outputs have letters and digits only.
_LETTERS = str.maketrans("", "", "_.-")
