"""Where API Gateway has mounted the app: a named stage is a prefix of the caller's path, not of our routes."""

from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send


class Stage:
    """ASGI middleware for events: sets `root_path`, so that routes match and links (/docs) point to the right place.

    HTTP APIs put the stage into the event's path, REST APIs leave it out of `path` and show it in
    `requestContext.path`; ASGI wants `path` with it and `root_path` to name it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = stage_prefix(scope.get("aws.event") or {})
        if prefix:
            scope["root_path"] = prefix
            if (scope["aws.event"].get("requestContext") or {}).get("path") == prefix + scope["path"]:
                scope["path"] = prefix + scope["path"]
        await self.app(scope, receive, send)


def stage_prefix(event: dict[str, Any]) -> str:
    """`/prod` if the caller's path begins with the stage, else an empty string ($default, custom domains, ALB, ...)."""
    context = event.get("requestContext") or {}
    sent_path = context.get("path") or (context.get("http") or {}).get("path") or event.get("path") or ""
    prefix = f"/{context.get('stage')}"
    return prefix if context.get("stage") and f"{sent_path}/".startswith(f"{prefix}/") else ""
