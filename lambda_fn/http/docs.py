"""`/docs`: Swagger UI over the API's own description, every file of it served from here.

A page where people type their API key runs no code from elsewhere: Swagger UI's files are those of the npm package
`swagger-ui-dist` at the version in package.json (`python -m scripts.swagger` puts them into swagger/), under the
page's own Content-Security-Policy. It works offline.
"""

import gzip
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from lambda_fn.http.page import HEADERS

HTTP = Path(__file__).parent
FILES = {
    "docs.js": (HTTP / "page" / "docs.js", "text/javascript"),
    "swagger/swagger-ui-bundle.js": (HTTP / "swagger" / "swagger-ui-bundle.js", "text/javascript"),
    "swagger/swagger-ui.css": (HTTP / "swagger" / "swagger-ui.css", "text/css"),
}
PATHS = frozenset({"/docs", *(f"/{name}" for name in FILES)})
# Swagger UI's files change with its version only, and a megabyte is not asked for again on every visit.
LASTING = {**HEADERS, "cache-control": "max-age=86400"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Crypto sentiment: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}/swagger/swagger-ui.css">
<script defer src="{root}/swagger/swagger-ui-bundle.js"></script>
<script defer src="{root}/docs.js"></script>
</head>
<body><div id="swagger-ui" data-url='{root}/openapi.json'></div></body>
</html>
"""

router = APIRouter()


@cache
def packed(path: Path) -> bytes:
    """A file, compressed once and not at every request: a third of its size, and 40 ms of work."""
    return gzip.compress(path.read_bytes(), mtime=0)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    root = escape(request.scope.get("root_path", "").rstrip("/"))
    return HTMLResponse(PAGE.replace("{root}", root), headers=HEADERS)


def serve(path: Path, media_type: str) -> Any:
    async def file(request: Request) -> Response:
        content, headers = packed(path), {**LASTING, "vary": "accept-encoding"}
        if request.headers["accept-encoding"] == "gzip":  # settled by the guard
            return Response(content, media_type=media_type, headers={**headers, "content-encoding": "gzip"})
        return Response(gzip.decompress(content), media_type=media_type, headers=headers)

    return file


for name, (path, media_type) in FILES.items():
    router.add_api_route(f"/{name}", serve(path, media_type), include_in_schema=False, name=name)
