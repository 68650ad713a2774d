"""Outages are waited out: calls of S3 and SQS are tried again, with growing, jittered pauses, as long as time allows.

botocore gives up on a 500 within a quarter of a second, so this waits above it. What no waiting cures (a missing
object, a refused credential) is raised at once.
"""

import math
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

T = TypeVar("T")

# "Full jitter" (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter): the n-th pause is
# drawn between nothing and FIRST_PAUSE_S * 2**n, so that many processes do not come back at the same moment.
FIRST_PAUSE_S = 0.25
SHORTEST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 10.0
# A connection that brings nothing for so long is given up.
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0

CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
# Refusals with a status of 4xx that pass by themselves.
_PASSING = frozenset(
    {
        "BandwidthLimitExceeded",
        "OperationAborted",
        "OverLimit",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "KMS.ThrottlingException",
        "KmsThrottled",
    }
)


class CredentialsRefused(RuntimeError):
    """AWS does not take the credentials, or there are none. One line, with a way out."""

    def __init__(self, error: Exception):
        super().__init__(
            f"AWS refuses the credentials ({_reason(error)}). Renew them, for example with `aws sso login` or "
            "`aws configure`, and run the same command again."
        )


class StillAway(RuntimeError):
    """AWS or the network was away for longer than there was time to wait."""

    def __init__(self, error: BaseException):
        super().__init__(f"{type(error).__name__}: {error}")


def client(service: str, read_timeout_s: float = READ_TIMEOUT_S) -> Any:
    """A boto3 client that leaves all waiting to a Patience: botocore makes one attempt."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=CONNECT_TIMEOUT_S, read_timeout=read_timeout_s)
    return boto3.client(service, config=config)


def is_outage(error: BaseException) -> bool:
    """Whether AWS or the network is to blame, and the same call may succeed later."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    if isinstance(error, StillAway):
        return True
    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0
        return status >= 500 or status == 429 or _code(error) in _PASSING
    return isinstance(
        error,
        exceptions.HTTPClientError  # a time-out, a connection that broke
        | exceptions.ConnectionError  # no connection
        | exceptions.IncompleteReadError
        | exceptions.ChecksumError
        | exceptions.FlexibleChecksumError
        | ResponseParserError  # an answer cut off, or a proxy's page
        | HTTPError
        | ConnectionError
        | TimeoutError,
    )


def is_credentials(error: BaseException) -> bool:
    """Whether the credentials are missing, expired or refused, which no waiting cures."""
    from botocore import exceptions

    return (
        isinstance(error, CredentialsRefused)
        or (isinstance(error, exceptions.ClientError) and _code(error) in CREDENTIALS)
        or isinstance(
            error,
            exceptions.NoCredentialsError
            | exceptions.PartialCredentialsError
            | exceptions.CredentialRetrievalError
            | exceptions.TokenRetrievalError
            | exceptions.SSOError
            | exceptions.NoAuthTokenError
            | exceptions.ProfileNotFound,
        )
    )


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _reason(error: Exception) -> str:
    return _code(error) if hasattr(error, "response") else str(error).rstrip(".")


class Patience:
    """Calls a function until it answers, or an outage has lasted too long: `patience(s3.get_object, Bucket=…)`.

    left_s: seconds that may still be spent on waiting. sleep: how to wait. waiting: is told of each fault that is
    waited out, with the seconds of the pause.
    """

    def __init__(
        self,
        left_s: Callable[[], float] = lambda: math.inf,
        sleep: Callable[[float], object] = time.sleep,
        waiting: Callable[[BaseException, float], object] = lambda error, pause: None,
    ):
        self._left_s, self._sleep, self._waiting = left_s, sleep, waiting

    @classmethod
    def of_seconds(cls, seconds: float, **more: Any) -> "Patience":
        """Patience with each outage by itself: one that lasts longer than `seconds` is not waited out."""
        return _PerCall(seconds, **more)

    def __call__(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Raises what `call` raised last, unchanged."""
        return self.retrying()(call, *args, **kwargs)

    def retrying(self, retry: Any = None) -> Retrying:
        """The policy itself. retry: what to try again besides outages, as tenacity's `retry_base`."""
        outage = retry_if_exception(is_outage)
        return Retrying(
            retry=outage | retry if retry else outage,
            wait=wait_random_exponential(multiplier=FIRST_PAUSE_S, min=SHORTEST_PAUSE_S, max=LONGEST_PAUSE_S),
            stop=self._too_late,
            sleep=lambda seconds: (self._sleep(seconds), None)[1],
            before_sleep=self._tell,
            reraise=True,
        )

    def _too_late(self, state: RetryCallState) -> bool:
        """The pause would last until after the deadline."""
        return self._left_s() <= state.upcoming_sleep

    def _tell(self, state: RetryCallState) -> None:
        if state.outcome and (error := state.outcome.exception()):
            self._waiting(error, state.upcoming_sleep)


class _PerCall(Patience):
    def __init__(self, seconds: float, **more: Any):
        super().__init__(**more)
        self._seconds = seconds

    def _too_late(self, state: RetryCallState) -> bool:
        return (state.seconds_since_start or 0.0) + state.upcoming_sleep > self._seconds


ONE_TRY = Patience(lambda: -math.inf)


def spread(seconds: float) -> float:
    """`seconds` and up to a tenth more, so that what failed together does not come back together."""
    return seconds * (1 + random.random() / 10)
