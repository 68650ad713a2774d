"""crypto-sentiment simulate: a day played event by event, and its bill beside the estimate's."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.command import with_assumption_flags
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import PRICES, Inputs
from crypto_sentiment.cost.speed import WIDTHS
from crypto_sentiment.simulation.agreement import MOST_EVENTS, PLAYS, Agreement, agree

DISAGREES, BAD_INPUT = 1, 2


@with_assumption_flags
def simulate(
    assumptions: Assumptions,
    option: Annotated[list[str] | None, typer.Option(help=f"what to play; default all: {', '.join(PLAYS)}")] = None,
    width: Annotated[int, typer.Option(help="width of the model: 384 or 768")] = WIDTHS[0],
    most_events: Annotated[int, typer.Option(min=1000, max=100_000_000, help="events to play at most")] = MOST_EVENTS,
    region: Annotated[str, typer.Option(help="region of the price file")] = "us-east-1",
    markdown: Annotated[Path | None, typer.Option(help="write the two tables as Markdown too")] = None,
) -> None:
    """Play a day of comments event by event, and compare its bill with the estimate.

    Days with more events than --most-events are played in equal windows of each hour, and scaled.
    Exit codes: 0 every bill agrees within 5 %; 1 one does not; 2 a value or file that cannot be used.

    Example: crypto-sentiment simulate --comments-per-day 1e9 --option lambda-sqs-packed-x86
    """
    console = Console(width=None if sys.stdout.isatty() else 150)
    try:
        scenario = Inputs.read(PRICES / f"{region}.json").scenario(assumptions, width)
        results = []
        for name in option or PLAYS:
            with console.status(f"playing {name}"):
                results.append(agree(scenario, name, most_events))
    except CostError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    tables = [service_table(results, assumptions.comments_per_day), money_table(results)]
    for table in tables:
        console.print(table)
    if markdown:
        markdown.write_text("\n".join(map(as_markdown, tables)), encoding="utf-8")
    different = [result for result in results if result.disagreements()]
    for result in different:
        parts = ", ".join(f"{part} {share:+.1%}" for part, share in result.disagreements().items())
        console.print(f"{result.bill.option} disagrees: {parts}", style="red", highlight=False)
    if different:
        raise typer.Exit(DISAGREES)
    console.print("Estimate and simulation agree within 5 %, in total and part by part.", style="green")


def service_table(results: list[Agreement], volume: float) -> Table:
    """What callers and operators would see."""
    table = Table(title=f"A day of {volume:,.0f} comments", title_justify="left", show_edge=False)
    for column in ("option", "events played", "hours played", "p50 s", "p99 s", "p99.9 s", "concurrent, most",
                   "backlog, most", "cold starts", "tasks"):  # fmt: skip
        table.add_column(column, justify="left" if column == "option" else "right")
    for result in results:
        p = result.played
        tasks = f"{min(p.tasks)}-{max(p.tasks)}" if p.tasks else ""
        cold = "" if p.tasks else f"{p.cold_starts:,.0f}"
        table.add_row(
            result.bill.option, f"{p.events:,}", f"{p.played_s / 3600:.2f}",
            *(f"{p.percentile(share):.3g}" for share in (50, 99, 99.9)),
            f"{p.most_concurrent:,}", f"{p.most_backlog:,}", cold, tasks,
        )  # fmt: skip
    return table


def money_table(results: list[Agreement]) -> Table:
    """The month's bill, estimated and played."""
    table = Table(title="USD a month", title_justify="left", show_edge=False)
    for column in ("option", "estimate", "simulation", "difference", "largest parts: estimate / simulation"):
        table.add_column(column, justify="left" if column.startswith(("option", "largest")) else "right")
    for result in results:
        largest = sorted(result.estimated.items(), key=lambda item: -item[1])[:4]
        parts = ", ".join(f"{part} {usd:,.2f} / {result.parts.get(part, 0):,.2f}" for part, usd in largest)
        table.add_row(
            result.bill.option, f"{result.bill.total:,.2f}", f"{result.total:,.2f}", f"{result.difference:+.2%}", parts
        )
    return table


def as_markdown(table: Table) -> str:
    """A rich table as a Markdown section."""
    rows = zip(*(column.cells for column in table.columns), strict=True)
    lines = [f"## {table.title}", "", "| " + " | ".join(str(column.header) for column in table.columns) + " |"]
    lines += ["|" + "---|" * len(table.columns), *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""]
    return "\n".join(lines)
