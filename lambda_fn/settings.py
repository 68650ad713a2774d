"""Every environment variable that the service reads, in one place.

Precedence: an environment variable, else the default here. A value of the wrong type or out of range stops the
process at start with a message that names the variable.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as PydanticSettingsError

from lambda_fn import contract

# Lambda gives one vCPU of credit at 1,769 MB, in proportion below and above it.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_VCPU = 1769

MODEL = Path("model_artifacts") / "distilbert-crypto-sentiment"


def shipped_model() -> Path:
    """The model's folder: beside this package in a checkout and in the image, inside it where a wheel was installed."""
    package = Path(__file__).resolve().parent
    return package / MODEL if (package / MODEL).is_dir() else package.parent / MODEL


class Settings(BaseSettings):
    """Field names are the environment variables' names in lower case."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    # model
    model_dir: Path = Field(default_factory=shipped_model, description="folder that holds the model artifact")
    ort_threads: int | None = Field(
        None, ge=1, le=64, description="ONNX Runtime threads; default: from the memory size"
    )
    first_stage: bool = Field(True, description="n-grams settle what they are sure of; false: the encoder reads all")
    batch_tokens: int = Field(512, ge=128, le=131072, description="tokens in one padded batch, padding included")
    aws_lambda_function_memory_size: int | None = Field(None, ge=128, le=10240, description="MB; set by Lambda")

    # limits of the HTTP API
    max_text_chars: int = Field(40_000, ge=1, le=1_000_000, description="characters of one comment")
    max_batch_comments: int = Field(512, ge=1, le=10_000, description="comments in one /batch_analyze request")
    max_body_bytes: int = Field(1_048_576, ge=256, le=6_291_556, description="bytes of one request body")
    max_stream_bytes: int = Field(
        268_435_456, ge=256, le=2**40, description="bytes of one NDJSON request, spooled to a temporary file"
    )
    max_explain_words: int = Field(64, ge=1, le=512, description="parts that an explanation splits a comment into")
    body_timeout_s: float = Field(30.0, gt=0, le=900, description="seconds that a caller may take to send a body")

    # what the HTTP API takes on at a time, in one process; more is answered 503 with retry-after
    max_wait_s: float = Field(0.25, gt=0, le=60, description="seconds that one comment may expect to wait to be scored")
    max_batch_wait_s: float = Field(15.0, gt=0, le=900, description="the same for a batch, a stream, an explanation")
    max_pending_requests: int = Field(256, ge=1, le=100_000, description="requests of few comments that may wait")
    max_pending_batches: int = Field(16, ge=1, le=10_000, description="batches, streams and explanations that may wait")
    max_pending_bytes: int = Field(33_554_432, ge=65_536, le=2**40, description="bytes of all request bodies together")

    # access to the HTTP API
    api_auth: Literal["none", "api-key", "iam"] = "none"
    api_key: SecretStr | None = Field(None, description="the key itself, or several in JSON (local use)")
    api_key_secret_arn: str | None = Field(None, description="Secrets Manager secret that holds the key, or several")
    cors_allow_origins: list[str] = Field(default_factory=list, description="JSON list of allowed origins")
    root_path: str = Field("", description="path prefix that a proxy strips, e.g. a REST API's stage")

    # bulk scoring
    queue_url: str | None = Field(None, description="SQS queue of bulk messages")
    results_bucket: str | None = Field(None, description="S3 bucket of scored comments")
    results_prefix: str = Field(contract.RESULTS_PREFIX, description="key prefix of scored comments")
    parts_prefix: str = Field(
        contract.PARTS_PREFIX, description="key prefix of what is cut from gzip and CSV objects to be scored"
    )
    deadline_margin_s: float = Field(10.0, ge=0, le=300, description="seconds kept free before the function's timeout")

    # the mood
    mood_source: str | None = Field(
        None, description="where GET /mood finds the rollups: s3://bucket, a folder, or one file; default: nowhere"
    )
    mood_database: str | None = Field(None, description="Glue database of the tables that the rollup asks")
    mood_workgroup: str | None = Field(None, description="Athena workgroup that the rollup's queries run in")
    mood_loose_days: int = Field(
        contract.Default.MOOD_LOOSE_DAYS, ge=1, description="days after which result objects go that lie by hour too"
    )
    mood_alarm_coins: list[str] = Field(default_factory=list, description="JSON list of coins with a metric each")

    # telemetry
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access_log: bool | None = Field(
        None, description="a line of JSON for every request of the HTTP API; default: where API_AUTH=api-key"
    )
    metrics_namespace: str = contract.Metric.NAMESPACE

    @property
    def on_lambda(self) -> bool:
        """Whether this is a Lambda sandbox (or its emulator), with a deadline and frozen between invocations."""
        return self.aws_lambda_function_memory_size is not None

    @property
    def logs_access(self) -> bool:
        """Whether requests are logged. Not by default where nobody has a name: CloudWatch charges for every line."""
        return self.api_auth == "api-key" if self.access_log is None else self.access_log

    @property
    def threads(self) -> int:
        """ONNX Runtime threads.

        On Lambda from the memory size: below 3,008 MB the sandbox shows two cores however small the CPU credit is, so
        `os.cpu_count()` misleads. Elsewhere the cores this process may run on.
        """
        if self.ort_threads:
            return self.ort_threads
        if self.aws_lambda_function_memory_size:
            return max(1, self.aws_lambda_function_memory_size // MB_PER_VCPU)
        import os

        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SettingsError(ValueError):
    """An environment variable with a value that cannot be used. One line, which names it."""


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once. Tests call `get_settings.cache_clear()` after changing the environment.

    Raises SettingsError.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_reason(problem) for problem in error.errors())) from None
    except PydanticSettingsError as error:  # a list that is not JSON
        raise SettingsError(f'{error}: a list is written as JSON, such as ["https://example.org"]') from None


def _reason(problem: ErrorDetails) -> str:
    """A problem in one line; of a secret, not its value."""
    name = str(problem["loc"][0]).upper()
    value = "" if name == "API_KEY" else f"={problem['input']}"
    return f"the environment variable {name}{value} cannot be used: {problem['msg']}"
