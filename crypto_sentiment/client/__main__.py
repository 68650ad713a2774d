"""The client's command line: one comment, scored by a running service. `crypto-sentiment score --url` scores files.

python -m crypto_sentiment.client analyze "Crypto to the moon!"
"""

from typing import Annotated

import typer
from rich.console import Console

from crypto_sentiment.client.calls import DEFAULT_URL, ServiceError
from crypto_sentiment.client.client import SentimentClient
from lambda_fn.contract import Exit

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Score comments with a running service.")

Url = Annotated[str, typer.Option(envvar="SENTIMENT_URL", help="The service, with its stage if it has one.")]
Key = Annotated[str | None, typer.Option(envvar="SENTIMENT_API_KEY", help="API key, if the service asks for one.")]
Classes = Annotated[int, typer.Option(min=2, max=3, help="2, or 3 with neutral.")]


@app.callback()
def verbs() -> None:
    """Score comments with a running service; files by `crypto-sentiment score --url URL SOURCE OUTPUT`."""


@app.command(epilog="Exit codes: 0 done; 1 the service refused or could not be reached; 2 wrong usage.")
def analyze(
    text: Annotated[str, typer.Argument(help="The comment.")],
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    classes: Classes = 2,
    explain: Annotated[bool, typer.Option(help="Also show what each word contributed.")] = False,
) -> None:
    """Score one comment."""
    with SentimentClient(url, api_key=api_key, classes=classes) as client:
        try:
            scored, words = client.explain(text) if explain else (client.analyze(text), [])
        except ServiceError as error:
            Console(stderr=True).print(error.message, style="red", markup=False)
            raise typer.Exit(Exit.FAILED) from None
    typer.echo(f"{scored.label} {scored.score:.4f}")
    for word in words:
        typer.echo(f"{word['contribution']:+8.3f}  {word['text']}")


if __name__ == "__main__":
    app()
