"""crypto-sentiment stream: Reddit's new comments into the queue."""

from pathlib import Path
from typing import Annotated

import typer

# Nothing is gained by packing messages where none is sent.
LOCAL_FLUSH_S = 2.0


def stream(
    subreddits: Annotated[list[str], typer.Argument(help="names without r/")],
    queue_url: Annotated[str | None, typer.Option(envvar="QUEUE_URL", help="the bulk queue")] = None,
    local: Annotated[
        bool, typer.Option("--local", help="score here, without AWS, and show the mood as it moves")
    ] = False,
    window: Annotated[float, typer.Option(min=1, help="minutes that --local shows the mood of")] = 60.0,
    state: Annotated[Path, typer.Option(help="what makes a restart go on")] = Path("stream_reddit.state.json"),
    flush: Annotated[float, typer.Option(help="seconds that a comment waits at most for its message to fill")] = 10.0,
    poll: Annotated[float, typer.Option(help="seconds between requests to Reddit, which allows 60 a minute")] = 2.0,
) -> None:
    """Send the new comments of subreddits to the queue as they are written.

    With --local nothing is sent: comments are scored in this process, and the terminal shows the mood of the last hour.
    Credentials are PRAW's environment variables: praw_client_id, praw_client_secret, praw_user_agent. SIGTERM or Ctrl-C
    stops it; a restart goes on without gaps or doubles.
    Exit codes: 0 stopped; 1 Reddit refuses the credentials or a subreddit, or the state cannot be read.

    Example: crypto-sentiment stream Bitcoin CryptoCurrency --local
    """
    if not local and queue_url is None:
        typer.echo("Error: name the queue with --queue-url, or score here with --local. See --help.", err=True)
        raise typer.Exit(2)
    from crypto_sentiment.bulk.reddit import run, run_local

    if local or queue_url is None:
        raise typer.Exit(run_local(subreddits, 60 * window, min(flush, LOCAL_FLUSH_S), poll))
    raise typer.Exit(run(subreddits, queue_url, state, flush, poll))
