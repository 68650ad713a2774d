"""crypto-sentiment local-aws: bulk scoring without an AWS account."""

from typing import Annotated

import typer


def local_aws(port: Annotated[int, typer.Option(help="where to listen, on 127.0.0.1")] = 5000) -> None:
    """Run a queue and a bucket on this machine, to try bulk scoring without an AWS account.

    Prints the variables that point the other verbs at it, for `export` in a second terminal, and runs until Ctrl-C;
    nothing is kept. Exit codes: 0 stopped; 1 the port is taken.

    Example: crypto-sentiment local-aws > local-aws.env &  then  source local-aws.env
    """
    from crypto_sentiment.bulk.local_aws import serve

    serve(port)
