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
    import uvicorn

    from lambda_fn.contract import API_APP, API_PROTOCOL
    from lambda_fn.http.connections import backlog

    # Idle connections outlive a load balancer's (60 s), or it would write into closed ones.
    uvicorn.run(
        API_APP, host=host, port=port, http=API_PROTOCOL, backlog=backlog(), access_log=False, timeout_keep_alive=75
    )
