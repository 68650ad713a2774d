"""The page at `/`: one HTML file, its style and its scripts, served from the image. Nothing comes from elsewhere.

`page.js` puts the parts together; there is no build step. The charts are uPlot's, its files beside this folder.
"""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from lambda_fn.http.static import HEADERS, HTTP, serve_library

FOLDER = Path(__file__).parent
OF_DOCS = "docs.js"
SCRIPTS = tuple(sorted(file.name for file in FOLDER.glob("*.js") if file.name != OF_DOCS))
FILES = {"": "text/html", "page.css": "text/css", **dict.fromkeys(SCRIPTS, "text/javascript")}
LIBRARY = {"uplot/uPlot.esm.js": "text/javascript", "uplot/uPlot.min.css": "text/css"}
PATHS = frozenset(f"/{name}" for name in (*FILES, *LIBRARY))

router = APIRouter()


@cache
def content(name: str, api_auth: str, mood: str) -> bytes:
    """A file of the page; the HTML is told whether the service asks for a key, and what it knows of the mood."""
    text = (FOLDER / (name or "index.html")).read_text(encoding="utf-8")
    return text.replace('data-auth=""', f'data-auth="{api_auth}" data-mood="{mood}"', 1).encode()


def serve(name: str, media_type: str) -> Any:
    async def file(request: Request) -> Response:
        state = request.app.state
        mood = "none" if state.mood is None else "comments" if state.mood.results else "rollups"
        return Response(content(name, state.settings.api_auth, mood), media_type=media_type, headers=HEADERS)

    return file


router.add_api_route("/", serve("", "text/html"), response_class=HTMLResponse, summary="A page to look at", name="page")
for name, media_type in FILES.items():
    if name:
        router.add_api_route(f"/{name}", serve(name, media_type), include_in_schema=False, name=name)
for name, media_type in LIBRARY.items():
    router.add_api_route(f"/{name}", serve_library(HTTP / name, media_type), include_in_schema=False, name=name)
