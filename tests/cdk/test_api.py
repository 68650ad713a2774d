import json

from aws_cdk.assertions import Match

from lambda_fn.contract import Cors


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
