"""Verifying AWS Signature Version 4, for clients that sign their calls for the service `comprehend`.

The caller's secret access key is the API key; it is never sent. The signature is computed again with botocore's own
signer from the headers that the caller says were signed, and compared in constant time.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

SERVICE = "comprehend"
ACCESS_KEY_ID = "crypto-sentiment"

# How far the caller's clock may be from ours, as at AWS.
MAX_CLOCK_SKEW = timedelta(minutes=15)

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+"
    r"Credential=(?P<id>[\w-]{1,128})/(?P<date>\d{8})/(?P<region>[a-z0-9-]{1,32})/(?P<service>[\w-]{1,64})/aws4_request,\s*"
    r"SignedHeaders=(?P<headers>[a-z0-9;_-]{1,1024}),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


class SignatureRefused(Exception):
    """The signature is missing, malformed, too old or wrong. `name` is AWS's name for the error."""

    def __init__(self, name: str, message: str):
        super().__init__(message)
        self.name = name
        self.message = message


@dataclass(frozen=True, slots=True)
class Signature:
    """What an Authorization header says of itself; nothing is proven yet."""

    timestamp: str
    region: str
    signed_headers: dict[str, str]
    value: str

    @classmethod
    def parse(cls, headers: dict[str, str], now: datetime | None = None) -> "Signature":
        """Read it from a request's headers (names in lower case), before any of the body.

        Raises SignatureRefused if it cannot be right whatever the body is.
        """
        sent = headers.get("authorization")
        if not sent:
            raise SignatureRefused("MissingAuthenticationTokenException", "the request is not signed")
        match = _AUTHORIZATION.fullmatch(sent.strip())
        timestamp = headers.get("x-amz-date", "")
        if not match or not re.fullmatch(r"\d{8}T\d{6}Z", timestamp, re.ASCII):
            raise SignatureRefused("IncompleteSignatureException", "sign with AWS Signature Version 4 and X-Amz-Date")
        if match["service"] != SERVICE or match["date"] != timestamp[:8]:
            raise SignatureRefused(
                "InvalidSignatureException", f"the credential must be scoped to {timestamp[:8]} and {SERVICE}"
            )
        if match["id"] != ACCESS_KEY_ID:
            raise SignatureRefused(
                "UnrecognizedClientException",
                f"the access key id must be {ACCESS_KEY_ID!r}, with this service's API key as the secret access key",
            )
        names = match["headers"].split(";")
        # The target too, as every SDK does: else who catches a signed call could make another operation of it.
        if not {"host", "x-amz-date", "x-amz-target"} <= set(names) or not set(names) <= set(headers):
            raise SignatureRefused(
                "IncompleteSignatureException", "host, x-amz-date, x-amz-target and no absent header must be signed"
            )
        try:
            signed_at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise SignatureRefused("IncompleteSignatureException", "X-Amz-Date is not a time") from None
        now = now or datetime.now(UTC)
        if abs(now - signed_at) > MAX_CLOCK_SKEW:
            raise SignatureRefused(
                "InvalidSignatureException",
                f"signature expired: {timestamp} is more than 15 minutes from {now:%Y%m%dT%H%M%SZ}; check the clock",
            )
        return cls(timestamp, match["region"], {name: headers[name] for name in names}, match["signature"])

    def proves(self, key: bytes, method: str, path: str, body: bytes) -> bool:
        """Whether who signed this request, with exactly this body, had `key`. path: as the caller sent it."""
        if self.signed_headers.get("x-amz-content-sha256", digest := sha256(body).hexdigest()) != digest:
            return False
        try:
            expected = _signer()(self, key.decode()).sign(method, path, body)
        except ValueError:  # a key, path or host that no signature can be made for
            return False
        return hmac.compare_digest(expected, self.value)


@cache
def _signer() -> type:
    """Only here: importing botocore is a good part of a cold start, which other callers need not pay."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.compat import HTTPHeaders
    from botocore.credentials import Credentials

    class Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
        """botocore's signer, over the headers that the caller chose instead of those that botocore would choose."""

        def __init__(self, signature: Signature, secret: str):
            super().__init__(Credentials(ACCESS_KEY_ID, secret), SERVICE, signature.region)
            self._claimed = signature

        def headers_to_sign(self, request: Any) -> Any:
            headers = HTTPHeaders()
            for name, value in self._claimed.signed_headers.items():
                headers[name] = value
            return headers

        def sign(self, method: str, path: str, body: bytes) -> str:
            request = AWSRequest(method=method, url=f"https://{self._claimed.signed_headers['host']}{path}", data=body)
            request.context["timestamp"] = self._claimed.timestamp
            signed: str = self.signature(self.string_to_sign(request, self.canonical_request(request)), request)
            return signed

    return Signer
