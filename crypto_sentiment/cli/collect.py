"""crypto-sentiment collect: what became of what was submitted."""

from pathlib import Path
from typing import Annotated

import typer

from lambda_fn.contract import RESULTS_PREFIX


def collect(
    source: Annotated[
        str, typer.Argument(help="the file or s3:// URL that was submitted, or the receipt that submit named")
    ],
    bucket: Annotated[str, typer.Option(envvar="RESULTS_BUCKET", help="bucket of the results")],
    prefix: Annotated[str, typer.Option(envvar="RESULTS_PREFIX", help="key prefix of the results")] = RESULTS_PREFIX,
    output: Annotated[Path | None, typer.Option(help="join the input with its results: .jsonl .csv .parquet")] = None,
    receipt: Annotated[Path | None, typer.Option(help="default: SOURCE.receipt.jsonl")] = None,
    timeout: Annotated[float, typer.Option(help="seconds to wait for what is missing, and for S3")] = 600,
) -> None:
    """Wait for the results of what was submitted, and join them with their comments.

    Exit codes: 0 complete; 1 something is missing or cannot be read; 2 wrong usage; 3 complete, but some comments
    could not be scored; 130 interrupted.

    Example: crypto-sentiment collect comments.jsonl --output scored.jsonl
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from crypto_sentiment.bulk.collect import console, run
    from crypto_sentiment.files.errors import InputError, OutputError, UsageError
    from lambda_fn.bulk.outages import CredentialsRefused
    from lambda_fn.contract import Exit

    try:
        collected = run(source, bucket, prefix, output, receipt, timeout)
    except KeyboardInterrupt:
        console.print("Interrupted. Nothing was written; run the same command again.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except UsageError as error:
        console.print(f"[red]Error:[/] {error}")
        raise typer.Exit(Exit.USAGE) from None
    except (InputError, OutputError, CredentialsRefused, BotoCoreError, ClientError) as error:
        console.print(f"[red]Error:[/] {error}")
        raise typer.Exit(Exit.FAILED) from None
    raise typer.Exit(collected.exit_code)
