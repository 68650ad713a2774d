"""A job on the EMR Serverless application that `cdk deploy -c history=true` made: submitted, followed, read.

Knows nothing of Spark: the machine that submits needs boto3 only. What runs there is spark/emr_main.py, in the packed
environment that was deployed with the application.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# How many comments a worker scores is a matter of its vCPUs alone; EMR Serverless sells 8 GB with 4 vCPUs at least.
# Python's 4 processes of at most 450 MB each live in the overhead.
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html
EXECUTOR = {
    "spark.executor.cores": "4",
    "spark.executor.memory": "4g",
    "spark.executor.memoryOverhead": "3g",
    "spark.driver.cores": "2",
    "spark.driver.memory": "6g",
    "spark.dynamicAllocation.enabled": "true",
}
PYTHON = "./environment/bin/python3"
LIVE = ("SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "QUEUED")
POLL_S = 15.0


class EmrError(RuntimeError):
    """The job could not be started, or failed. The message says why, and where its logs are."""


@dataclass(frozen=True)
class History:
    """The deployed application: its id, the role its jobs get, and s3:// URLs of its environment, script and logs."""

    emr: Any
    s3: Any
    application_id: str
    role_arn: str
    environment: str
    script: str
    logs: str

    @classmethod
    def of_stack(cls, aws: Any, stack: str) -> "History":
        """aws: a boto3 Session. Raises EmrError where the stack has no such application."""
        stacks = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
        names = ("HistoryApplicationId", "HistoryRoleArn", "HistoryEnvironment", "HistoryScript", "HistoryLogs")
        if missing := [name for name in names if name not in outputs]:
            raise EmrError(f"{stack} has no output {missing[0]}: deploy it with -c history=true")
        return cls(aws.client("emr-serverless"), aws.client("s3"), *(outputs[name] for name in names))

    def run(
        self,
        source: str,
        output: str,
        options: dict,
        conf: list[str] = (),  # type: ignore[assignment]
        tell: Callable[[str], None] = lambda line: None,
        poll_s: float = POLL_S,
    ) -> dict:
        """Submit a job, or find the one that is scoring into `output` already, and follow it to its end.

        Returns {"comments": …, "errors": {code: count}}. Raises EmrError.
        """
        for url in (source, output):
            if not url.startswith("s3://"):
                raise EmrError(f"{url}: a job on EMR Serverless reads and writes s3:// URLs")
        job_id = self.running(output)
        if job_id:
            tell(f"job {job_id} is scoring into {output} already: following it")
        else:
            job_id = self.submit(source, output, options, conf)
            tell(f"job {job_id} submitted; it goes on if this command is interrupted, and the same command follows it")
        self.follow(job_id, tell, poll_s)
        bucket, _, prefix = output.removeprefix("s3://").partition("/")
        body = self.s3.get_object(Bucket=bucket, Key=f"{prefix.rstrip('/')}/_report.json")["Body"].read()
        return json.loads(body)

    def running(self, output: str) -> str | None:
        """The job that is scoring into `output` now. Two at once would undo each other's parts."""
        pages = self.emr.get_paginator("list_job_runs").paginate(applicationId=self.application_id, states=list(LIVE))
        return next(
            (job["id"] for page in pages for job in page["jobRuns"] if job.get("name") == name_of(output)), None
        )

    def submit(self, source: str, output: str, options: dict, conf: list[str] = ()) -> str:  # type: ignore[assignment]
        """Start a job. Returns its id."""
        settings = {
            **EXECUTOR,
            "spark.archives": f"{self.environment}#environment",
            "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": PYTHON,
            "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": PYTHON,
            "spark.executorEnv.PYSPARK_PYTHON": PYTHON,
            **dict(setting.split("=", 1) for setting in conf),
        }
        answer = self.emr.start_job_run(
            applicationId=self.application_id,
            executionRoleArn=self.role_arn,
            name=name_of(output),
            executionTimeoutMinutes=0,  # no end: a billion comments on a small application take days
            jobDriver={
                "sparkSubmit": {
                    "entryPoint": self.script,
                    "entryPointArguments": [source, output, json.dumps(options)],
                    "sparkSubmitParameters": " ".join(f"--conf {name}={value}" for name, value in settings.items()),
                }
            },
            configurationOverrides={"monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": self.logs}}},
        )
        return answer["jobRunId"]

    def follow(self, job_id: str, tell: Callable[[str], None], poll_s: float = POLL_S) -> None:
        """Wait for the end of a job, telling each change of its state. Raises EmrError unless it succeeded."""
        state = ""
        while True:
            job = self.emr.get_job_run(applicationId=self.application_id, jobRunId=job_id)["jobRun"]
            if job["state"] != state:
                state = job["state"]
                tell(f"job {job_id}: {state.lower()}")
            if state == "SUCCESS":
                billed = job.get("billedResourceUtilization", {})
                hours = [billed.get(name, 0.0) for name in ("vCPUHour", "memoryGBHour")]
                tell(f"billed: {hours[0]:,.2f} vCPU-hours, {hours[1]:,.2f} GB-hours")
                return
            if state in ("FAILED", "CANCELLED"):
                detail = (job.get("stateDetails") or "no details").splitlines()[0][:300]
                raise EmrError(f"job {job_id} {state.lower()}: {detail}; its logs are in {self.logs}")
            time.sleep(poll_s)


def name_of(output: str) -> str:
    """A job's name says what it writes. EMR Serverless takes up to 256 characters."""
    return f"crypto-sentiment {output.rstrip('/')}"[-256:]
