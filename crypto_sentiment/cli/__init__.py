"""The command `crypto-sentiment`: a verb for each thing that a person does, each in a file of its own.

A verb's file is imported when it is called, and what it needs inside its function: help costs nothing but Typer, and a
verb whose extra is not installed says so instead of failing to start the others.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from lambda_fn.contract import VERSION, Exit

# Verb -> the line that `--help` gives it: the first sentence of its own help, which a test compares. Its function is
# crypto_sentiment.cli.<verb>.<verb>, with "_" for "-".
VERBS = {
    "score": "Score comments, one result each, in order; what cannot be scored is a line that says why.",
    "serve": "Serve the HTTP API and its page.",
    "submit": "Send comments to the queue to be scored in bulk.",
    "worker": "Score the comments of the queue until stopped.",
    "collect": "Wait for the results of what was submitted, and join them with their comments.",
    "stream": "Send the new comments of subreddits to the queue as they are written.",
    "mood": "Say the mood of scored comments: negative, neutral, positive and net, each with its 95 % interval.",
    "convert": "Turn files of comments into Parquet that Spark can split: zstd dumps, gzip, CSV, JSON.",
    "spark": "Score the comments of SOURCE into OUTPUT on Spark, a row for each; what is written is not scored again.",
    "cost": "Say what scoring a stream of comments costs a month on AWS, each way of running it.",
    "simulate": "Play a day of comments event by event, and compare its bill with the estimate.",
    "local-aws": "Run a queue and a bucket on this machine, to try bulk scoring without an AWS account.",
}

# Top-level module that a verb may miss -> the extra that brings it.
EXTRAS = {
    "uvicorn": "serve",
    "fastapi": "serve",
    "mangum": "serve",
    "boto3": "aws",
    "tenacity": "aws",
    "botocore": "aws",
    "aws_lambda_powertools": "aws",
    "praw": "aws",
    "prawcore": "aws",
    "moto": "aws",
    "pyarrow": "files",
    "matplotlib": "files",
    "duckdb": "mood",
    "backports": "files",
    "httpx": "client",
    "simpy": "cost",
    "pyspark": "spark",
}


class Verbs(TyperGroup):
    """Imports a verb when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        name = cmd_name.replace("-", "_")
        verb = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        command = getattr(import_module(f"crypto_sentiment.cli.{name}"), name)
        verb.command(name=cmd_name, cls=getattr(command, "command_class", None))(command)
        return get_command(verb)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(cls=Verbs, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(
    invoke_without_command=True,
    epilog="Example: crypto-sentiment score comments.jsonl scored.csv",
)
def start(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="print the version and stop"),
) -> None:
    """The mood of crypto comments: score files, serve, work a queue, and know what it costs."""
    if version:
        typer.echo(VERSION)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """The entry of `crypto-sentiment` and `python -m crypto_sentiment`; exits with lambda_fn.contract.Exit's codes."""
    try:
        app()
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in EXTRAS:
            raise
        _fail(f"{package} is not installed: pip install 'crypto-sentiment[{EXTRAS[package]}]'")
    except ValueError as error:
        from lambda_fn.settings import SettingsError  # only here: pydantic is most of the time that help would take

        if not isinstance(error, SettingsError):
            raise
        _fail(str(error))


def _fail(reason: str) -> None:
    typer.echo(f"Error: {reason}", err=True)
    sys.exit(Exit.FAILED)
