"""crypto-sentiment serve: the HTTP API and its page under uvicorn."""

from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
) -> None:
    """Serve the HTTP API and its page.

    Settings are environment variables, such as API_AUTH, MAX_BODY_BYTES and ORT_THREADS (docs/SERVICE.md).

    Example: crypto-sentiment serve --port 8080
    """
    from lambda_fn.http.server import serve as run

    run(host, port)
