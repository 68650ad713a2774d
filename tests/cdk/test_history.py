"""`-c history=true`: what a job on EMR Serverless needs, and nothing that costs while none runs."""

import pytest
from aws_cdk.assertions import Match

from cdk.context import ContextValues, WrongContextValue
from tests.cdk.conftest import Deployment


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    environment = tmp_path_factory.mktemp("environment") / "environment.tar.gz"
    environment.write_bytes(b"packed")
    context = {"history": "true", "history_environment": str(environment), "history_vcpus": 128}
    return Deployment(tmp_path_factory.mktemp("cdk.out"), **context)


def test_an_application_stops_when_idle_and_has_a_bound(history):
    history.template().has_resource_properties(
        "AWS::EMRServerless::Application",
        {
            "Type": "SPARK",
            "ReleaseLabel": "emr-7.12.0",
            "AutoStopConfiguration": {"Enabled": True, "IdleTimeoutMinutes": 5},
            "MaximumCapacity": {"Cpu": "130 vCPU", "Memory": "264 GB"},
            "InitialCapacity": Match.absent(),
        },
    )


def test_a_jobs_role_writes_results_and_logs_only(history):
    [role] = [r for r in history.template().find_resources("AWS::IAM::Role").values() if "emr-serverless" in str(r)]
    statement = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    policies = [p for p in history.resources("AWS::IAM::Policy") if "HistoryRole" in str(p["Roles"])]
    writes = [
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if any(action.startswith(("s3:Put", "s3:Delete")) for action in statement["Action"])
    ]
    assert writes
    for statement in writes:
        places = (
            [place for place in statement["Resource"] if "/" in str(place)]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
        assert all(str(place).count("scored/") + str(place).count("logs/") == 1 for place in places), statement


def test_the_outputs_are_those_that_the_command_reads(history):
    outputs = history.stack().template["Outputs"]
    names = {"ApplicationId", "RoleArn", "Environment", "Script", "Logs", "Bucket"}
    assert {f"History{name}" for name in names} <= set(outputs)


def test_synth_finds_nothing_to_complain_of(history):
    assert [text for level, text in history.messages() if level == "ERROR"] == []


def test_there_is_none_unless_it_is_asked_for(default):
    assert default.resources("AWS::EMRServerless::Application") == []


def test_without_its_environment_it_is_refused_before_anything_is_made():
    with pytest.raises(WrongContextValue, match="run `make spark-environment`"):
        ContextValues.from_context({"history": True, "history_environment": "nowhere.tar.gz"})
