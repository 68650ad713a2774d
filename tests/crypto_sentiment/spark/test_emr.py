"""A job on EMR Serverless: what is asked of AWS, and what a person reads of it. botocore checks every call's shape."""

import io
import json

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from typer.testing import CliRunner

from crypto_sentiment.cli import app
from crypto_sentiment.spark.emr import LIVE, EmrError, History, name_of

SOURCE, OUTPUT = "s3://bucket/comments/", "s3://bucket/scored/"
APPLICATION, JOB = "00f123", "00f456"
ROLE = "arn:aws:iam::123456789012:role/history"
OUTPUTS = {
    "HistoryApplicationId": APPLICATION,
    "HistoryRoleArn": ROLE,
    "HistoryEnvironment": "s3://assets/environment.tar.gz",
    "HistoryScript": "s3://assets/emr_main.py",
    "HistoryLogs": "s3://bucket/logs/",
}


@pytest.fixture
def aws(monkeypatch):
    """Stubbed clients by service, handed out by boto3's session; all that was put in must have been asked for."""
    made = {
        name: boto3.client(name, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
        for name in ("cloudformation", "emr-serverless", "s3")
    }
    stubs = {name: Stubber(client) for name, client in made.items()}
    for stub in stubs.values():
        stub.activate()
    monkeypatch.setattr(boto3.Session, "client", lambda self, name, **options: made[name])
    monkeypatch.setattr("crypto_sentiment.spark.emr.POLL_S", 0.0)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    yield stubs
    for stub in stubs.values():
        stub.assert_no_pending_responses()


def stack(aws, outputs=OUTPUTS):
    answer = {"StackName": "SentimentStack", "CreationTime": "2026-11-01T00:00:00Z", "StackStatus": "CREATE_COMPLETE"}
    answer["Outputs"] = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    aws["cloudformation"].add_response("describe_stacks", {"Stacks": [answer]}, {"StackName": "SentimentStack"})


def jobs(aws, *running):
    summary = {
        "applicationId": APPLICATION,
        "arn": "arn:aws:emr-serverless:us-east-1:123456789012:/applications/00f123/jobruns/00f456",
        "createdBy": "arn:aws:iam::123456789012:user/me",
        "createdAt": "2026-11-01T00:00:00Z",
        "updatedAt": "2026-11-01T00:00:00Z",
        "executionRole": ROLE,
        "state": "RUNNING",
        "stateDetails": "none",
        "releaseLabel": "emr-7.12.0",
    }
    found = [{**summary, "id": JOB, "name": name} for name in running]
    aws["emr-serverless"].add_response(
        "list_job_runs", {"jobRuns": found}, {"applicationId": APPLICATION, "states": list(LIVE)}
    )


def state(aws, *states, details="none"):
    for name in states:
        run = {
            "applicationId": APPLICATION,
            "jobRunId": JOB,
            "arn": "arn:aws:emr-serverless:us-east-1:123456789012:/applications/00f123/jobruns/00f456",
            "createdBy": "arn:aws:iam::123456789012:user/me",
            "createdAt": "2026-11-01T00:00:00Z",
            "updatedAt": "2026-11-01T00:00:00Z",
            "executionRole": ROLE,
            "state": name,
            "stateDetails": details,
            "releaseLabel": "emr-7.12.0",
            "jobDriver": {"sparkSubmit": {"entryPoint": OUTPUTS["HistoryScript"]}},
            "billedResourceUtilization": {"vCPUHour": 12.5, "memoryGBHour": 25.0, "storageGBHour": 0.0},
        }
        aws["emr-serverless"].add_response(
            "get_job_run", {"jobRun": run}, {"applicationId": APPLICATION, "jobRunId": JOB}
        )


def submitted(aws):
    answer = {
        "applicationId": APPLICATION,
        "jobRunId": JOB,
        "arn": f"arn:aws:emr-serverless:us-east-1:1:/{JOB}/jobruns",
    }
    answer["arn"] = "arn:aws:emr-serverless:us-east-1:123456789012:/applications/00f123/jobruns/00f456"
    aws["emr-serverless"].add_response("start_job_run", answer)


def report(aws, comments, errors):
    body = json.dumps({"comments": comments, "errors": errors}).encode()
    aws["s3"].add_response(
        "get_object",
        {"Body": StreamingBody(io.BytesIO(body), len(body))},
        {"Bucket": "bucket", "Key": "scored/_report.json"},
    )


def invoke(*options):
    return CliRunner().invoke(app, ["spark", SOURCE, OUTPUT, "--emr", *options])


def test_a_job_is_submitted_followed_and_its_result_told(aws):
    stack(aws)
    jobs(aws)
    submitted(aws)
    state(aws, "SUBMITTED", "RUNNING", "RUNNING", "SUCCESS")
    report(aws, 1_000, {"text_empty": 2})
    done = invoke()
    assert done.exit_code == 3, done.output
    assert "1,000 comments in s3://bucket/scored/" in done.output
    assert "2 of them could not be scored: 2 text_empty" in done.output
    assert "billed: 12.50 vCPU-hours, 25.00 GB-hours" in done.output
    assert done.output.count("running") == 1


def test_what_is_submitted_names_the_environment_the_script_and_the_options(aws):
    seen = {}
    aws["emr-serverless"].client.meta.events.register(
        "provide-client-params.emr-serverless.StartJobRun", lambda params, **_: seen.update(params)
    )
    stack(aws)
    jobs(aws)
    submitted(aws)
    state(aws, "SUCCESS")
    report(aws, 10, {})
    done = invoke("--text-column", "body", "--conf", "spark.executor.cores=8", "--partitions", "64")
    assert done.exit_code == 0, done.output
    driver = seen["jobDriver"]["sparkSubmit"]
    source, output, options = driver["entryPointArguments"]
    assert (source, output, driver["entryPoint"]) == (SOURCE, OUTPUT, OUTPUTS["HistoryScript"])
    assert json.loads(options) | {"text": "body", "partitions": 64} == json.loads(options)
    settings = dict(part.split("=", 1) for part in driver["sparkSubmitParameters"].split() if part != "--conf")
    assert settings["spark.archives"] == "s3://assets/environment.tar.gz#environment"
    assert settings["spark.executor.cores"] == "8"
    python = {value for name, value in settings.items() if name.endswith(("PYSPARK_PYTHON", "DRIVER_PYTHON"))}
    assert python == {"./environment/bin/python3"}
    assert (seen["executionRoleArn"], seen["name"]) == (ROLE, name_of(OUTPUT))


def test_the_options_are_those_that_the_job_there_takes(aws):
    """emr_main.py gives them to Job by name: a field that Job has not would fail on the cluster, hours later."""
    import ast

    from tests.conftest import REPOSITORY

    tree = ast.parse((REPOSITORY / "crypto_sentiment/spark/job.py").read_text())
    job = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Job")
    fields = {node.target.id for node in job.body if isinstance(node, ast.AnnAssign)}
    seen = {}
    aws["emr-serverless"].client.meta.events.register(
        "provide-client-params.emr-serverless.StartJobRun", lambda params, **_: seen.update(params)
    )
    stack(aws)
    jobs(aws)
    submitted(aws)
    state(aws, "SUCCESS")
    report(aws, 10, {})
    assert invoke().exit_code == 0
    assert set(json.loads(seen["jobDriver"]["sparkSubmit"]["entryPointArguments"][2])) <= fields


def test_a_job_that_runs_already_is_followed_instead_of_a_second_one_started(aws):
    stack(aws)
    jobs(aws, "somebody else's", name_of(OUTPUT))
    state(aws, "RUNNING", "SUCCESS")
    report(aws, 5, {})
    done = invoke()
    assert (done.exit_code, f"job {JOB} is scoring into {OUTPUT} already" in done.output) == (0, True)


def test_a_job_that_fails_is_one_line_that_says_why_and_where_its_logs_are(aws):
    stack(aws)
    jobs(aws)
    submitted(aws)
    state(aws, "RUNNING")
    state(aws, "FAILED", details="Job failed, please check complete logs\nwith a trace")
    done = invoke()
    assert done.exit_code == 1
    [error] = [line for line in done.output.splitlines() if line.startswith("Error")]
    assert (
        error == f"Error: job {JOB} failed: Job failed, please check complete logs; its logs are in s3://bucket/logs/"
    )


def test_a_stack_without_history_says_how_to_get_it(aws):
    stack(aws, {"ApiUrl": "https://x"})
    done = invoke()
    assert (done.exit_code, "deploy it with -c history=true" in done.output) == (1, True)


def test_paths_of_this_machine_are_refused(aws):
    history = History(None, None, APPLICATION, ROLE, "", "", "")
    with pytest.raises(EmrError, match="s3://"):
        history.run("comments/", OUTPUT, {})
