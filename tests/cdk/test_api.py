import json

import pytest
from aws_cdk.assertions import Match

from lambda_fn.contract import API_HANDLER, Cors


def api_environment(made) -> dict[str, str]:
    """The variables of the function that answers HTTPS."""
    functions = made.resources("AWS::Lambda::Function")
    (api,) = [f for f in functions if f.get("ImageConfig", {}).get("Command") == [API_HANDLER]]
    return api["Environment"]["Variables"]


def test_every_path_reaches_the_function(default):
    routes = {route["RouteKey"] for route in default.resources("AWS::ApiGatewayV2::Route")}
    assert routes == {"ANY /", "ANY /{proxy+}"}
    default.template().has_resource_properties(
        "AWS::ApiGatewayV2::Integration", {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0"}
    )


def test_callers_are_throttled_and_logged_without_what_they_sent(default):
    (stage,) = default.resources("AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 20}
    logged = set(json.loads(stage["AccessLogSettings"]["Format"]).values())
    assert {"$context.requestId", "$context.status", "$context.responseLatency"} <= logged
    assert not any(word in variable for variable in logged for word in ("header", "authorizer", "body", "query"))


def test_the_function_runs_the_image_with_its_handler(default):
    default.template().has_resource_properties(
        "AWS::Lambda::Function",
        {
            "PackageType": "Image",
            "ImageConfig": {"Command": ["lambda_fn.api.handler"]},
            "Architectures": ["x86_64"],
            "MemorySize": 1769,
            "Timeout": 29,
            "ReservedConcurrentExecutions": 5,
            "LoggingConfig": Match.object_like({"LogFormat": "JSON", "SystemLogLevel": "WARN"}),
        },
    )


def test_no_browser_origin_may_call_unless_named(default, deployment):
    (api,) = default.resources("AWS::ApiGatewayV2::Api")
    assert "CorsConfiguration" not in api
    named = deployment("open")
    (api,) = named.resources("AWS::ApiGatewayV2::Api")
    assert api["CorsConfiguration"]["AllowOrigins"] == ["https://a.org"]
    assert api["CorsConfiguration"]["AllowHeaders"] == list(Cors.ALLOW_HEADERS)
    assert api["CorsConfiguration"]["ExposeHeaders"] == list(Cors.EXPOSE_HEADERS)
    assert api["CorsConfiguration"]["AllowMethods"] == list(Cors.METHODS)
    named.template().has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Architectures": ["arm64"],
            "Environment": {"Variables": Match.object_like({"CORS_ALLOW_ORIGINS": '["https://a.org"]'})},
        },
    )


def test_warm_environments_serve_the_routes(deployment):
    warm = deployment("open")
    (alias,) = warm.resources("AWS::Lambda::Alias")
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 2}
    for integration in warm.resources("AWS::ApiGatewayV2::Integration"):
        assert "Live" in json.dumps(integration["IntegrationUri"])


def test_no_concurrency_is_reserved_for_small_accounts(deployment):
    functions = deployment("signed").resources("AWS::Lambda::Function")
    assert not any("ReservedConcurrentExecutions" in function for function in functions)


def test_a_function_url_stands_in_for_the_gateway(deployment):
    made = deployment("url")
    (url,) = made.resources("AWS::Lambda::Url")
    assert url["AuthType"] == "NONE"  # the app compares the key, as behind the HTTP API
    assert made.resources("AWS::ApiGatewayV2::Api") == []
    made.template().has_resource_properties(
        "AWS::Lambda::Function",
        {
            "ReservedConcurrentExecutions": 5,
            "TracingConfig": {"Mode": "Active"},
            "Environment": {"Variables": Match.object_like({"API_AUTH": "api-key", "ROOT_PATH": "/v1"})},
        },
    )


