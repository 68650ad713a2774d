"""Who may call the HTTP API, and how often: the key in `x-api-key`, compared before any work is done.

With `API_AUTH=iam` API Gateway has checked the caller's signature already, and `none` is an open API: both pass here.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from anyio import to_thread

from lambda_fn.http.errors import ApiError
from lambda_fn.http.keys import Key, Rates, keys_in
from lambda_fn.settings import Settings

HEADER = "x-api-key"

# How long a key read from Secrets Manager is trusted: after a rotation the old key works at most this much longer.
KEY_TTL_S = 60.0
# A key we do not know may be a freshly rotated one, so it makes us look again; but not at the pace of a guesser, whom
# every look would let run up the bill ($0.05 per 10,000 calls).
MIN_REFETCH_S = 5.0

# Answers of Secrets Manager that mean the key is withdrawn. Any other failure is an outage, through which the last key
# known goes on working.
REVOKED = {"ResourceNotFoundException", "InvalidRequestException", "AccessDeniedException"}

logger = logging.getLogger(__name__)


class Unauthorized(ApiError):
    """401: the caller sent no key, or a wrong one."""

    def __init__(self, code: str, message: str, status: int = 401):
        # RFC 9110 wants a challenge with every 401.
        super().__init__(
            status, code, message, {"www-authenticate": "ApiKey"} if status == 401 else {"retry-after": "5"}
        )


class AuthUnavailable(Unauthorized):
    """503: no key can be read to compare with, so nobody is let in; the caller may try again."""

    def __init__(self) -> None:
        super().__init__("auth_unavailable", "the API key cannot be checked just now; try again", 503)


class RateExceeded(ApiError):
    """429: the key of `key_name` has been used more often than it may be."""

    def __init__(self, seconds: float, key_name: str):
        message = "this API key has reached its rate; try again after the seconds in retry-after"
        super().__init__(429, "rate_exceeded", message, {"retry-after": str(max(1, math.ceil(seconds)))})
        self.key_name = key_name


class ApiKeyAuth:
    """Checks one request's headers against the keys of the settings.

    Raises ValueError if `API_AUTH=api-key` and neither `API_KEY` nor `API_KEY_SECRET_ARN` is set.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic):
        self.required = settings.api_auth == "api-key"
        self._secret: _SecretKeys | None = None
        self._keys: tuple[Key, ...] = ()
        self._rates = Rates(clock)
        if not self.required:
            return
        if settings.api_key and settings.api_key.get_secret_value().strip():
            self._keys = keys_in(settings.api_key.get_secret_value())
        elif settings.api_key_secret_arn:
            self._secret = _SecretKeys(settings.api_key_secret_arn, clock)
        else:
            raise ValueError("API_AUTH=api-key needs API_KEY (the key) or API_KEY_SECRET_ARN (a secret that holds it)")

    async def check(self, headers: Mapping[str, str]) -> str | None:
        """The name of the key's owner, if the caller may go on; None where no key is asked for.

        headers: names in lower case or case-insensitive, values decoded as latin-1 (ASGI's, e.g. starlette's Headers).
        Raises Unauthorized (401) for a missing or wrong key, RateExceeded (429), and AuthUnavailable (503) if there is
        no key to compare with.
        """
        if not self.required:
            return None
        sent = headers.get(HEADER) or bearer_token(headers.get("authorization", ""))
        if not sent:
            raise Unauthorized("missing_api_key", f"send your API key in the header {HEADER}")
        name = await self.proven(lambda key: key.is_sent(sent))
        if name is None:
            raise Unauthorized("wrong_api_key", f"the API key in the header {HEADER} is not valid")
        return name

    async def proven(self, proof: Callable[[Key], bool]) -> str | None:
        """The name of the key for which `proof` holds, or None: for callers who send the key, and for those who show
        that they have it without sending it (a signature). One request counts against the key's rate.

        Raises RateExceeded, and AuthUnavailable if there is no key to compare with.
        """
        key = proved(proof, self._keys) if self._secret is None else await self._secret.proven(proof)
        if key is None:
            return None
        wait_s = self._rates.wait_s(key)
        if wait_s:
            raise RateExceeded(wait_s, key.name)
        return key.name


def proved(proof: Callable[[Key], bool], keys: tuple[Key, ...]) -> Key | None:
    """The key for which `proof` holds. All are tried, so that the time does not tell which it was."""
    return next(iter([key for key in keys if proof(key)]), None)


class _SecretKeys:
    """The keys in a Secrets Manager secret, kept for KEY_TTL_S; the last ones known stand in through an outage."""

    def __init__(self, arn: str, clock: Callable[[], float]):
        self.arn = arn
        self._clock = clock
        self._client: Any = None
        self._keys: tuple[Key, ...] = ()
        self._read_at = float("-inf")
        # A thread's lock, not asyncio's: Lambda may run each invocation in an event loop of its own.
        self._lock = threading.Lock()

    async def proven(self, proof: Callable[[Key], bool]) -> Key | None:
        """The key for which `proof` holds. Raises AuthUnavailable if no key is known."""
        if self._age() >= KEY_TTL_S:
            await self._refresh()
        known = proved(proof, self._keys)
        if known:
            return known
        await self._refresh()
        if not self._keys:
            raise AuthUnavailable
        return proved(proof, self._keys)

    def _age(self) -> float:
        return self._clock() - self._read_at

    async def _refresh(self) -> None:
        if self._age() >= MIN_REFETCH_S:
            await to_thread.run_sync(self._read)  # the event loop serves other requests while boto3 waits

    def _read(self) -> None:
        with self._lock:
            if self._age() < MIN_REFETCH_S:  # another request has just done it
                return
            try:
                self._keys = keys_in(self._fetch())
            except Exception as error:  # whatever it is, it must not let anybody in
                code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
                if code in REVOKED:
                    self._keys = ()
                reason = error if isinstance(error, ValueError) else code  # ours quotes nothing of the secret
                logger.error("cannot read the API key's secret %s: %s", self.arn, reason)
            finally:
                self._read_at = self._clock()

    def _fetch(self) -> str:
        if self._client is None:
            # Only here: importing boto3 is a good part of a cold start, which other ways to authenticate need not pay.
            import boto3
            from botocore.config import Config

            config = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
            self._client = boto3.client("secretsmanager", config=config)
        secret: str = self._client.get_secret_value(SecretId=self.arn)["SecretString"]
        return secret


def bearer_token(authorization: str) -> str:
    """What clients of Hugging Face's and text-embeddings-inference's servers send; empty for any other scheme."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
