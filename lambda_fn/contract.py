"""What two rooms must agree on: the service, its deployment, its bill and the command line all read these from here.

Imports nothing of ours, so that anything may import it. A renamed metric, a moved prefix or another default changes in
this file, and everywhere at once; tests/cdk/test_contract.py fails where a room has an opinion of its own.
"""

from typing import Final

VERSION = "1.0.0"

# What Lambda is given as a function's command: module and function.
API_HANDLER = "lambda_fn.api.handler"
BULK_HANDLER = "lambda_fn.bulk.handler.handler"
ROLLUP_HANDLER = "lambda_fn.rollup.handler.handler"
# What uvicorn is given, and what a worker's task runs.
API_APP = "lambda_fn.api:app"
API_PROTOCOL = "lambda_fn.http.connections:Connection"
WORKER_MODULE = "lambda_fn.bulk.worker"

# Keys in the results bucket, each ending in a slash.
RESULTS_PREFIX = "results/"
PARTS_PREFIX = "parts/"
MOOD_PREFIX = "mood/"
MOOD_DAYS_PREFIX = "mood-days/"
# Result lines by the hour in which their comments were written, few and large; what the rollup knows; Athena's answers.
BY_HOUR_PREFIX = "results-by-hour/"
ROLLUP_STATE_PREFIX = "rollup-state/"
ATHENA_PREFIX = "athena/"
# Comprehend's asynchronous jobs (lambda_fn/jobs.py).
JOBS_PREFIX = "jobs/"
# Keys of what is uploaded to be scored.
UPLOADS_PREFIX = "uploads/"

# Fields of one result, in the order of a line; a comment's own stand behind its `id` (docs/RESULTS.md). A comment's own
# field of such a name (Reddit's `score`) goes out as comment_<name>. The first two are only where results are shared.
RESULT_FIELDS = (
    "work_id",
    "position",
    "id",
    "label",
    "score",
    "mood",
    "p_negative",
    "p_neutral",
    "p_positive",
    "coins",
    "language",
    "truncated",
    "model",
    "error",
    "error_message",
)


class Metric:
    """CloudWatch custom metrics of bulk scoring, by EMF. Each costs $0.30 a month for each value of its dimension."""

    NAMESPACE = "CryptoSentiment"
    DIMENSION = "service"
    SERVICE = "bulk"

    COMMENTS = "Comments"
    TOKENS = "Tokens"
    COMMENT_ERRORS = "CommentErrors"
    FAILED_MESSAGES = "FailedMessages"
    MS_PER_COMMENT = "MsPerComment"
    # By the likeliest of three moods; what is neither, and no error, is neutral.
    NEGATIVE = "Negative"
    POSITIVE = "Positive"
    SHARE_SETTLED = "ShareSettled"

    ALL = (COMMENTS, TOKENS, COMMENT_ERRORS, FAILED_MESSAGES, MS_PER_COMMENT, NEGATIVE, POSITIVE, SHARE_SETTLED)


class MoodMetric:
    """CloudWatch's metric of the mood about each coin that is to be watched: $0.30 a month each."""

    NAME = "NetMood"  # -100 to 100, of the last hours together
    DIMENSION = "coin"


class Env:
    """Environment variables that a deployment sets; each is a field of lambda_fn/settings.py in lower case."""

    ACCESS_LOG = "ACCESS_LOG"
    API_AUTH = "API_AUTH"
    API_KEY_SECRET_ARN = "API_KEY_SECRET_ARN"
    CORS_ALLOW_ORIGINS = "CORS_ALLOW_ORIGINS"
    LOG_LEVEL = "LOG_LEVEL"
    MOOD_ALARM_COINS = "MOOD_ALARM_COINS"
    MOOD_DATABASE = "MOOD_DATABASE"
    MOOD_LOOSE_DAYS = "MOOD_LOOSE_DAYS"
    MOOD_SOURCE = "MOOD_SOURCE"
    MOOD_WORKGROUP = "MOOD_WORKGROUP"
    METRICS_NAMESPACE = "METRICS_NAMESPACE"
    ORT_THREADS = "ORT_THREADS"
    PARTS_PREFIX = "PARTS_PREFIX"
    QUEUE_URL = "QUEUE_URL"
    RESULTS_BUCKET = "RESULTS_BUCKET"
    RESULTS_PREFIX = "RESULTS_PREFIX"
    ROOT_PATH = "ROOT_PATH"


