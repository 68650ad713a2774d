"""Who may call the HTTP API: the key in `x-api-key`, compared before any work is done.

With `API_AUTH=iam` API Gateway has checked the caller's signature already, and `none` is an open API: both pass here.
"""

import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from anyio import to_thread

from lambda_fn.http.errors import ApiError
from lambda_fn.settings import Settings

HEADER = "x-api-key"
# What the key may be called in a secret of several key/value pairs; case, dashes and underscores aside.
KEY_NAMES = {"apikey", "xapikey", "key"}

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


class ApiKeyAuth:
    """Checks one request's headers against the key of the settings.

    Raises ValueError if `API_AUTH=api-key` and neither `API_KEY` nor `API_KEY_SECRET_ARN` is set.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic):
        self.required = settings.api_auth == "api-key"
        self._secret: _SecretKey | None = None
        self._key = b""
        if not self.required:
            return
        if settings.api_key and settings.api_key.get_secret_value().strip():
            self._key = settings.api_key.get_secret_value().strip().encode()
        elif settings.api_key_secret_arn:
            self._secret = _SecretKey(settings.api_key_secret_arn, clock)
        else:
            raise ValueError("API_AUTH=api-key needs API_KEY (the key) or API_KEY_SECRET_ARN (a secret that holds it)")

    async def check(self, headers: Mapping[str, str]) -> None:
        """Return if the caller may go on.

        headers: names in lower case or case-insensitive, values decoded as latin-1 (ASGI's, e.g. starlette's Headers).
        Raises Unauthorized (401) for a missing or wrong key, AuthUnavailable (503) if there is no key to compare with.
        """
        if not self.required:
            return
        sent = headers.get(HEADER)
        if not sent:
            raise Unauthorized("missing_api_key", f"send your API key in the header {HEADER}")
        if not await self.proven(lambda key: _same(sent, key)):
            raise Unauthorized("wrong_api_key", f"the API key in the header {HEADER} is not valid")

    async def proven(self, proof: Callable[[bytes], bool]) -> bool:
        """Whether `proof(key)` holds: for callers who show that they have the key without sending it (a signature).

        Raises AuthUnavailable if there is no key to compare with.
        """
        if self._secret is None:
            return bool(self._key) and proof(self._key)
        return await self._secret.proven(proof)


class _SecretKey:
    """The key in a Secrets Manager secret, kept for KEY_TTL_S; the last one known stands in through an outage."""

    def __init__(self, arn: str, clock: Callable[[], float]):
        self.arn = arn
        self._clock = clock
        self._client: Any = None
        self._key = b""
        self._read_at = float("-inf")
        # A thread's lock, not asyncio's: Lambda may run each invocation in an event loop of its own.
        self._lock = threading.Lock()

    async def proven(self, proof: Callable[[bytes], bool]) -> bool:
        """Whether `proof(key)` holds. Raises AuthUnavailable if no key is known."""
        if self._age() >= KEY_TTL_S:
            await self._refresh()
        if self._key and proof(self._key):
            return True
        await self._refresh()
        if not self._key:
            raise AuthUnavailable
        return proof(self._key)

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
                self._key = self._fetch()
            except Exception as error:  # whatever it is, it must not let anybody in
                code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
                if code in REVOKED:
                    self._key = b""
                reason = error if isinstance(error, ValueError) else code  # ours quotes nothing of the secret
                logger.error("cannot read the API key's secret %s: %s", self.arn, reason)
            finally:
                self._read_at = self._clock()

    def _fetch(self) -> bytes:
        if self._client is None:
            # Only here: importing boto3 is a good part of a cold start, which other ways to authenticate need not pay.
            import boto3
            from botocore.config import Config

            config = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
            self._client = boto3.client("secretsmanager", config=config)
        return key_in(self._client.get_secret_value(SecretId=self.arn)["SecretString"]).encode()


def key_in(secret: str) -> str:
    """The key in a secret's text: the text itself, or, of key/value pairs as the console makes them, the value of the
    only one, or of the one that is called like a key.

    Raises ValueError for pairs among which it cannot be found.
    """
    try:
        pairs = json.loads(secret)
    except (ValueError, RecursionError):
        return secret.strip()
    if not isinstance(pairs, dict):
        return secret.strip()
    values = list(pairs.values()) if len(pairs) == 1 else [pairs[name] for name in pairs if _plain(name) in KEY_NAMES]
    if len(values) != 1 or not isinstance(values[0], str):
        raise ValueError("the secret holds several pairs, and none of them, or more than one, is called api_key")
    return values[0].strip()


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _same(sent: str, key: bytes) -> bool:
    """Whether the header's value is the key, in a time that does not tell how much of it was right."""
    try:
        return bool(key) and hmac.compare_digest(sent.encode("latin-1"), key)
    except UnicodeEncodeError:  # no byte sequence that HTTP can carry
        return False
