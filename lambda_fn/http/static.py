"""Files for browsers: under one policy, and those of libraries compressed once, kept a day.

The page, and /docs, where people type their API key, run no code from elsewhere. Libraries are files of npm packages at
the versions in package.json; `python -m scripts.vendor` puts them, with their licences, into folders of their own here.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.responses import Response

HTTP = Path(__file__).parent
# The page may run its own script, use its own style and call its own service: no inline code, no other origin, no frame
# around it. A comment that brings markup along is text in any case; this is the second lock.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
# A library's files change with its version only, and are not asked for again on every visit.
LASTING = {**HEADERS, "cache-control": "max-age=86400"}


@cache
def packed(path: Path) -> bytes:
    """A file, compressed once and not at every request: a third of its size, and up to 40 ms of work."""
    return gzip.compress(path.read_bytes(), mtime=0)


def serve_library(path: Path, media_type: str) -> Any:
    """The route of a library's file."""

    async def file(request: Request) -> Response:
        content, headers = packed(path), {**LASTING, "vary": "accept-encoding"}
        if request.headers["accept-encoding"] == "gzip":  # settled by the guard
            return Response(content, media_type=media_type, headers={**headers, "content-encoding": "gzip"})
        return Response(gzip.decompress(content), media_type=media_type, headers=headers)

    return file
