"""Where API Gateway has mounted the app: a named stage, or a custom domain's mapping, is a prefix of the caller's path.

| event | the caller asked for | the event's path |
| --- | --- | --- |
| HTTP API, stage prod | /prod/analyze | /prod/analyze |
| HTTP API, $default stage behind a mapping v1 | /v1/analyze | /analyze: ROOT_PATH=/v1 says the rest |
| HTTP API, stage prod behind a mapping v1 | /v1/analyze | /prod/analyze: ROOT_PATH=/v1 says the rest |
| REST API, stage prod | /prod/analyze | /analyze, and requestContext.path has both |
| REST API behind a mapping v1 | /v1/analyze | /v1/analyze, and pathParameters.proxy has the rest |

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

Event = dict[str, Any]


class Stage:
    """ASGI middleware for events: sets `root_path`, so that routes match and links (/docs) point to the right place.

    ASGI wants `path` with the prefix and `root_path` to name it. root_path: the setting, of callers whose prefix the
    event does not tell; a stage in the path gives way to it, and stands in `scope["stage"]` for who signed with it.
    """

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self.app = app
        self.root_path = root_path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event: Event = scope.get("aws.event") or {}
        stage = stage_prefix(event)
        prefix = stage or mapping_prefix(event)
        if stage and (event.get("requestContext") or {}).get("path") == stage + scope["path"]:
            scope["path"] = stage + scope["path"]
        if self.root_path and stage:
            scope["stage"] = stage
            scope["path"] = self.root_path + (scope["path"].removeprefix(stage) or "/")
        elif prefix:
            scope["root_path"] = prefix
        await self.app(scope, receive, send)


def under(path: str, prefix: str) -> bool:
    return f"{path}/".startswith(f"{prefix}/")


def stage_prefix(event: Event) -> str:
    """`/prod` if the caller's path begins with the stage, else an empty string ($default, custom domains, ALB, ...)."""
    context = event.get("requestContext") or {}
    sent_path = context.get("path") or (context.get("http") or {}).get("path") or event.get("path") or ""
    prefix = f"/{context.get('stage')}"
    return prefix if context.get("stage") and under(sent_path, prefix) else ""


def mapping_prefix(event: Event) -> str:
    """`/v1` if a REST API's event says that a custom domain maps it there, else an empty string.

    `path` is the caller's, and `pathParameters.proxy` what the resource `/{proxy+}` has matched of it.
    """
    path, resource = event.get("path") or "", event.get("resource")
    if resource == "/":
        return path.rstrip("/")
    proxy = (event.get("pathParameters") or {}).get("proxy")
    if resource != "/{proxy+}" or not proxy or not path.rstrip("/").endswith(f"/{proxy.rstrip('/')}"):
        return ""
    return path.rstrip("/").removesuffix(f"/{proxy.rstrip('/')}")
