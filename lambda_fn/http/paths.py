"""One reading of a request's path, with or without the prefix that a proxy strips, and a slash at its end."""

from starlette.types import Scope


def route_path(scope: Scope) -> str:
    """The path as the routes know it: without the prefix (a stage, ROOT_PATH) under which the app is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] or "/" if root and f"{path}/".startswith(f"{root}/") else path


def settled_path(scope: Scope) -> str:
    """The path that is to take the place of the sent one: a slash too many or too few changes nothing.

    Answering in place rather than redirecting: a POST may lose its body on the way, and behind a proxy the service does
    not know the scheme, host and prefix that the caller used.
    """
    return mounted(scope, route_path(scope).rstrip("/") or "/")


def mounted(scope: Scope, route: str) -> str:
    """The path of `route`, with the prefix if the sent path has it."""
    path: str = scope["path"]
    sent = route_path(scope)
    return (path[: len(path) - len(sent)] if path.endswith(sent) else path) + route


def lacks_slash(scope: Scope) -> bool:
    """Whether this is the mount's bare prefix (`/prod`), from where a page's relative links would lead elsewhere."""
    root = scope.get("root_path", "").rstrip("/")
    return bool(root) and scope["path"] == root


def route_name(path: str, known: frozenset[str]) -> str:
    """The route by a name for counters and logs, which nothing that a caller makes up can become.

    path: as `route_path` gives it. known: paths that stand for themselves.
    """
    if path in known:
        return path
    return "/mood/{symbol}" if path.startswith("/mood/") else "other"
