"""Comprehend's jobs: off unless buckets are named, and then with no more rights than they take."""

import json

import pytest

STACKS = {"domain": ("SentimentStack", ["my-comments", "my-results"]), "spot": ("FargateStack", ["my-comments"])}


def statements(deployment, stack: str) -> list[dict]:
    policies = deployment.resources("AWS::IAM::Policy", stack)
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def variables(deployment, stack: str) -> list[set[str]]:
    """Names of the environment variables of each function or container that answers callers (it has API_AUTH)."""
    functions = [
        f.get("Environment", {}).get("Variables", {}) for f in deployment.resources("AWS::Lambda::Function", stack)
    ]
    tasks = deployment.resources("AWS::ECS::TaskDefinition", stack)
    containers = [c["Environment"] for task in tasks for c in task["ContainerDefinitions"]]
    named = [set(f) for f in functions] + [{v["Name"] for v in c} for c in containers]
    return [names for names in named if "API_AUTH" in names]


@pytest.mark.parametrize("variant", STACKS)
def test_the_api_knows_the_queue_and_bulk_scoring_may_use_the_named_buckets(deployment, variant):
    stack, buckets = STACKS[variant]
    made = deployment(variant)
    (names,) = variables(made, stack)
    assert {"QUEUE_URL", "RESULTS_BUCKET"} <= names
    for bucket in buckets:
        allowed = [s for s in statements(made, stack) if f":s3:::{bucket}" in json.dumps(s["Resource"])]
        actions = {
            action for s in allowed for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
        }
        assert {"s3:GetObject*", "s3:List*", "s3:PutObject"} <= actions
        assert not [action for action in actions if "Delete" in action or action == "s3:*"]


def test_without_named_buckets_the_api_knows_no_queue(default):
    for stack in ("SentimentStack", "FargateStack"):
        (names,) = variables(default, stack)
        assert not {"QUEUE_URL", "RESULTS_BUCKET"} & names
        assert "jobs/*" not in json.dumps(statements(default, stack))
