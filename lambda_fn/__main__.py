"""The image's entry point: what `docker run IMAGE …` does.

    docker run -p 8000:8000 IMAGE serve               the HTTP API and its page
    docker run -e QUEUE_URL=… IMAGE worker            scores the comments of a queue into a bucket
    docker run -i IMAGE score - - < in.csv > out.jsonl    a file, in any format that bulk scoring reads
    docker run IMAGE health                           what the image's HEALTHCHECK asks
    (AWS Lambda)  lambda_fn.api.handler               a function, under AWS's runtime client

What a verb needs is imported when it is called, so that a function's cold start pays for none of it.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lambda_fn.contract import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

PORT = 8000
# Which AWS Lambda sets, and the emulator: whoever starts a function outside it is told what else there is.
RUNTIME_API = "AWS_LAMBDA_RUNTIME_API"


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; the exit code."""
    if len(arguments) == 1 and "." in arguments[0] and RUNTIME_API in os.environ:
        from awslambdaric.__main__ import main as run  # type: ignore[import-untyped]

        run([__file__, arguments[0]])  # which does not return
    asked = parser().parse_args(arguments if arguments and "." not in arguments[0] else [])
    verb: str | None = asked.verb
    if verb:
        stop_when_told(Exit.INTERRUPTED if verb == "score" else Exit.DONE)
    if verb == "serve":
        from lambda_fn.http.server import serve

        serve(asked.host, asked.port)
        return Exit.DONE
    if verb == "worker":
        from lambda_fn.bulk.worker import work

        return work(asked.until_empty, asked.wait)
    if verb == "score":
        from lambda_fn.bulk.one_file import score

        return score(asked.source, asked.output, asked.text_column)
    if verb == "health":
        from lambda_fn.http.health import check

        return check()
    parser().print_help(sys.stderr)
    return Exit.USAGE


def stop_when_told(exit_code: int) -> None:
    """A container's first process is not ended by SIGTERM unless it says so; a server and a worker that are up have
    their own way of ending."""
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(exit_code))


def parser() -> "ArgumentParser":
    import argparse

    found = argparse.ArgumentParser(
        prog="docker run IMAGE",
        description="The mood of crypto comments. Without a verb the image is an AWS Lambda function.",
        epilog="Example: docker run -p 8000:8000 IMAGE serve",
    )
    verbs = found.add_subparsers(dest="verb", metavar="VERB")
    serve = verbs.add_parser("serve", help="serve the HTTP API and its page")
    serve.add_argument("--host", default="0.0.0.0", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=PORT, help="port to listen on (default: %(default)s)")
    worker = verbs.add_parser("worker", help="score the comments of QUEUE_URL into RESULTS_BUCKET until stopped")
    worker.add_argument("--until-empty", action="store_true", help="stop when the queue has nothing left")
    worker.add_argument("--wait", type=int, default=20, metavar="SECONDS", help="length of one long poll, 0 to 20")
    score = verbs.add_parser("score", help="score a file: JSON lines, JSON or CSV; plain, gzip, zstd, bzip2 or xz")
    score.add_argument("source", metavar="SOURCE", help="a file, or - for standard input")
    score.add_argument("output", metavar="OUTPUT", help="a .jsonl or .jsonl.gz file, or - for standard output")
    score.add_argument("--text-column", metavar="NAME", help="field of the text; dotted where it lies deeper")
    verbs.add_parser("health", help="exit with 0 if the server in this container answers, or if there is none")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
