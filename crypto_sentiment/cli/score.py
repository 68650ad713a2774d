"""crypto-sentiment score SOURCE… OUTPUT: comments in any usual file, scored on this machine."""

import os
from typing import Annotated

import typer

# Typer builds the help from these; all else is imported when the verb runs.
Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE... OUTPUT",
        help="Files, folders, patterns, s3://BUCKET/PREFIX or - for standard input; and last where results go: a file "
        "(.jsonl .csv .parquet, the first two also .gz .zst .bz2 .xz), a folder of shards, or -.",
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="Field of the text; dotted where it lies deeper.")]
IdColumn = Annotated[str | None, typer.Option(help="Field of the id.")]
TimeColumn = Annotated[str | None, typer.Option(help="Field of the time.")]
Delimiter = Annotated[str | None, typer.Option(help="Of a CSV; \\t for a tab.")]
Encoding = Annotated[str | None, typer.Option(help="Of a text file, for example cp1252.")]
Format = Annotated[str | None, typer.Option("--format", help="jsonl, json, csv, tsv or parquet; else by content.")]
To = Annotated[str | None, typer.Option(help="Format for - or a folder, for example csv.gz.")]
Workers = Annotated[int | None, typer.Option(min=1, max=256, help="Processes; default: the cores there are.")]
Url = Annotated[str | None, typer.Option(envvar="SENTIMENT_URL", help="Score through this running service.")]
ApiKey = Annotated[str | None, typer.Option(envvar="SENTIMENT_API_KEY", help="The service's key.")]
Text = Annotated[bool, typer.Option(help="Keep the comments' text in the results.")]
KeepDeleted = Annotated[bool, typer.Option("--keep-deleted", help="Score deleted comments and bots' notices too.")]
Shard = Annotated[int, typer.Option(min=1, help="Comments in each shard of a folder.")]
Chart = Annotated[str | None, typer.Option(help="Draw the mood over time (.png, .svg, .pdf).")]


def score(
    paths: Paths,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    time_column: TimeColumn = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    format: Format = None,
    to: To = None,
    workers: Workers = None,
    url: Url = None,
    api_key: ApiKey = None,
    text: Text = True,
    keep_deleted: KeepDeleted = False,
    shard_comments: Shard = 1_000_000,
    chart: Chart = None,
) -> None:
    """Score comments, one result each, in order; what cannot be scored is a line that says why.

    Formats and packings are told by content: JSON lines, JSON, CSV, Parquet; gzip, zstd, bzip2, xz. After an interrupt
    the same command goes on where it stopped.

    Exit codes: 0 all scored; 1 could not; 2 wrong usage; 3 some comments could not be scored; 130 interrupted.

    Example: crypto-sentiment score RC_2024-01.zst scored.parquet
    """
    from crypto_sentiment.cli.score_report import run_and_report
    from crypto_sentiment.files.errors import UsageError
    from crypto_sentiment.files.scorers import Options
    from crypto_sentiment.files.source import Asked, delimiter_named, format_named

    if len(paths) < 2:
        typer.echo("Error: name at least one source, and the output last. See --help.", err=True)
        raise typer.Exit(2)
    try:
        asked = Asked(
            format_named(format), encoding, delimiter_named(delimiter), text_column, id_column, time_column, text
        )
    except UsageError as error:
        typer.echo(f"Error: {error}.", err=True)
        raise typer.Exit(2) from None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    options = Options(keep_deleted, time_column, url, api_key)
    status = run_and_report(paths[:-1], paths[-1], to, asked, options, workers or cores, shard_comments, chart)
    raise typer.Exit(status)


if __name__ == "__main__":
    typer.run(score)
