"""`cdk bootstrap`, `deploy`, `diff` and `destroy` of each front against moto's server: CloudFormation takes it.

moto has no Secrets Manager, API Gateway v2, Function URLs, alarms or aliases in its CloudFormation, and fails over a
REST API's preflight: such variants are left out, and what is looked at is what moto did create. It runs no image:
Docker is a stand-in that says yes.
"""

import json
from collections.abc import Callable
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

ACCOUNT, REGION = "123456789012", "us-east-1"
LAMBDA, FARGATE = "SentimentStack", "FargateStack"
# What is deployed, its stack, and where moto lists what callers or the queue then find: service, call, field.
FRONTS = [
    ("signed", LAMBDA, ("lambda", "list_event_source_mappings", "EventSourceMappings")),
    ("signed-url", LAMBDA, ("lambda", "list_functions", "Functions")),
    ("balanced-open", LAMBDA, ("elbv2", "describe_load_balancers", "LoadBalancers")),
    ("open-tasks", FARGATE, ("elbv2", "describe_load_balancers", "LoadBalancers")),
    ("worker", FARGATE, ("ecs", "list_task_definitions", "taskDefinitionArns")),
]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")]  # unknown to moto


@pytest.fixture
def aws(monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    urlopen(Request(f"http://localhost:{port}/moto-api/reset", method="POST"))  # its state is the process's
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


@pytest.fixture
def cdk(aws, deployment, run_cdk, tmp_path) -> Callable[..., str]:
    """cdk(variant, arguments…): what the command line said. It must have succeeded, or ended with `status`."""
    docker, calls = tmp_path / "docker", tmp_path / "calls"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n[ "$1" != inspect ]\n')
    docker.chmod(0o755)

    def run(variant: str, *arguments: str, status: int = 0) -> str:
        done = run_cdk("--app", str(deployment(variant).outdir), *arguments, env={**aws, "CDK_DOCKER": str(docker)})
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def made(stack: str) -> dict[str, list[str]]:
    """Physical ids by type; what moto does not know has no type."""
    created = boto3.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    found: dict[str, list[str]] = {}
    for resource in created:
        found.setdefault(resource.get("ResourceType", ""), []).append(resource.get("PhysicalResourceId", ""))
    return found


def delete_route_tables() -> None:
    """moto's CloudFormation leaves a VPC's own, and then cannot delete the VPC."""
    ec2 = boto3.client("ec2")
    for table in ec2.describe_route_tables()["RouteTables"]:
        if any(association["Main"] for association in table["Associations"]):
            continue
        for association in table["Associations"]:
            ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        ec2.delete_route_table(RouteTableId=table["RouteTableId"])


@pytest.mark.parametrize(("variant", "stack", "there"), FRONTS)
def test_a_front_is_deployed_differs_in_nothing_and_is_destroyed(cdk, variant, stack, there):
    cdk(variant, "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    cdk(variant, "deploy", stack, "--require-approval", "never")
    service, call, field = there
    assert getattr(boto3.client(service), call)()[field]
    queues = boto3.client("sqs").list_queues()["QueueUrls"]
    assert len(queues) == 2

    assert "There were no differences" in cdk(variant, "diff", stack, "--fail")
    if stack == LAMBDA:  # another memory size is one difference, and told as such
        assert "MemorySize" in cdk("larger", "diff", stack, "--fail", status=1)

    delete_route_tables()
    cdk(variant, "destroy", stack, "--force")
    assert boto3.client("lambda").list_functions()["Functions"] == []
    assert boto3.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_a_rest_api_is_created_and_deleted(aws, deployment):
    """By CloudFormation itself: moto's change sets, which the command line makes, refuse a REST API."""
    cloudformation = boto3.client("cloudformation")
    boto3.client("s3").create_bucket(Bucket=f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}")
    boto3.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    template = json.dumps(deployment("rest-keys").stack(LAMBDA).template)
    cloudformation.create_stack(StackName=LAMBDA, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    (api,) = boto3.client("apigateway").get_rest_apis()["items"]
    places = boto3.client("apigateway").get_resources(restApiId=api["id"])["items"]
    assert {place["path"] for place in places} == {"/", "/{proxy+}"}
    assert all("ANY" in place["resourceMethods"] for place in places)
    cloudformation.delete_stack(StackName=LAMBDA)  # of which moto leaves the API itself
    assert boto3.client("lambda").list_functions()["Functions"] == []
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_what_is_deployed_is_wired_to_its_queue_and_bucket(cdk):
    cdk("signed", "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    cdk("signed", "deploy", LAMBDA, "--require-approval", "never")
    found = made(LAMBDA)
    functions = [
        boto3.client("lambda").get_function(FunctionName=name)["Configuration"]
        for name in found["AWS::Lambda::Function"]
    ]
    (bulk,) = [f for f in functions if "QUEUE_URL" in f.get("Environment", {}).get("Variables", {})]
    assert bulk["MemorySize"] == 1769
    assert bulk["Environment"]["Variables"]["RESULTS_BUCKET"] in found["AWS::S3::Bucket"]
    queue = bulk["Environment"]["Variables"]["QUEUE_URL"]
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "1805"
    assert "DataDeadLetters" in attributes["RedrivePolicy"]
    (mapping,) = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["EventSourceArn"]) == (10, attributes["QueueArn"])
