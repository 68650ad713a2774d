import json

from aws_cdk.assertions import Match


def environment(deployment, handler="lambda_fn.api.handler") -> dict:
    functions = deployment.resources("AWS::Lambda::Function")
    function = next(f for f in functions if f.get("ImageConfig", {}).get("Command") == [handler])
    return function["Environment"]["Variables"]


def test_by_default_callers_need_a_random_key_that_only_the_api_may_read(default):
    variables = environment(default)
    assert variables["API_AUTH"] == "api-key"
    secret = variables["API_KEY_SECRET_ARN"]["Ref"]
    (generated,) = default.resources("AWS::SecretsManager::Secret")
    assert generated["GenerateSecretString"] == {"PasswordLength": 40, "ExcludePunctuation": True}
    readers = [
        policy
        for policy in default.resources("AWS::IAM::Policy")
        if "secretsmanager:GetSecretValue" in json.dumps(policy["PolicyDocument"])
    ]
    assert len(readers) == 1
    assert readers[0]["PolicyName"].startswith("ApiFunctionRole")
    assert any(statement["Resource"] == {"Ref": secret} for statement in readers[0]["PolicyDocument"]["Statement"])


def test_no_template_holds_a_key(default):
    for name in ("SentimentStack", "FargateStack"):
        assert "SecretString" not in {key for s in default.resources("AWS::SecretsManager::Secret", name) for key in s}


def test_iam_makes_api_gateway_check_signatures(deployment):
    signed = deployment("signed")
    assert {route["AuthorizationType"] for route in signed.resources("AWS::ApiGatewayV2::Route")} == {"AWS_IAM"}
    methods = {route["RouteKey"].split()[0] for route in signed.resources("AWS::ApiGatewayV2::Route")}
    assert methods == {"GET", "HEAD", "POST"}
    assert environment(signed)["API_AUTH"] == "iam"
    assert signed.resources("AWS::SecretsManager::Secret") == []


def test_an_open_api_is_warned_of(deployment):
    opened = deployment("open")
    assert any(level == "WARNING" and "anybody" in text for level, text in opened.messages())


def test_fargate_reads_a_key_of_its_own(default):
    default.template("FargateStack").has_resource_properties(
        "AWS::ECS::TaskDefinition",
        {
            "ContainerDefinitions": [
                Match.object_like(
                    {"Environment": Match.array_with([{"Name": "API_KEY_SECRET_ARN", "Value": Match.any_value()}])}
                )
            ]
        },
    )
