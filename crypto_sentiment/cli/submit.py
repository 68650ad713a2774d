"""crypto-sentiment submit: comments into the queue."""

from pathlib import Path
from typing import Annotated

import typer

from lambda_fn.contract import UPLOADS_PREFIX


def submit(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="files of comments in any usual format, folders, patterns, - for standard input; s3://BUCKET/PREFIX "
            "sends pointers to what lies there, and copies nothing",
        ),
    ],
    queue_url: Annotated[str, typer.Option(envvar="QUEUE_URL", help="the bulk queue")],
    live: Annotated[
        bool, typer.Option("--live", help="64 KB messages, soon scored; default: 1 MiB, fewer objects")
    ] = False,
    via_bucket: Annotated[str | None, typer.Option(help="upload the file to this bucket and send one pointer")] = None,
    prefix: Annotated[str, typer.Option(help="key prefix of the upload")] = UPLOADS_PREFIX,
    text_column: Annotated[str | None, typer.Option(help="field of the text; dotted where it lies deeper")] = None,
    delimiter: Annotated[str | None, typer.Option(help="of a CSV; \\t for a tab")] = None,
    encoding: Annotated[str | None, typer.Option(help="of a text file, for example cp1252")] = None,
    format: Annotated[str | None, typer.Option(help="jsonl, json, csv, tsv or parquet; else by content")] = None,
    receipt: Annotated[Path | None, typer.Option(help="note what was sent here; default: SOURCE.receipt.jsonl")] = None,
    timeout: Annotated[float, typer.Option(help="seconds that an outage is waited out")] = 600,
) -> None:
    """Send comments to the queue to be scored in bulk.

    Exit codes: 0 all sent; 1 not all, run it again and it goes on; 2 wrong usage; 130 interrupted, likewise.

    Example: crypto-sentiment submit comments.jsonl s3://my-lake/2024/
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from crypto_sentiment.bulk.submit import LIVE_BYTES, NotSent, console, run
    from crypto_sentiment.files.errors import InputError, OutputError, UsageError
    from crypto_sentiment.files.source import Asked, delimiter_named, format_named
    from lambda_fn.bulk.outages import CredentialsRefused
    from lambda_fn.bulk.sqs import MAX_MESSAGE_BYTES
    from lambda_fn.contract import Exit

    try:
        asked = Asked(format_named(format), encoding, delimiter_named(delimiter), text_column)
        size = LIVE_BYTES if live else MAX_MESSAGE_BYTES
        if not run(sources, queue_url, size, via_bucket, prefix, receipt, timeout, asked):
            raise typer.Exit(Exit.FAILED)
    except KeyboardInterrupt:
        console.print("Interrupted. Run the same command again to go on.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except UsageError as error:
        console.print(f"[red]Error:[/] {error}")
        raise typer.Exit(Exit.USAGE) from None
    except (InputError, OutputError, NotSent, CredentialsRefused, BotoCoreError, ClientError) as error:
        console.print(f"[red]Error:[/] {error}")
        raise typer.Exit(Exit.FAILED) from None
