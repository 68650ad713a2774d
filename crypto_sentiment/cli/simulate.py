"""crypto-sentiment simulate: a day played event by event, and its bill beside the estimate's."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.command import with_assumption_flags
from crypto_sentiment.cost.errors import CostError

DISAGREES, BAD_INPUT = 1, 2


@with_assumption_flags
def simulate(
    assumptions: Assumptions,
    option: Annotated[
        list[str] | None, typer.Option(help="what to play, such as lambda-sqs-packed-x86; default: all")
    ] = None,
    width: Annotated[int, typer.Option(help="width of the model: 384 or 768")] = 384,
    most_events: Annotated[int, typer.Option(min=1000, max=100_000_000, help="events to play at most")] = 200_000,
    failures: Annotated[
        float, typer.Option(min=0, max=0.5, help="share of calls and messages that fail and are tried again")
    ] = 0.001,
    over_range: Annotated[
        bool,
        typer.Option("--range", help="play other volumes, windows, sizes and failures too: where the estimate holds"),
    ] = False,
    context: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="a value of `cdk deploy -c`, such as bulk_window_s=10; repeatable"),
    ] = None,
    template: Annotated[Path | None, typer.Option(help="a synthesized template, cdk.out/….template.json")] = None,
    region: Annotated[str, typer.Option(help="region of the price file")] = "us-east-1",
    markdown: Annotated[Path | None, typer.Option(help="write the tables as Markdown too")] = None,
) -> None:
    """Play a day of comments event by event, and compare its bill with the estimate.

    Days with more events than --most-events are played in equal windows of each hour, and scaled.
    Exit codes: 0 every bill agrees within 5 %; 1 one does not; 2 a value or file that cannot be used.

    The range (--range) names where estimate and simulation differ by more, and does not change the exit code.

    Example: crypto-sentiment simulate --comments-per-day 1e9 --option lambda-sqs-packed-x86
    """
    from rich.console import Console

    from crypto_sentiment.cost.deployment import deployed
    from crypto_sentiment.cost.inputs import PRICES, Inputs, shipped_revision
    from crypto_sentiment.simulation.agreement import PLAYS, agree
    from crypto_sentiment.simulation.report import as_markdown, money_table, service_table, span_table
    from crypto_sentiment.simulation.span import span

    console = Console(width=None if sys.stdout.isatty() else 150)
    try:
        assumptions = deployed(assumptions, template, context or [])
        inputs = Inputs.read(PRICES / f"{region}.json", revision=shipped_revision())
        scenario = inputs.scenario(assumptions, width)
        results = []
        for name in option or PLAYS:
            with console.status(f"playing {name}"):
                results.append(agree(scenario, name, most_events, failures))
        with console.status("playing other volumes, windows, sizes and failures"):
            cells = list(span(scenario, inputs, option or PLAYS, most_events)) if over_range else []
    except CostError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    tables = [service_table(results, assumptions.comments_per_day), money_table(results)]
    if over_range:
        tables.append(span_table(cells))
    for table in tables:
        console.print(table)
    if markdown:
        markdown.write_text("\n".join(map(as_markdown, tables)), encoding="utf-8")
    if beyond := [f"{cell.option}, {cell.what}" for cell in cells if not cell.holds]:
        console.print(f"In the range, the estimate does not hold for {'; '.join(beyond)}.", highlight=False)
    different = [result for result in results if result.disagreements()]
    for result in different:
        parts = ", ".join(f"{part} {share:+.1%}" for part, share in result.disagreements().items())
        console.print(f"{result.bill.option} disagrees: {parts}", style="red", highlight=False)
    if different:
        raise typer.Exit(DISAGREES)
    console.print("Estimate and simulation agree within 5 %, in total and part by part.", style="green")
