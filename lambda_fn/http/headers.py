"""One reading of a request's headers, which the guard judges and the routes then see.

A header that may come once and comes twice is read by one program from the front and by another from the back: what one
has checked is not what the other acts on. So a request whose copies differ is refused, equal copies become one, also
where a gateway has joined them with a comma, and everything behind the guard finds the one value.
"""

from functools import lru_cache

from lambda_fn.http.errors import ApiError

Raw = list[tuple[bytes, bytes]]

# Whether a body is read, how, as what, and for whom: these may have one value only.
SINGLE = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-target",
        "x-api-key",
    }
)
# Of these the case does not matter.
_CASELESS = {"content-encoding", "content-type", "host", "transfer-encoding"}
# Of these a comma is no part of a value, but stands between several.
_NO_COMMA = {"content-length", "content-type", "transfer-encoding", "x-amz-date", "x-amz-target"}

CHARSETS = {"", "utf-8", "utf8", "us-ascii", "ascii"}  # ASCII is UTF-8


def conflict(name: str) -> ApiError:
    return ApiError(400, "conflicting_headers", f"the header {name} has several values; send it once")


def settle(raw: Raw) -> tuple[dict[str, str], Raw]:
    """The headers as a dict (names in lower case, values as latin-1), and as the list that takes the place of `raw`.

    Raises ApiError 400 where a header of SINGLE has different values, or both length and transfer-encoding are given.
    """
    headers: dict[str, str] = {}
    copies: dict[str, set[str]] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = value
        if name in SINGLE:
            value = once(value)
            headers[name] = value
            copies.setdefault(name, set()).add(value.lower() if name in _CASELESS else value)
    for name, values in copies.items():
        if len(values) > 1 or (name in _NO_COMMA and "," in headers[name]):
            raise conflict(name)
    if "content-length" in headers and "transfer-encoding" in headers:
        raise conflict("content-length, or transfer-encoding,")
    offered = ",".join(value.decode("latin-1") for name, value in raw if name.lower() == b"accept-encoding")
    replaced = SINGLE | {"accept-encoding"}
    settled = [(name, value) for name, value in raw if name.decode("latin-1").lower() not in replaced]
    settled += [(name.encode("latin-1"), headers[name].encode("latin-1")) for name in copies]
    settled.append((b"accept-encoding", b"gzip" if accepts_gzip(offered) else b"identity"))
    return headers, settled


def once(value: str) -> str:
    """The value that a gateway has joined with copies of itself, `a, a` or `a,a,a`; any other as it is."""
    value = value.strip()
    if "," not in value:
        return value
    parts = [part.strip() for part in value.split(",")]
    for size in range(1, len(parts) // 2 + 1):
        if len(parts) % size == 0 and parts == parts[:size] * (len(parts) // size):
            return ", ".join(parts[:size])
    return value


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the answer may be compressed: `gzip;q=0` says that it may not.

    https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding
    """
    weights = {}
    for item in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        weight = next((p.partition("=")[2].strip() for p in parameters if p.partition("=")[0].strip() == "q"), "1")
        try:
            weights[coding] = float(weight)
        except ValueError:
            weights[coding] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def check_media_type(content_type: str, allowed: tuple[str, ...]) -> str:
    """The media type in lower case. Raises ApiError 415 for one not `allowed`, or text not in UTF-8.

    Where JSON is allowed, so is any `application/…+json`.
    """
    media_type, *parameters = (part.strip() for part in content_type.lower().split(";"))
    structured = media_type.startswith("application/") and media_type.endswith("+json")
    if media_type not in allowed and not (structured and "application/json" in allowed):
        raise ApiError(415, "unsupported_media_type", f"send the header 'content-type: {' or '.join(allowed)}'")
    pairs = (parameter.partition("=") for parameter in parameters)
    if not {value.strip(' "') for name, _, value in pairs if name.strip() == "charset"} <= CHARSETS:
        raise ApiError(415, "unsupported_charset", "send JSON in UTF-8")
    return media_type


def is_gzip(headers: dict[str, str]) -> bool:
    """Whether the body is compressed. Raises ApiError 415 for an encoding other than gzip.

    `identity` and S3's `aws-chunked`, which says nothing of the content, may stand beside it.
    """
    codings = {coding.strip() for coding in headers.get("content-encoding", "").lower().split(",")}
    codings -= {"", "identity", "aws-chunked"}
    if not codings:
        return False
    if codings <= {"gzip", "x-gzip"} and len(codings) == 1:
        return True
    # https://www.rfc-editor.org/rfc/rfc7694: the answer lists what would have been accepted.
    raise ApiError(415, "unsupported_encoding", "compress with gzip or not at all", {"accept-encoding": "gzip"})