class Cors:
    """What a page of another origin may send and read.

    One list, because API Gateway answers browsers by its own and ignores the service's.
    """

    METHODS = ("GET", "HEAD", "POST")
    # The service's own; then what the AWS SDKs for browsers send with a call of Comprehend's API.
    ALLOW_HEADERS = (
        "content-type",
        "content-encoding",
        "x-api-key",
        "x-request-id",
        "authorization",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-target",
        "x-amz-user-agent",
    )
    EXPOSE_HEADERS = (
        "retry-after",
        "x-amzn-errortype",
        "x-amzn-requestid",
        "x-compute-tokens",
        "x-inference-time",
        "x-model-revision",
        "x-request-id",
        "x-total-time",
        "x-truncated",
    )
    MAX_AGE_S = 3600


class Default:
    """The deployment as `cdk deploy` gives it without any context value; the bill is of this deployment."""

    ARCHITECTURE: Final = "x86_64"
    # By digest (of the list of both architectures), so that a build tomorrow is the one of today; Dependabot renews the
    # Dockerfile's, and a test sees that this one follows.
    BASE_IMAGE = (
        "public.ecr.aws/lambda/python:3.13@sha256:1e784863b7d21e1ba661e397520508598d000b9999bcc08d4c2f12eb52e74f95"
    )
    API_MEMORY_MB = 1769
    API_TIMEOUT_S = 29
    API_RATE = 10
    API_BURST = 20
    API_CONCURRENCY = 5
    API_LOG: Final = "gateway"  # a line of 200 bytes a call; the function's own, with the key's name, is twice as long
    BULK_MEMORY_MB = 1769
    BULK_TIMEOUT_S = 300
    BULK_BATCH_SIZE = 10
    BULK_WINDOW_S = 5
    BULK_CONCURRENCY = 5
    BULK_RECEIVES = 32  # twelve hours of outage take 29 (lambda_fn/bulk/redelivery.py)
    MOOD_MINUTES = 15
    MOOD_SCAN_MB = 4096  # of one query of a person or of the rollup, whose largest are of one day
    MOOD_LOOSE_DAYS = 7
    INPUT_DAYS = 30
    RESULTS_DAYS = 365
    LOG_DAYS: Final = 30
    BUDGET_USD = 100
    FARGATE_CPU: Final = 1024
    FARGATE_MEMORY_MB = 2048
    FARGATE_MIN_TASKS = 1
    FARGATE_MAX_TASKS = 7
    WORKER_MAX_TASKS = 7


class Standing:
    """What stands in a deployment with the defaults and is billed by the month, whoever calls.

    tests/cdk/test_bill.py counts them in the templates. By what runs: a function behind an HTTP API, a REST API (whose
    keys are the gateway's), its own URL, a load balancer; tasks; "fargate-worker" has no API. An alarm on several
    metrics is billed once for each; Fargate's are with those that scale its services.
    """

    ALARMS: Final = {
        "lambda": 10, "lambda-rest": 10, "lambda-url": 10, "lambda-alb": 11, "fargate": 13, "fargate-worker": 8,
    }  # fmt: skip
    DASHBOARDS: Final = 1
    SECRETS: Final = {
        "lambda": 1, "lambda-rest": 0, "lambda-url": 1, "lambda-alb": 1, "fargate": 1, "fargate-worker": 0,
    }  # fmt: skip
    IMAGE_GB: Final = 0.1


# MB that the process needs to start and score: 141 (HTTP) and 194 (bulk) were used in the emulator, with some to spare.
LEAST_MEMORY_MB = 256


# Of the rollup's function. A batch of lines and their times need some 600 MB; more memory is more CPU.
ROLLUP_MEMORY_MB = 1024
ROLLUP_LONGEST_S = 600


class Exit:
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1  # one line says why, and what to do
    USAGE = 2
    SOME_NOT_SCORED = 3
    INTERRUPTED = 130  # the same command goes on
