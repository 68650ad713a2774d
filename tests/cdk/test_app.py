"""The app as a whole: which stacks, what goes into the image, and what cdk-nag, cfn-lint and the command line say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cdk.conftest import REPOSITORY, VARIANTS

every_variant = pytest.mark.parametrize("variant", VARIANTS)


@pytest.mark.parametrize(
    ("variant", "stacks"),
    [
        ("default", ["FargateStack", "SentimentStack"]),
        ("signed", ["SentimentStack"]),
        ("spot", ["FargateStack"]),
        ("worker", ["FargateStack"]),
    ],
)
def test_compute_chooses_the_stacks(deployment, variant, stacks):
    assert sorted(artifact.stack_name for artifact in deployment(variant).assembly.stacks) == stacks


def test_the_image_is_made_of_the_package_and_the_model_only(default):
    (asset,) = [path for path in default.outdir.glob("asset.*") if (path / "lambda_fn").is_dir()]
    files = {str(path.relative_to(asset)) for path in asset.rglob("*") if path.is_file()}
    assert {"lambda_fn/Dockerfile", "lambda_fn/requirements.txt", "lambda_fn/api.py"} <= files
    model = "model_artifacts/distilbert-crypto-sentiment/"
    names = ("config.json", "tokenizer.json", "manifest.json", "ngrams.npz", "onnx/model_quantized.onnx")
    wanted = {f"{model}{name}" for name in names}
    strays = {f for f in files if not f.startswith("lambda_fn/")} - wanted - {".dockerignore"}
    assert strays == set()
    assert wanted <= files
    unshipped = {"lambda_fn/compose.yaml", "lambda_fn/requirements.in"}
    tracked = subprocess.run(
        ["git", "ls-files", "lambda_fn"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert {f for f in files if f.startswith("lambda_fn/")} == {*tracked.stdout.split()} - unshipped


def test_a_stray_file_in_the_package_stays_out_of_the_image():
    from aws_cdk import IgnoreStrategy

    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    ignored = IgnoreStrategy.docker(str(REPOSITORY), patterns)
    for stray in ("notes.txt", "bulk/dump.jsonl", "model/onnx.bin", "http/api.py~", "bulk/__pycache__/worker.py"):
        assert ignored.ignores(str(REPOSITORY / "lambda_fn" / stray)), stray
    assert not ignored.ignores(str(REPOSITORY / "lambda_fn" / "bulk" / "worker.py"))


@every_variant
def test_cdk_nag_finds_nothing(deployment, variant):
    made = deployment(variant)
    for artifact in made.assembly.stacks:
        found = [text for _, text in made.messages(artifact.stack_name) if "AwsSolutions" in text or "CdkNag" in text]
        assert found == []


@every_variant
def test_every_suppression_of_cdk_nag_has_a_reason(deployment, variant):
    for artifact in deployment(variant).assembly.stacks:
        for name, resource in artifact.template["Resources"].items():
            for rule in resource.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", []):
                assert len(rule["reason"]) > 30, (name, rule)
                assert rule["id"] != "AwsSolutions-IAM5" or rule["applies_to"], (name, rule)


def test_cfn_lint_finds_nothing(deployment):
    variants = (
        "default",
        "open",
        "https",
        "url",
        "rest",
        "balanced",
        "domain",
        "rest-domain",
    )  # every type of resource
    templates = [str(p) for variant in variants for p in deployment(variant).outdir.glob("*.template.json")]
    assert len(templates) == 9
    # W3005 is about DependsOn lines that CDK itself writes beside references: harmless, and not ours to remove.
    done = subprocess.run(
        [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005", "--", *templates],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_wrong_context_value_stops_synth_with_the_choices(run_cdk, tmp_path):
    app = f"{sys.executable} -m cdk.app"
    done = run_cdk("synth", "--app", app, "-o", str(tmp_path), "-c", "api_auth=password")
    assert done.returncode != 0
    assert "api_auth=password" in done.stderr
    assert "choose api-key, iam, none" in done.stderr
    assert "Traceback" not in done.stderr


def test_synth_needs_no_account_and_no_docker(run_cdk, tmp_path):
    docker, called = tmp_path / "docker", tmp_path / "called"
    docker.write_text(f"#!/bin/sh\ntouch {called}\nexit 1\n")
    docker.chmod(0o755)
    without = {name: "" for name in os.environ if name.startswith("AWS_")}
    without |= {"CDK_DOCKER": str(docker), "AWS_EC2_METADATA_DISABLED": "true"}
    without |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    app = f"{sys.executable} -m cdk.app"
    done = run_cdk("synth", "--quiet", "--app", app, "-o", str(tmp_path / "out"), "-c", "compute=both", env=without)
    assert done.returncode == 0, done.stderr
    assert "worst day" in done.stdout + done.stderr
    assert "feature flag" not in done.stdout + done.stderr  # each is set in cdk.json
    assert len(list((tmp_path / "out").glob("*.template.json"))) == 2
    assert not called.exists()
