"""The client's command line: one comment, or a file of them, scored by a running service.

python -m crypto_sentiment.client analyze "Crypto to the moon!"
python -m crypto_sentiment.client score comments.jsonl --output scored.jsonl
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from crypto_sentiment.client.calls import DEFAULT_URL, Scored, ServiceError
from crypto_sentiment.client.client import SentimentClient
from lambda_fn.contract import Exit

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Score comments with a running service.")
console = Console(stderr=True)

Url = Annotated[str, typer.Option(envvar="SENTIMENT_URL", help="The service, with its stage if it has one.")]
Key = Annotated[str | None, typer.Option(envvar="SENTIMENT_API_KEY", help="API key, if the service asks for one.")]
Classes = Annotated[int, typer.Option(min=2, max=3, help="2, or 3 with neutral.")]
EXIT_CODES = "Exit codes: 0 done; 1 the service refused or could not be reached; 2 wrong usage or unreadable input"


@app.command(epilog=f"{EXIT_CODES}.")
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
            fail(error)
    typer.echo(f"{scored.label} {scored.score:.4f}")
    for word in words:
        typer.echo(f"{word['contribution']:+8.3f}  {word['text']}")


@app.command(epilog=f"{EXIT_CODES}; 3 some comments could not be scored, their lines say why.")
def score(
    file: Annotated[Path, typer.Argument(help="JSONL with a field 'text', or '-' for standard input.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    classes: Classes = 2,
    detail: Annotated[bool, typer.Option(help="Add probabilities, tokens and truncated.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Comments in one request.")] = 100,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Requests in flight.")] = 4,
    retries: Annotated[int, typer.Option(min=0, help="Further attempts of a request.")] = 5,
) -> None:
    """Score a file of comments: every line comes back with `sentiment`, or with `error`."""
    try:
        comments = [json.loads(line) for line in read(file).split("\n") if line.strip()]
        if not all(isinstance(comment, dict) for comment in comments):
            raise ValueError("every line must be a JSON object")
        target = output.open("wb") if output else nullcontext(sys.stdout.buffer)
    except (OSError, ValueError) as error:
        console.print(f"cannot read {file} or write {output or 'standard output'}: {error}", style="red", markup=False)
        raise typer.Exit(Exit.USAGE) from None
    client = SentimentClient(
        url,
        api_key=api_key,
        classes=classes,
        detail=detail,
        batch_size=batch_size,
        concurrency=concurrency,
        retries=retries,
    )
    failed = 0
    columns = (TextColumn("scored"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with client, target as lines, Progress(*columns, console=console) as progress:
        task = progress.add_task("scored", total=len(comments))
        try:
            for comment, scored in zip(comments, client.score(c.get("text") for c in comments), strict=True):
                failed += bool(scored.error)
                lines.write(line({**comment, **fields(scored)}))
                progress.advance(task)
        except ServiceError as error:
            progress.stop()
            fail(error)
    console.print(f"{len(comments) - failed} scored, {failed} could not be")
    if failed:
        raise typer.Exit(Exit.SOME_NOT_SCORED)


def read(file: Path) -> str:
    """The file's text, without the mark that some programs put in front of UTF-8.

    Lines end at a line feed alone: JSON may hold U+2028 and its like unescaped. Raises OSError, UnicodeDecodeError.
    """
    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    return content.decode("utf-8-sig")


def line(comment: dict[str, Any]) -> bytes:
    """A line of JSON; half a surrogate pair, which UTF-8 cannot hold, stays the escape that it came as."""
    return json.dumps(comment, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def fields(scored: Scored) -> dict[str, Any]:
    """A result as the fields that it adds to its comment's line."""
    if scored.error:
        return {"error": {"code": scored.error, "message": scored.message}}
    names = ("label", "score", "probabilities", "tokens", "truncated")
    return {"sentiment": {name: getattr(scored, name) for name in names if getattr(scored, name) is not None}}


def fail(error: ServiceError) -> None:
    console.print(error.message, style="red", markup=False)
    raise typer.Exit(Exit.FAILED)


if __name__ == "__main__":
    app()
