"""Real templates of the stacks, synthesized once per set of context for all the tests."""

import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")

REPOSITORY = Path(__file__).resolve().parents[2]
CDK = REPOSITORY / "node_modules" / ".bin" / "cdk"

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"

# Sets of context that between them build every branch; each is synthesized once.
VARIANTS = {
    "default": {"compute": "both"},
    "open": {
        "cors_origins": "https://a.org",
        "architecture": "arm64",
        "api_provisioned": 2,
        "api_auth": "none",
    },
    "signed": {"api_auth": "iam", "api_concurrency": 0, "on_destroy": "delete"},
    "https": {
        "compute": "fargate",
        "balancer_access": "https",
        "certificate_arn": ARN,
        "architecture": "arm64",
    },
    "spot": {
        "compute": "fargate",
        "alarm_email": "ops@example.org",
        "balancer_access": "http",
        "fargate_spot_percent": 100,
        "job_buckets": "my-comments",
    },
    "worker": {"compute": "fargate-worker", "fargate_spot_percent": 75, "tags": "team=data"},
    "url": {"api_front": "function-url", "rollout": "canary", "tracing": "xray", "root_path": "/v1"},
    "rest": {
        "api_front": "rest-api",
        "api_clients": "alice,bob",
        "api_quota": 1_000_000,
        "api_provisioned_schedule": "0=2,13=5,22=3",
        "cors_origins": "https://a.org,https://b.org",
        "tracing": "xray",
    },
    "balanced": {"api_front": "load-balancer", "balancer_access": "https", "certificate_arn": ARN, "api_log": "both"},
    "domain": {
        "job_buckets": "my-comments,my-results",
        "api_domain": "api.example.org",
        "certificate_arn": ARN,
        "root_path": "/v1",
        "api_log": "function",
    },
    "rest-domain": {
        "api_front": "rest-api",
        "api_auth": "iam",
        "api_domain": "api.example.org",
        "certificate_arn": ARN,
        "root_path": "/v1",
        "api_log": "none",
    },
}
# Sets for moto's CloudFormation, which has no Secrets Manager; and one that differs from "signed" in one value.
DEPLOYED = {
    "signed-url": {"api_front": "function-url", "api_auth": "iam", "on_destroy": "delete"},
    "rest-keys": {"api_front": "rest-api", "api_clients": "alice,bob", "on_destroy": "delete"},
    "balanced-open": {
        "api_front": "load-balancer", "balancer_access": "http", "api_auth": "none", "on_destroy": "delete",
    },
    "open-tasks": {"compute": "fargate", "balancer_access": "http", "api_auth": "none", "on_destroy": "delete"},
    "larger": {"api_auth": "iam", "api_concurrency": 0, "on_destroy": "delete", "bulk_memory_mb": 3538},
}  # fmt: skip


class Deployment:
    """What `cdk synth` makes of some context."""

    def __init__(self, outdir: Path, **context: object):
        import aws_cdk
        from cdk_nag import AwsSolutionsChecks

        from cdk.app import build

        committed = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
        self.app = build({**committed, **context}, outdir=str(outdir))
        aws_cdk.Aspects.of(self.app).add(AwsSolutionsChecks(verbose=True))
        self.outdir = outdir
        self.assembly = self.app.synth()

    def stack(self, name: str = "SentimentStack"):
        return next(artifact for artifact in self.assembly.stacks if artifact.stack_name == name)

    def template(self, name: str = "SentimentStack"):
        """For assertions on resources, by their type and properties."""
        from aws_cdk.assertions import Template

        return Template.from_stack(self.app.node.find_child(name))

    def resources(self, type: str, name: str = "SentimentStack") -> list[dict]:
        """The properties of all resources of one type."""
        resources = self.stack(name).template["Resources"].values()
        return [resource.get("Properties", {}) for resource in resources if resource["Type"] == type]

    def messages(self, name: str = "SentimentStack") -> list[tuple[str, str]]:
        """What synth prints: (level, text)."""
        return [(message.level.name, str(message.entry.data)) for message in self.stack(name).messages]


@pytest.fixture(scope="session")
def deployment(tmp_path_factory) -> Callable[..., Deployment]:
    """deployment(variant): one of VARIANTS or DEPLOYED, made once."""

    @cache
    def make(variant: str) -> Deployment:
        return Deployment(tmp_path_factory.mktemp("cdk.out"), **(VARIANTS | DEPLOYED)[variant])

    return make


@pytest.fixture(scope="session")
def default(deployment) -> Deployment:
    """Both stacks, with every other context value at its default."""
    return deployment("default")


@pytest.fixture(scope="session")
def run_cdk() -> Callable[..., subprocess.CompletedProcess]:
    """Run the pinned CDK command line; skips where npm has not installed it."""
    if not CDK.exists():
        pytest.skip("the CDK command line is not installed: run `npm ci`")

    def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        quiet = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true", "NODE_NO_WARNINGS": "1"}
        return subprocess.run(
            [str(CDK), *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **quiet, **(env or {})},
            capture_output=True,
            text=True,
            timeout=280,
        )

    return run