def test_a_canary_shifts_the_alias_and_its_errors_take_it_back(deployment):
    made = deployment("url")
    groups = made.resources("AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == 2  # the API's and the bulk function's
    for group in groups:
        assert "Canary10Percent5Minutes" in json.dumps(group["DeploymentConfigName"])
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert group["AlarmConfiguration"]["Enabled"] is True
    (mapping,) = made.resources("AWS::Lambda::EventSourceMapping")
    assert "BulkLive" in json.dumps(mapping["FunctionName"])


def test_a_rest_api_has_a_key_for_each_client_on_one_plan(deployment):
    made = deployment("rest")
    keys = made.template().find_resources("AWS::ApiGateway::ApiKey")
    assert sorted(key["Properties"]["Description"] for key in keys.values()) == ["Key of alice", "Key of bob"]
    (plan,) = made.resources("AWS::ApiGateway::UsagePlan")
    assert plan["Throttle"] == {"RateLimit": 10, "BurstLimit": 20}
    assert plan["Quota"] == {"Limit": 1_000_000, "Period": "MONTH"}
    joined = made.resources("AWS::ApiGateway::UsagePlanKey")
    assert {link["KeyId"]["Ref"] for link in joined} == set(keys)


def test_a_rest_api_asks_for_the_key_and_the_app_for_none(deployment):
    made = deployment("rest")
    methods = [m for m in made.resources("AWS::ApiGateway::Method") if m["HttpMethod"] != "OPTIONS"]
    assert methods
    assert all(method["ApiKeyRequired"] for method in methods)
    assert made.resources("AWS::SecretsManager::Secret") == []
    assert api_environment(made)["API_AUTH"] == "none"
    # No other way in: the gateway alone may call the function.
    assert {p["Principal"] for p in made.resources("AWS::Lambda::Permission")} == {"apigateway.amazonaws.com"}


def test_a_rest_api_passes_bodies_as_they_are_and_answers_browsers_by_the_one_list(deployment):
    made = deployment("rest")
    (api,) = made.resources("AWS::ApiGateway::RestApi")
    assert api["BinaryMediaTypes"] == ["*/*"]
    preflights = [m for m in made.resources("AWS::ApiGateway::Method") if m["HttpMethod"] == "OPTIONS"]
    assert len(preflights) == 2
    for preflight in preflights:
        (answer,) = preflight["Integration"]["IntegrationResponses"]
        parameters = answer["ResponseParameters"]
        assert parameters["method.response.header.Access-Control-Allow-Headers"] == f"'{','.join(Cors.ALLOW_HEADERS)}'"
        assert "ApiKeyRequired" not in preflight or not preflight["ApiKeyRequired"]


def test_environments_are_kept_warm_by_the_hour(deployment):
    made = deployment("rest")
    (target,) = made.resources("AWS::ApplicationAutoScaling::ScalableTarget")
    assert target["ScalableDimension"] == "lambda:function:ProvisionedConcurrency"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 5)
    actions = {
        action["Schedule"]: tuple(action["ScalableTargetAction"][bound] for bound in ("MinCapacity", "MaxCapacity"))
        for action in target["ScheduledActions"]
    }
    assert actions == {"cron(0 0 * * ? *)": (2, 2), "cron(0 13 * * ? *)": (5, 5), "cron(0 22 * * ? *)": (3, 3)}


def test_a_load_balancer_stands_before_the_function(deployment):
    made = deployment("balanced")
    (group,) = made.resources("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert group["TargetType"] == "lambda"
    assert "HealthCheckEnabled" not in group  # each check would be a call that is billed
    (listener,) = made.resources("AWS::ElasticLoadBalancingV2::Listener")
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert made.resources("AWS::ApiGatewayV2::Api") == []
    assert made.resources("AWS::EC2::NatGateway") == []


@pytest.mark.parametrize("variant", ["default", "balanced"])
def test_the_default_security_group_is_closed(deployment, variant):
    stack = "FargateStack" if variant == "default" else "SentimentStack"
    (closed,) = deployment(variant).resources("Custom::VpcRestrictDefaultSG", stack)
    assert "DefaultSecurityGroup" in json.dumps(closed["DefaultSecurityGroupId"])


@pytest.mark.parametrize(("variant", "kind"), [("domain", "AWS::ApiGatewayV2"), ("rest-domain", "AWS::ApiGateway")])
def test_a_gateway_takes_a_domain_and_a_path_of_one_s_own(deployment, variant, kind):
    made = deployment(variant)
    (domain,) = made.resources(f"{kind}::DomainName")
    assert domain["DomainName"] == "api.example.org"
    if kind == "AWS::ApiGateway":
        (mapping,) = made.resources("AWS::ApiGateway::BasePathMapping")
        assert mapping["BasePath"] == "v1"
    else:
        (mapping,) = made.resources("AWS::ApiGatewayV2::ApiMapping")
        assert mapping["ApiMappingKey"] == "v1"
    outputs = made.stack().template["Outputs"]
    assert outputs["ApiUrl"]["Value"] == "https://api.example.org/v1"
    assert "ApiDomainTarget" in outputs
    made.template().has_resource_properties(
        "AWS::Lambda::Function", {"Environment": {"Variables": Match.object_like({"ROOT_PATH": "/v1"})}}
    )


@pytest.mark.parametrize(
    ("variant", "gateway", "function"),
    [("default", True, "false"), ("domain", False, "true"), ("rest", True, "false"), ("rest-domain", False, "false"),
     ("balanced", False, "true")],
)  # fmt: skip
def test_a_call_is_logged_by_whom_the_context_names(deployment, variant, gateway, function):
    made = deployment(variant)
    stages = made.resources("AWS::ApiGatewayV2::Stage") + made.resources("AWS::ApiGateway::Stage")
    assert any("AccessLogSettings" in s or "AccessLogSetting" in s for s in stages) == gateway
    assert api_environment(made)["ACCESS_LOG"] == function
