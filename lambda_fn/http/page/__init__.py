"""The page at `/`: one HTML file, its style and its script, served from the image. Nothing comes from elsewhere."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

FOLDER = Path(__file__).parent
SCRIPTS = ("page.js", "charts.js", "files.js")
FILES = {"": "text/html", "page.css": "text/css", **dict.fromkeys(SCRIPTS, "text/javascript")}
PATHS = frozenset(f"/{name}" for name in FILES)

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

router = APIRouter()


@cache
def content(name: str, api_auth: str) -> bytes:
    """A file of the page; the HTML is told whether the service asks for a key."""
    text = (FOLDER / (name or "index.html")).read_text(encoding="utf-8")
    return text.replace('data-auth=""', f'data-auth="{api_auth}"').encode()


def serve(name: str, media_type: str) -> Any:
    async def file(request: Request) -> Response:
        return Response(content(name, request.app.state.settings.api_auth), media_type=media_type, headers=HEADERS)

    return file


router.add_api_route("/", serve("", "text/html"), response_class=HTMLResponse, summary="A page to look at", name="page")
for name, media_type in FILES.items():
    if name:
        router.add_api_route(f"/{name}", serve(name, media_type), include_in_schema=False, name=name)
