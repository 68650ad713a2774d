"""`/docs`: Swagger UI over the API's own description, every file of it served from here. It works offline."""

from html import escape

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from lambda_fn.http.static import HEADERS, HTTP, serve_library

FILES = {
    "docs.js": (HTTP / "page" / "docs.js", "text/javascript"),
    "swagger/swagger-ui-bundle.js": (HTTP / "swagger" / "swagger-ui-bundle.js", "text/javascript"),
    "swagger/swagger-ui.css": (HTTP / "swagger" / "swagger-ui.css", "text/css"),
}
PATHS = frozenset({"/docs", *(f"/{name}" for name in FILES)})

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


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    root = escape(request.scope.get("root_path", "").rstrip("/"))
    return HTMLResponse(PAGE.replace("{root}", root), headers=HEADERS)


for name, (path, media_type) in FILES.items():
    router.add_api_route(f"/{name}", serve_library(path, media_type), include_in_schema=False, name=name)
