"""crypto-sentiment mood SOURCE…: what scored comments say, by coin, subreddit and time, with intervals."""

from pathlib import Path
from typing import Annotated

import typer

Sources = Annotated[
    list[str],
    typer.Argument(
        help="Results of score, or of the queue: files, folders, patterns, s3://BUCKET/PREFIX; or rollups of them."
    ),
]
By = Annotated[str, typer.Option(help="coin, subreddit, and one of hour, day, week, month, time; with commas.")]
Coin = Annotated[list[str] | None, typer.Option(help="Only this coin, such as BTC; may be repeated.")]
Subreddit = Annotated[list[str] | None, typer.Option(help="Only this subreddit; may be repeated.")]
Since = Annotated[str | None, typer.Option("--from", help="Comments from this time on (UTC), such as 2022-05-12.")]
Until = Annotated[str | None, typer.Option("--to", help="Comments before this time.")]
Top = Annotated[int, typer.Option(min=1, max=1000, help="Coins, those most written about.")]
TimeColumn = Annotated[str | None, typer.Option(help="Field of the time.")]
Chart = Annotated[Path | None, typer.Option(help="Draw it too (.png, .svg, .pdf).")]
Title = Annotated[str, typer.Option(help="Title of the chart.")]
Output = Annotated[Path | None, typer.Option(help="Write the numbers too (.csv, .json).")]
RollupFile = Annotated[
    Path | None, typer.Option("--rollup", help="Write the counts, which hold no text, as .jsonl.gz; a source later.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads; default: the cores there are.")]


def mood(
    sources: Sources,
    by: By = "coin",
    coin: Coin = None,
    subreddit: Subreddit = None,
    since: Since = None,
    until: Until = None,
    top: Top = 8,
    time_column: TimeColumn = None,
    chart: Chart = None,
    title: Title = "",
    output: Output = None,
    rollup: RollupFile = None,
    threads: Threads = None,
) -> None:
    """Say the mood of scored comments: negative, neutral, positive and net, each with its 95 % interval.

    Shares are corrected for the bias of counting labels, and widened where one thread or author writes most. A comment
    that was delivered twice counts once; what has no mood (deleted, bots, other languages) is counted beside it. Where
    there are too few comments for a number, there is none.

    Exit codes: 0 done; 1 could not; 2 wrong usage.

    Example: crypto-sentiment mood results/ --by coin,hour --chart mood.png
    """
    from crypto_sentiment.mood.command import run

    raise typer.Exit(
        run(
            sources,
            by,
            chart=chart,
            title=title,
            output=output,
            rollup=rollup,
            threads=threads,
            coins=tuple(coin or ()),
            subreddits=tuple(subreddit or ()),
            since=since,
            until=until,
            top=top,
            time_column=time_column,
        )
    )
