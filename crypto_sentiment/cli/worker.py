"""crypto-sentiment worker: bulk scoring without Lambda, on Fargate or on this machine."""

from typing import Annotated

import typer


def worker(
    until_empty: Annotated[bool, typer.Option("--until-empty", help="stop when the queue has nothing left")] = False,
    wait: Annotated[int, typer.Option(min=0, max=20, help="seconds of one long poll")] = 20,
) -> None:
    """Score the comments of the queue until stopped.

    QUEUE_URL and RESULTS_BUCKET say where; `crypto-sentiment local-aws` prints both for a trial on this machine.
    Exit codes: 0 stopped, or empty; 1 it could not work, or a message failed with --until-empty.

    Example: crypto-sentiment worker --until-empty
    """
    from lambda_fn.bulk.worker import work

    raise typer.Exit(work(until_empty, wait))
