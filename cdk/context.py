"""Every context value of a deployment: `cdk deploy -c name=value`, or `context` in cdk.json.

`python -m cdk.context` lists them.

Precedence (CDK's own): the command line, then cdk.json, then the default here.
"""

import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from lambda_fn.contract import LEAST_MEMORY_MB, ROLLUP_LONGEST_S, Default

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html, up to two years
LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]

# CPU units -> MB of memory from, to, step. Fargate's table:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
FARGATE_MEMORY = {
    256: (512, 2048, 512),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
}

# From what the process needs; AWS would take 128.
LambdaMemory = Annotated[int, Field(ge=LEAST_MEMORY_MB, le=10240)]


# Steps of one scaling policy, AWS's default quota; a worker is a step.
# https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
MOST_SCALING_STEPS = 19


class WrongContextValue(ValueError):
    """A context value that cannot be deployed; the message says which, and what could be given instead."""


class ContextValues(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    # what is deployed
    compute: Literal["lambda", "fargate", "fargate-worker", "both"] = Field(
        "lambda", description="what runs the model (fargate-worker: bulk scoring alone, without an API)"
    )
    stage: str = Field(
        "",
        pattern=r"^[a-z0-9-]{0,20}$",
        examples=["prod"],
        description="suffix of the stacks' names, for several in one account",
    )
    architecture: Literal["x86_64", "arm64"] = Field(
        Default.ARCHITECTURE, description="CPU of the functions, the tasks and the image"
    )
    base_image: str = Field(
        Default.BASE_IMAGE,
        min_length=1,
        examples=["docker.io/library/python:3.13-slim"],
        description="Python image that the Dockerfile starts from",
    )
    on_destroy: Literal["retain", "delete"] = Field(
        "retain", description="what `cdk destroy` does with the two buckets and the two queues"
    )

    tags: dict[str, str] = Field(
        {}, examples=["team=data,cost-centre=42"], description="tags on every resource, beside project=crypto-sentiment"
    )
    tracing: Literal["off", "xray"] = Field("off", description="whether the functions are traced by X-Ray")
    rollout: Literal["all-at-once", "canary"] = Field(
        "all-at-once",
        description="canary: a new version gets 10 % of calls for 5 minutes, and goes again if it fails",
    )

    # the HTTP API
    api_front: Literal["http-api", "rest-api", "function-url", "load-balancer"] = Field(
        "http-api",
        description="what stands before the function: a gateway with a throttle; one with a key and a quota for each "
        "client; nothing but the function's own URL, free; a load balancer",
    )
    api_clients: list[str] = Field(
        ["client"],
        min_length=1,
        max_length=300,
        examples=["alice,bob"],
        description="api_front=rest-api: whom API Gateway makes a key for, each with api_rate, api_burst and api_quota",
    )
    api_quota: int = Field(
        0, ge=0, le=10_000_000_000, description="api_front=rest-api: requests a month of each client; 0: no end"
    )
    api_domain: str = Field(
        "",
        pattern=r"^([a-z0-9-]+\.)+[a-z]{2,}$|^$",
        examples=["api.example.org"],
        description="the gateway's domain, with certificate_arn; root_path is the path that it maps",
    )
    api_log: Literal["gateway", "function", "both", "none"] = Field(
        Default.API_LOG,
        description="who logs each call: the gateway (its time and status), the function (the key's name too), or both",
    )
    root_path: str = Field(
        "", pattern=r"^(/[\w.-]+)*$", examples=["/v1"], description="path that a proxy or a domain's mapping strips"
    )
    api_auth: Literal["api-key", "iam", "none"] = Field("api-key", description="who may call the HTTP API")
    cors_origins: list[str] = Field(
        [],
        examples=["https://example.org,http://localhost:8000"],
        description="browser origins that may call it, separated by commas",
    )
    api_memory_mb: LambdaMemory = Field(
        Default.API_MEMORY_MB, description="its function's memory; 1,769 MB is one vCPU"
    )
    api_timeout_s: int = Field(
        Default.API_TIMEOUT_S, ge=1, le=29, description="its function's timeout; API Gateway waits 30 s"
    )
    api_rate: int = Field(
        Default.API_RATE, ge=1, le=10_000, description="requests a second, on average, above which callers get 429"
    )
    api_burst: int = Field(
        Default.API_BURST, ge=1, le=5_000, description="requests at once above which callers get 429"
    )
    api_concurrency: int = Field(
        Default.API_CONCURRENCY,
        ge=0,
        le=1_000,
        description="reserved concurrency: bounds the worst day's bill; 0 reserves none",
    )
    api_provisioned: int = Field(0, ge=0, le=1_000, description="execution environments kept warm, paid by the hour")
    api_provisioned_schedule: dict[int, int] = Field(
        {},
        examples=["0=2,13=5,22=3"],
        description="the same by the hour, UTC=environments: from 0:00 two, from 13:00 five, from 22:00 three",
    )
    api_p99_ms: int = Field(
        3_000, ge=1, le=30_000, description="99th percentile of latency above which the alarm rings"
    )

    # bulk scoring
    bulk_memory_mb: LambdaMemory = Field(Default.BULK_MEMORY_MB, description="memory of the bulk function")
    bulk_timeout_s: int = Field(
        Default.BULK_TIMEOUT_S, ge=30, le=900, description="its timeout; a message is seen again after 6 times that"
    )
    bulk_batch_size: int = Field(
        Default.BULK_BATCH_SIZE, ge=1, le=10_000, description="messages in one invocation at most"
    )
    bulk_window_s: int = Field(
        Default.BULK_WINDOW_S, ge=0, le=300, description="seconds that SQS waits to fill a batch"
    )
    bulk_concurrency: int = Field(
        Default.BULK_CONCURRENCY, ge=2, le=1_000, description="invocations at once at most: bounds the worst day's bill"
    )
    bulk_receives: int = Field(
        Default.BULK_RECEIVES, ge=5, le=1_000, description="deliveries of a message before it goes to the DLQ"
    )
    bulk_age_s: int = Field(3_600, ge=60, le=345_600, description="age of the oldest message at which the alarm rings")

    # the mood
    mood: bool = Field(False, description="whether results are rolled up into the mood (docs/MOOD.md, On AWS)")
    mood_minutes: int = Field(
        Default.MOOD_MINUTES, ge=5, le=1_440, description="minutes from one rollup of the mood to the next"
    )
    mood_scan_mb: int = Field(
        Default.MOOD_SCAN_MB, ge=10, le=7_340_032, description="MB that one query of the mood's workgroup may read"
    )
    mood_loose_days: int = Field(
        Default.MOOD_LOOSE_DAYS,
        ge=1,
        le=3_650,
        description="days after which result objects go that lie by the comments' hour too; `collect` reads them",
    )
    mood_alarm_coins: list[str] = Field(
        [], examples=["BTC,ETH"], description="coins with a metric and an alarm each, by symbol, separated by commas"
    )
    mood_alarm: Literal["anomaly", "threshold"] = Field(
        "anomaly", description="when it rings: the mood is unlike the last two weeks', or below mood_alarm_net"
    )
    mood_alarm_net: int = Field(
        -20, ge=-100, le=100, description="net mood (positive % less negative %) below which a threshold alarm rings"
    )

    # history, on Spark
    history: bool = Field(
        False, description="whether there is an EMR Serverless application for history (docs/SPARK.md)"
    )
    history_vcpus: int = Field(
        64, ge=4, le=2_000, description="vCPUs of its workers together at most: bounds an hour's bill"
    )
    history_environment: str = Field(
        "build/spark-environment.tar.gz",
        examples=["build/spark-environment.tar.gz"],
        description="the packed environment of its jobs, which `make spark-environment` makes",
    )

    # Comprehend's jobs
    job_buckets: list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]] = Field(
        [],
        examples=["my-comments,my-results"],
        description="buckets that Comprehend's jobs may read and write, separated by commas; empty: no jobs",
    )

    # data, logs, money
    input_days: int = Field(
        Default.INPUT_DAYS, ge=1, le=3_650, description="days after which uploaded inputs are deleted"
    )
    results_days: int = Field(
        Default.RESULTS_DAYS, ge=1, le=3_650, description="days after which scored comments are deleted"
    )
    log_days: LogDays = Field(Default.LOG_DAYS, description="days for which logs are kept")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe log line kept")
    budget_usd: int = Field(
        Default.BUDGET_USD, ge=1, le=1_000_000, description="the account's budget a month; alerts at 50, 80, 100 %"
    )
    alarm_email: str = Field(
        "",
        pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$",
        examples=["ops@example.org"],
        description="who is told of alarms and the budget; empty: nobody",
    )

    # load balancer and certificate
    balancer_access: Literal["internal", "https", "http"] = Field(
        "internal", description="the load balancer: in the VPC only, public with a certificate, or public in plain HTTP"
    )
    certificate_arn: str = Field(
        "",
        pattern=r"^(arn:aws[\w-]*:acm:.+)?$",
        examples=["arn:aws:acm:us-east-1:123456789012:certificate/1234"],
        description="ACM certificate for balancer_access=https, or of api_domain",
    )

    # Fargate
    fargate_cpu: Literal[256, 512, 1024, 2048, 4096] = Field(
        Default.FARGATE_CPU, description="CPU units of a task; 1,024 is one vCPU"
    )
    fargate_memory_mb: int = Field(
        Default.FARGATE_MEMORY_MB, ge=512, le=30_720, description="memory of a task; the choices depend on its CPU"
    )
    fargate_spot_percent: int = Field(0, ge=0, le=100, description="share of tasks that run on Spot")
    fargate_min_tasks: int = Field(Default.FARGATE_MIN_TASKS, ge=1, le=100, description="API tasks at least")
    fargate_max_tasks: int = Field(Default.FARGATE_MAX_TASKS, ge=1, le=100, description="API tasks at most")
    fargate_requests_per_target: int = Field(
        1_800, ge=1, le=1_000_000, description="requests a minute for which a task is added or removed"
    )
    worker_max_tasks: int = Field(
        Default.WORKER_MAX_TASKS,
        ge=1,
        le=MOST_SCALING_STEPS,
        description="bulk workers at most (a scaling policy's steps); with an empty queue there is none",
    )
    worker_messages_per_task: int = Field(
        100, ge=1, le=1_000_000, description="waiting messages for which a worker is added"
    )

    @field_validator("cors_origins", "api_clients", "job_buckets", "mood_alarm_coins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("tags", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if any(not equals or not name.strip() for name, equals, _ in pairs):
            raise ValueError("tags are written name=value,name=value")
        return {name.strip(): text.strip() for name, _, text in pairs}

    @field_validator("api_provisioned_schedule", mode="before")
    @classmethod
    def _hours(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(hour.strip().isdigit() and count.strip().isdigit() for hour, _, count in pairs):
            raise ValueError("a schedule is written hour=environments,hour=environments")
        return {int(hour): int(count) for hour, _, count in pairs}

    @field_validator("api_provisioned_schedule")
    @classmethod
    def _schedule(cls, schedule: dict[int, int]) -> dict[int, int]:
        if any(hour not in range(24) or count not in range(1, 1_001) for hour, count in schedule.items()):
            raise ValueError("hours are 0 to 23 (UTC), environments 1 to 1,000")
        return schedule

    @field_validator("api_clients")
    @classmethod
    def _clients(cls, clients: list[str]) -> list[str]:
        if wrong := [name for name in clients if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,63}", name)]:
            raise ValueError(f"{wrong[0]!r} is no client's name: letters, digits, dots, dashes, 64 at most")
        if len({name.lower() for name in clients}) < len(clients):
            raise ValueError("a client is named twice")
        return clients

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if origin != "*" and (not origin.startswith(("http://", "https://")) or origin.count("/") != 2):
                raise ValueError(f"{origin!r} is not an origin such as https://example.org, nor *")
        return origins

    @field_validator("mood_alarm_coins")
    @classmethod
    def _symbols(cls, coins: list[str]) -> list[str]:
        if wrong := [coin for coin in coins if not (coin.isalnum() and coin == coin.upper())]:
            raise ValueError(f"{wrong[0]!r} is no symbol such as BTC")
        return coins

    @field_validator("log_days", "fargate_cpu", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        """`-c` gives text, which a choice of numbers would not match."""
        return int(value) if isinstance(value, str) and value.strip().isdigit() else value

    @model_validator(mode="after")
    def _fit_together(self) -> "ContextValues":
        low, high, step = FARGATE_MEMORY[self.fargate_cpu]
        warm = max([self.api_provisioned, *self.api_provisioned_schedule.values()])
        gateway = self.api_front in ("http-api", "rest-api")
        problems = {
            "bulk_window_s must be 1 or more when bulk_batch_size is over 10": self.bulk_batch_size > 10
            and self.bulk_window_s < 1,
            f"api_provisioned ({warm}) must not exceed api_concurrency ({self.api_concurrency})": 0
            < self.api_concurrency
            < warm,
            "give api_provisioned or api_provisioned_schedule, not both": self.api_provisioned > 0
            and bool(self.api_provisioned_schedule),
            "api_domain needs certificate_arn": bool(self.api_domain) and not self.certificate_arn,
            f"api_domain needs a gateway: api_front=http-api or rest-api, not {self.api_front}": bool(self.api_domain)
            and not (gateway and self.compute in ("lambda", "both")),
            "api_auth=iam needs api_front=http-api, rest-api or function-url: a load balancer checks no signatures": (
                self.api_auth == "iam" and self.api_front == "load-balancer"
            ),
            f"fargate_min_tasks ({self.fargate_min_tasks}) must not exceed "
            f"fargate_max_tasks ({self.fargate_max_tasks})": self.fargate_min_tasks > self.fargate_max_tasks,
            f"fargate_memory_mb with fargate_cpu={self.fargate_cpu} must be {low} to {high} in steps of {step}, "
            f"not {self.fargate_memory_mb}": self.fargate_memory_mb not in range(low, high + 1, step),
            "api_auth=iam needs compute=lambda: a load balancer checks no signatures": self.api_auth == "iam"
            and self.compute in ("fargate", "both"),
            "mood=true needs compute=lambda or compute=both": self.mood
            and self.compute in ("fargate", "fargate-worker"),
            "mood_alarm_coins needs mood=true": bool(self.mood_alarm_coins) and not self.mood,
            "history=true needs compute=lambda or compute=both": self.history
            and self.compute in ("fargate", "fargate-worker"),
            f"history=true needs {self.history_environment}: run `make spark-environment`": self.history
            and not Path(self.history_environment).is_file(),
            f"api_front={self.api_front} needs an api_concurrency of 1 or more: nothing else bounds its bill": (
                not gateway and not self.api_concurrency
            ),
            "balancer_access=https needs certificate_arn": self.balancer_access == "https" and not self.certificate_arn,
        }
        if wrong := [message for message, holds in problems.items() if holds]:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def rollup_timeout_s(self) -> int:
        """Two rollups at once could write an hour's older count over its newer one: one has ended before the next."""
        return min(ROLLUP_LONGEST_S, 60 * self.mood_minutes - 30)

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> "ContextValues":
        """The values among CDK's context values. Raises WrongContextValue, which names all that are wrong."""
        wrong = [f"{name}: there is no such context value{hint}" for name, hint in _unknown(context)]
        try:
            values = cls.model_validate(context)
        except ValidationError as error:
            wrong += [_explain(e) for e in error.errors()]
        if wrong:
            raise WrongContextValue("\n".join(["wrong context values:", *(f"  {line}" for line in wrong)]))
        return values


# Context that CDK itself brings without a namespace.
CDKS_OWN = frozenset({"cli-telemetry", "availability-zones", "assets", "tree"})


def _unknown(context: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names that nothing reads, each with what was perhaps meant. Namespaced ones are CDK's or another tool's."""
    unknown = [
        name
        for name in context
        if name not in ContextValues.model_fields and name not in CDKS_OWN and not set(":/@") & set(name)
    ]
    return [(name, f"; did you mean {near}?" if (near := nearest(name)) else "") for name in unknown]


def nearest(name: str) -> str | None:
    """The context value whose name is nearest, or has the given word in it."""
    word = name.lower().replace("-", "_")
    spelt = difflib.get_close_matches(word, ContextValues.model_fields, 1, 0.7)
    named = [field for field in ContextValues.model_fields if word in field.split("_")]
    return " or ".join(spelt or named) or None


def _explain(error: ErrorDetails) -> str:
    if not error["loc"]:
        return error["msg"].removeprefix("Value error, ")
    name = str(error["loc"][0])
    field = ContextValues.model_fields[name]
    detail = f" ({error['msg'].removeprefix('Value error, ')})" if error["type"] == "value_error" else ""
    return f"{name}={error['input']}: {field.description}; choose {choices(field)}{detail}"


def choices(field: FieldInfo) -> str:
    """What may be given, in words."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(choice) for choice in get_args(field.annotation))
    low = next((m.ge for m in field.metadata if isinstance(m, Ge)), None)
    high = next((m.le for m in field.metadata if isinstance(m, Le)), None)
    if low is not None:
        return f"{low:,} to {high:,}"
    if field.annotation is bool:
        return "true, false"
    return f"for example {(field.examples or [''])[0]}"


def markdown_table() -> str:
    rows = ["| context value | default | choices | what it is |", "|---|---|---|---|"]
    for name, field in ContextValues.model_fields.items():
        default = field.default if isinstance(field.default, str) else json.dumps(field.default)
        shown = f"`{default}`" if default not in ("", "[]") else "empty"
        rows.append(f"| `{name}` | {shown} | {choices(field).replace('|', chr(92) + '|')} | {field.description} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown_table())
