"""crypto-sentiment spark: history of any size, on Spark here, on a cluster (spark-submit), or on EMR Serverless."""

from typing import Annotated

import typer


def spark(
    source: Annotated[
        str, typer.Argument(help="folder, file or glob of Parquet, JSON lines or CSV; any URL of Spark's")
    ],
    output: Annotated[str, typer.Argument(help="folder that gets the scored comments, as Parquet")],
    text_column: Annotated[
        str | None, typer.Option(help="the text's column, dotted for nested; default text, body, comment, …")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(help="what tells comments apart; default id, if there is one")
    ] = None,
    text: Annotated[bool, typer.Option(help="keep the comments' text in the output")] = False,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="spread each part over so many tasks; default as the files lie")
    ] = None,
    part_mb: Annotated[int, typer.Option(min=1, help="MB of source files that are one part of the work")] = 8192,
    master: Annotated[str | None, typer.Option(help="Spark's master; default spark-submit's, or local[*]")] = None,
    conf: Annotated[list[str] | None, typer.Option(help="a setting of Spark's, name=value; may be repeated")] = None,
    emr: Annotated[bool, typer.Option(help="run it on the EMR Serverless application of the stack, and wait")] = False,
    stack: Annotated[str, typer.Option(help="with --emr: the stack deployed with -c history=true")] = "SentimentStack",
) -> None:
    """Score the comments of SOURCE into OUTPUT on Spark, a row for each; what is written is not scored again.

    Run the same command again after an interrupt, or when SOURCE has new files: it goes on where it stopped.
    Exit codes: 0 done; 1 it cannot be done; 2 wrong usage; 3 done, but some comments could not be scored;
    130 interrupted, the same command goes on.

    Example: crypto-sentiment spark comments/ scored/
    """
    from lambda_fn.contract import Exit

    if wrong := [setting for setting in conf or [] if "=" not in setting]:
        raise typer.BadParameter(f"{wrong[0]!r} is not name=value", param_hint="--conf")
    options = {"text": text_column, "id": id_column, "keep_text": text, "partitions": partitions}
    try:
        if emr:
            comments, errors = _on_emr(stack, source, output, conf or [], {**options, "part_bytes": part_mb * 2**20})
        else:
            comments, errors = _here(source, output, master, conf or [], {**options, "part_bytes": part_mb * 2**20})
    except KeyboardInterrupt:
        typer.echo("Interrupted. Run the same command again to go on.", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    typer.echo(f"{comments:,} comments in {output}", err=True)
    if errors:
        reasons = ", ".join(f"{count:,} {code}" for code, count in sorted(errors.items()))
        typer.echo(f"{sum(errors.values()):,} of them could not be scored: {reasons}", err=True)
    raise typer.Exit(Exit.SOME_NOT_SCORED if errors else Exit.DONE)


def _here(source: str, output: str, master: str | None, conf: list[str], options: dict) -> tuple[int, dict[str, int]]:
    """Comments and errors by code, of a job on this session's Spark. A fault is one line, and exit code 1."""
    from crypto_sentiment.spark import SparkJobError, session
    from crypto_sentiment.spark.job import Job, LostRows
    from crypto_sentiment.spark.sources import reason

    settings = dict(setting.split("=", 1) for setting in conf)
    try:
        spark = session(master, **settings)
        report = Job(spark, source, output, **options).run(_tell)
    except (SparkJobError, LostRows) as error:
        raise _failure(str(error)) from None
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark.", "py4j.")):
            raise
        raise _failure(f"{reason(error)}. What is written stays: the same command goes on") from None
    return report.comments, dict(report.errors)


def _on_emr(stack: str, source: str, output: str, conf: list[str], options: dict) -> tuple[int, dict[str, int]]:
    """The same, of a job on EMR Serverless."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from crypto_sentiment.spark.emr import EmrError, History

    try:
        history = History.of_stack(boto3.Session(), stack)
        report = history.run(source, output, options, conf, _tell)
    except (EmrError, BotoCoreError, ClientError) as error:
        raise _failure(str(error)) from None
    return report["comments"], report["errors"]


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _failure(reason: str) -> typer.Exit:
    from lambda_fn.contract import Exit

    typer.echo(f"Error: {reason}", err=True)
    return typer.Exit(Exit.FAILED)
