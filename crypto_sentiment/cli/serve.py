"""crypto-sentiment serve: the HTTP API and its page under uvicorn."""

import sys
from typing import Annotated

import typer

SWITCH_INTERVAL_S = 0.0005


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

    # Under more requests than can be served the event loop never rests, and the thread that scores would wait Python's
    # usual 5 ms for the interpreter's lock after every call of ONNX Runtime.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # Idle connections outlive a load balancer's (60 s), or it would write into closed ones.
    uvicorn.run(
        API_APP, host=host, port=port, http=API_PROTOCOL, backlog=backlog(), access_log=False, timeout_keep_alive=75
    )
