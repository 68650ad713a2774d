"""crypto-sentiment stream: Reddit's new comments into the queue."""

from pathlib import Path
from typing import Annotated

import typer


def stream(
    subreddits: Annotated[list[str], typer.Argument(help="names without r/")],
    queue_url: Annotated[str, typer.Option(envvar="QUEUE_URL", help="the bulk queue")],
    state: Annotated[Path, typer.Option(help="what makes a restart go on")] = Path("stream_reddit.state.json"),
    flush: Annotated[float, typer.Option(help="seconds that a comment waits at most for its message to fill")] = 10.0,
    poll: Annotated[float, typer.Option(help="seconds between requests to Reddit, which allows 60 a minute")] = 2.0,
) -> None:
    """Send the new comments of subreddits to the queue as they are written.

    Credentials are PRAW's environment variables: praw_client_id, praw_client_secret, praw_user_agent. SIGTERM or Ctrl-C
    stops it; a restart goes on without gaps or doubles.
    Exit codes: 0 stopped; 1 Reddit refuses the credentials or a subreddit, or the state cannot be read.

    Example: crypto-sentiment stream Bitcoin CryptoCurrency
    """
    from crypto_sentiment.bulk.reddit import run

    raise typer.Exit(run(subreddits, queue_url, state, flush, poll))
