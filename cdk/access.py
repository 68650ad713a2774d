"""Who may call the HTTP API: with api_auth=api-key, those who send the key made at deployment in `x-api-key`."""

import json

from aws_cdk import Annotations, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from cdk.context import ContextValues
from cdk.nag import accept
from lambda_fn.contract import Env

KEY_CHARACTERS = 40


class ApiKey(secretsmanager.Secret):
    """A random key of letters and digits. The API reads it again every minute, so it can be replaced at any time."""

    def __init__(self, scope: Construct, id: str):
        super().__init__(
            scope,
            id,
            description="Key of the crypto sentiment API: callers send it in the header x-api-key",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=KEY_CHARACTERS, exclude_punctuation=True
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )
        accept(
            self,
            "AwsSolutions-SMG4",
            "A new key has to reach the callers, so a person replaces it (docs/DEPLOY.md); the API sees it at once.",
        )


def access_environment(
    scope: Construct, context: ContextValues, role: iam.IGrantable, keys_at_gateway: bool = False
) -> dict[str, str]:
    """The variables that tell the app whom to let in, and whether it logs each call.

    `role` is granted the reading of the key, if there is one. keys_at_gateway: who gets as far as the app has shown the
    gateway a key.
    """
    app_checks = context.api_auth != "api-key" or not keys_at_gateway
    environment = {
        Env.API_AUTH: context.api_auth if app_checks else "none",
        Env.ACCESS_LOG: str(context.api_log in ("function", "both")).lower(),
        Env.CORS_ALLOW_ORIGINS: json.dumps(context.cors_origins),
    }
    if context.root_path:
        environment[Env.ROOT_PATH] = context.root_path
    if context.api_auth == "none":
        Annotations.of(scope).add_warning_v2("open-api", "api_auth=none: anybody who has the URL can call this API")
    if context.api_auth == "api-key" and app_checks:
        key = ApiKey(scope, "Key")
        key.grant_read(role)
        environment[Env.API_KEY_SECRET_ARN] = key.secret_arn
        CfnOutput(Stack.of(scope), "ApiKeySecret", value=key.secret_arn, description="Secret that holds the API key")
    return environment
