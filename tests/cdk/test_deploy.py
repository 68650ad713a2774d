"""`cdk bootstrap`, `deploy` and `destroy` against moto's server: the template is one that CloudFormation accepts.

moto has no Secrets Manager or API Gateway in its CloudFormation and runs no image, so the stack is the one without an
API key, Docker is a stand-in that says yes, and what is looked at is what moto did create.
"""

import boto3
import pytest
from moto.server import ThreadedMotoServer

ACCOUNT, REGION = "123456789012", "us-east-1"
STACK = "SentimentStack"


@pytest.fixture
def aws(monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://localhost:{port}",  # by name: from 127.0.0.1 moto misreads the template's URL
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield environment
    server.stop()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")  # what moto does not know
def test_deploys_and_destroys(aws, deployment, run_cdk, tmp_path):
    docker, calls = tmp_path / "docker", tmp_path / "calls"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n[ "$1" != inspect ]\n')
    docker.chmod(0o755)

    def cdk(*arguments: str) -> None:
        done = run_cdk("--app", str(deployment("signed").outdir), *arguments, env={**aws, "CDK_DOCKER": str(docker)})
        assert done.returncode == 0, done.stdout + done.stderr

    cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
    cdk("deploy", STACK, "--require-approval", "never")

    created = boto3.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]

    def physical(type: str, name: str) -> str:
        """The id of what moto made of a resource; what it does not know has no type."""
        return next(
            resource["PhysicalResourceId"]
            for resource in created
            if resource.get("ResourceType") == type and resource["LogicalResourceId"].startswith(name)
        )

    function = boto3.client("lambda").get_function(FunctionName=physical("AWS::Lambda::Function", "BulkFunction"))
    assert function["Configuration"]["MemorySize"] == 1769
    assert function["Configuration"]["Environment"]["Variables"]["RESULTS_BUCKET"] == physical(
        "AWS::S3::Bucket", "DataResults"
    )
    queue = physical("AWS::SQS::Queue", "DataQueue")
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "1805"
    assert "DataDeadLetters" in attributes["RedrivePolicy"]
    (mapping,) = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["EventSourceArn"]) == (10, attributes["QueueArn"])
    assert "push" in calls.read_text()

    cdk("destroy", STACK, "--force")
    assert boto3.client("lambda").list_functions()["Functions"] == []
