"""A new version of a function gets 10 % of the calls for five minutes, and goes again if any of them fails."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.nag import accept


def canary(scope: Construct, alias: lambda_.Alias) -> codedeploy.LambdaDeploymentGroup:
    """CodeDeploy shifts `alias`; the alarm on the alias' own errors rolls it back. CodeDeploy is free for Lambda."""
    failing = cloudwatch.Alarm(
        scope,
        "RolloutErrors",
        metric=alias.metric_errors(period=Duration.minutes(1)),
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description="The function failed while a new version is rolled out: the old one comes back.",
    )
    group = codedeploy.LambdaDeploymentGroup(
        scope,
        "Rollout",
        alias=alias,
        deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
        alarms=[failing],
        auto_rollback=codedeploy.AutoRollbackConfig(failed_deployment=True, deployment_in_alarm=True),
    )
    accept(
        group,
        "AwsSolutions-IAM4",
        "AWS's own policy for CodeDeploy and Lambda: it names the calls of a rollout and no more.",
        applies_to=["Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"],
    )
    return group
