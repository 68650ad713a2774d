"""Everything an estimate assumes, with its default: the command's flags are these fields."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lambda_fn.contract import Default, Metric, Standing

MB_PER_VCPU = 1769  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
SQS_CHUNK_BYTES = 64 * 1024  # a billed SQS request carries at most this much payload
SQS_MAX_MESSAGE_BYTES = 1024 * 1024
LAMBDA_MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
HTTP_METERED_BYTES = 512 * 1024  # an HTTP API bills one request per 512 KB

Architecture = Literal["x86", "arm64"]
Host = Literal["vnni", "avx2"]
Shape = Literal["measured", "flat", "bursts"]
# vCPUs of a Fargate task and the least memory (GB) that can go with them:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
FARGATE_SIZES: dict[float, float] = {0.25: 0.5, 0.5: 1.0, 1.0: 2.0, 2.0: 4.0, 4.0: 8.0}


class Assumptions(BaseModel):
    """Inputs of an estimate. Out of range values are refused, with the field's name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # the stream
    comments_per_day: float = Field(10e6, ge=1, le=1e11, description="comments a day")
    peak_factor: float = Field(3.0, ge=1, le=24, description="highest load to be served, in multiples of the mean")
    shape: Shape = Field("measured", description="how the load moves over the day")
    duplicates: float = Field(0.0, ge=0, lt=1, description="share of comments whose score is already known")
    bytes_per_comment: float = Field(
        240, ge=10, le=40_000, description="bytes of one comment in a message, JSON and all"
    )
    hours_in_month: int = Field(720, description="hours in a month: 720 or 730")

    # how the work is packed
    comments_per_request: int = Field(100, ge=1, le=512, description="comments in one batched HTTP request")
    comments_per_message: int | None = Field(
        None, ge=1, le=5000, description="comments in one SQS message; default: as many as 64 KB hold"
    )
    messages_per_invocation: int = Field(Default.BULK_BATCH_SIZE, ge=1, le=10_000, description="SQS batch size")
    producer_wait_s: float = Field(60, ge=0, le=3600, description="seconds a producer waits at most to fill a message")
    batching_window_s: float = Field(
        Default.BULK_WINDOW_S, ge=0, le=300, description="seconds the event source waits for a full batch"
    )

    # Lambda
    api_memory_mb: int = Field(Default.API_MEMORY_MB, ge=128, le=10_240, description="memory of the HTTP function")
    bulk_memory_mb: int = Field(Default.BULK_MEMORY_MB, ge=128, le=10_240, description="memory of the bulk function")
    api_timeout_s: int = Field(Default.API_TIMEOUT_S, ge=1, le=900, description="timeout of the HTTP function")
    bulk_timeout_s: int = Field(Default.BULK_TIMEOUT_S, ge=1, le=900, description="timeout of the bulk function")
    architecture: Literal["both", "x86", "arm64"] = Field("both", description="which Lambda architectures to list")
    host: Host = Field("vnni", description="what x86 hosts can do: AVX512-VNNI, or AVX2 only (all that AWS promises)")
    vnni_share: float | None = Field(
        None, ge=0, le=1, description="share of the work on x86 hosts with VNNI, the rest on AVX2; default: as --host"
    )
    pollers: int = Field(5, ge=1, le=1000, description="parallel long polls of an SQS event source at rest")
    environment_life_min: float = Field(120, ge=5, le=1440, description="minutes until Lambda replaces an environment")

    # Fargate
    fargate_vcpu: float = Field(
        Default.FARGATE_CPU / 1024, description="vCPUs of a task as deployed: 0.25, 0.5, 1, 2 or 4"
    )
    fargate_memory_gb: float | None = Field(
        None, ge=0.5, le=30, description="GB of a task; default: as deployed, or the least that goes with its vCPUs"
    )
    p99_target_ms: float = Field(300, ge=1, le=30_000, description="p99 response time that an API fleet must keep")
    worker_utilisation: float = Field(0.9, gt=0, le=0.99, description="load an SQS worker is planned for")
    spot_share: float = Field(0.75, ge=0, le=1, description="share of tasks that run on Spot in the Spot options")
    spot_discount: float | None = Field(
        None, ge=0, lt=1, description="Spot's discount, which floats; default: the price file's"
    )
    requests_per_connection: float = Field(100, ge=1, le=1e6, description="requests a client sends on one connection")

    # what comes with it
    response_bytes: float = Field(400, ge=0, le=1e6, description="bytes of a one-comment response, headers and all")
    batch_response_bytes: float = Field(37, ge=0, le=1e5, description="bytes of one comment in a batched response")
    callers: Literal["internet", "aws"] = Field("internet", description="where callers are; inside AWS, no data out")
    access_log: Literal["gateway", "function", "both", "none"] = Field(
        Default.API_LOG, description="who logs each call; a Function URL and a load balancer are no gateway"
    )
    access_log_bytes: float = Field(200, ge=0, le=1e6, description="bytes of the gateway's line for one call")
    function_log_bytes: float = Field(355, ge=0, le=1e6, description="bytes of the function's line for one call")
    log_bytes: float = Field(
        1000, ge=0, le=1e6, description="log bytes of one bulk invocation: its line and its EMF metrics"
    )
    log_days: int = Field(Default.LOG_DAYS, ge=1, le=3653, description="days logs are kept")
    result_bytes: float = Field(39, ge=0, le=1e5, description="gzipped bytes of one scored comment in S3")
    result_days: int = Field(Default.RESULTS_DAYS, ge=1, le=3653, description="days results are kept")
    metrics: int = Field(len(Metric.ALL), ge=0, le=10_000, description="custom CloudWatch metrics")
    alarms: int | None = Field(
        None, ge=0, le=10_000, description="CloudWatch alarms; default: what the option's deployment has"
    )
    dashboards: int = Field(Standing.DASHBOARDS, ge=0, le=100, description="CloudWatch dashboards")
    secrets: int | None = Field(
        None, ge=0, le=100, description="secrets kept (the API key); default: what the option's deployment has"
    )
    image_gb: float = Field(Standing.IMAGE_GB, ge=0, le=100, description="GB of images kept in ECR")

    budget: float = Field(Default.BUDGET_USD, gt=0, le=1e9, description="USD a month")

    @model_validator(mode="after")
    def _consistent(self) -> "Assumptions":
        if self.hours_in_month not in (720, 730):
            raise ValueError("hours_in_month must be 720 (30 days) or 730 (a twelfth of a year)")
        if self.fargate_vcpu not in FARGATE_SIZES:
            raise ValueError(f"fargate_vcpu must be one of {', '.join(f'{size:g}' for size in FARGATE_SIZES)}")
        if self.message_comments * self.bytes_per_comment > SQS_MAX_MESSAGE_BYTES:
            raise ValueError(
                f"comments_per_message: {self.message_comments} comments of {self.bytes_per_comment:g} bytes are more "
                "than SQS's 1 MiB"
            )
        return self

    @property
    def message_comments(self) -> int:
        """Comments in one message: as set, else what fills one billed chunk of 64 KB."""
        return self.comments_per_message or max(1, int(SQS_CHUNK_BYTES // self.bytes_per_comment))

    @property
    def largest_message_comments(self) -> int:
        """Comments that fill a message of SQS's 1 MiB limit."""
        return int(SQS_MAX_MESSAGE_BYTES // self.bytes_per_comment)

    @property
    def task_gb(self) -> float:
        """GB of a task as deployed: as set, else the deployment's, or the least that goes with other vCPUs."""
        deployed = Default.FARGATE_MEMORY_MB / 1024 if self.fargate_vcpu == Default.FARGATE_CPU / 1024 else 0.0
        return self.fargate_memory_gb or deployed or FARGATE_SIZES[self.fargate_vcpu]
