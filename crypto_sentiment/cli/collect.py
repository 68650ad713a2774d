"""crypto-sentiment collect: what became of what was submitted."""

from pathlib import Path
from typing import Annotated

import typer

from lambda_fn.contract import RESULTS_PREFIX


def collect(
    source: Annotated[Path, typer.Argument(help="the file that was submitted")],
    bucket: Annotated[str, typer.Option(envvar="RESULTS_BUCKET", help="bucket of the results")],
    prefix: Annotated[str, typer.Option(envvar="RESULTS_PREFIX", help="key prefix of the results")] = RESULTS_PREFIX,
    output: Annotated[Path | None, typer.Option(help="join the input with its results: .jsonl .csv .parquet")] = None,
    receipt: Annotated[Path | None, typer.Option(help="default: SOURCE.receipt.jsonl")] = None,
    timeout: Annotated[float, typer.Option(help="seconds to wait for what is missing")] = 600,
) -> None:
    """Wait for the results of what was submitted, and join them with their comments.

    Exit codes: 0 complete; 1 something is missing or cannot be read; 2 wrong usage.

    Example: crypto-sentiment collect comments.jsonl --output scored.jsonl
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from crypto_sentiment.bulk.collect import console, run
    from crypto_sentiment.files.errors import InputError, OutputError, UsageError
    from lambda_fn.contract import Exit

    try:
        complete = run(source, bucket, prefix, output, receipt or Path(f"{source}.receipt.jsonl"), timeout)
    except UsageError as error:
        console.print(f"[red]Error:[/] {error}")
        raise typer.Exit(Exit.USAGE) from None
    except (InputError, OutputError, BotoCoreError, ClientError) as error:
        console.print(f"[red]Error:[/] {error}")
        raise typer.Exit(Exit.FAILED) from None
    raise typer.Exit(Exit.DONE if complete else Exit.FAILED)
