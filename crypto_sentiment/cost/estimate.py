"""The estimate as a command: flags in, tables, reports and an exit code out."""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.command import read_assumptions, with_assumption_flags
from crypto_sentiment.cost.deployment import deployed
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.hosts import vnni_share
from crypto_sentiment.cost.inputs import (
    BENCHMARK,
    HOURLY_SHAPE,
    PRICES,
    TOKEN_LENGTHS,
    Inputs,
    regions,
    shipped_revision,
)
from crypto_sentiment.cost.prices import SAVINGS_PLANS

# Headings of --help.
DEPLOYED, MONEY, OUTPUT, MEASURED = "What is deployed", "Prices", "What is printed and written", "What was measured"
SHIPPED = "the shipped one"
OK, BAD_INPUT, OVER_BUDGET, STALE = 0, 2, 3, 4


@with_assumption_flags
def estimate(
    assumptions: Assumptions,
    context: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="a value of `cdk deploy -c`, such as results_days=30; repeatable",
            rich_help_panel=DEPLOYED,
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            help="a synthesized template, cdk.out/….template.json: the bill is of that one", rich_help_panel=DEPLOYED
        ),
    ] = None,
    cpu_log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="a function's log (- for standard input), for the share of its work on hosts with VNNI",
            rich_help_panel=DEPLOYED,
        ),
    ] = None,
    region: Annotated[
        str, typer.Option(help="region of the price file in crypto_sentiment/cost/prices", rich_help_panel=MONEY)
    ] = "us-east-1",
    prices: Annotated[
        Path | None, typer.Option(help="price file, instead of the region's", rich_help_panel=MONEY)
    ] = None,
    free_tier: Annotated[
        bool, typer.Option("--free-tier", help="subtract what AWS gives away every month", rich_help_panel=MONEY)
    ] = False,
    savings_plan: Annotated[
        str,
        typer.Option(
            help="Compute Savings Plan: none, 1y (nothing upfront) or 3y (all upfront)", rich_help_panel=MONEY
        ),
    ] = "none",
    as_of: Annotated[
        str | None, typer.Option(help="date against which prices age; default today", rich_help_panel=MONEY)
    ] = None,
    allow_stale: Annotated[
        bool, typer.Option("--allow-stale", help="exit 0 although prices are old", rich_help_panel=MONEY)
    ] = False,
    refresh_prices: Annotated[
        bool,
        typer.Option(
            "--refresh-prices",
            help="rewrite the region's price file from AWS's price list, and stop",
            rich_help_panel=MONEY,
        ),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="print the whole report, not its first screen", rich_help_panel=OUTPUT)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="print JSON instead of tables", rich_help_panel=OUTPUT)
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="print CSV, a line per part of each bill", rich_help_panel=OUTPUT)
    ] = False,
    html: Annotated[Path | None, typer.Option(help="write a report that stands alone", rich_help_panel=OUTPUT)] = None,
    plots_to: Annotated[
        Path | None, typer.Option("--plots", help="write the plots as PNG into this folder", rich_help_panel=OUTPUT)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="write the report as Markdown (with --plots)", rich_help_panel=OUTPUT)
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="exit 3 where nothing fits the budget", rich_help_panel=OUTPUT)
    ] = False,
    ms_per_comment: Annotated[
        float | None,
        typer.Option(
            help="ms of one vCPU for the mean comment in a batch, instead of the benchmark's", rich_help_panel=MEASURED
        ),
    ] = None,
    benchmark: Annotated[
        Path, typer.Option(help="benchmark JSON", show_default=SHIPPED, rich_help_panel=MEASURED)
    ] = BENCHMARK,
    token_lengths: Annotated[
        Path, typer.Option(help="histogram of tokens per comment", show_default=SHIPPED, rich_help_panel=MEASURED)
    ] = TOKEN_LENGTHS,
    hourly_shape: Annotated[
        Path, typer.Option(help="share of comments in each UTC hour", show_default=SHIPPED, rich_help_panel=MEASURED)
    ] = HOURLY_SHAPE,
) -> None:
    """Say what scoring a stream of comments costs a month on AWS, each way of running it.

    Exit codes: 0 done; 2 a value, price or file that no estimate can be made from; 3 (--strict) nothing fits the
    budget; 4 the report was printed, but a price in it was last checked over 180 days ago (not with --allow-stale).

    \b
    Examples:
      crypto-sentiment cost
      crypto-sentiment cost --comments-per-day 1e8 --html report.html
      crypto-sentiment cost --context results_days=30 --savings-plan 1y
      crypto-sentiment cost --template cdk.out/SentimentStack.template.json --full
      crypto-sentiment cost --cpu-log bulk.log
    """
    from rich.console import Console

    from crypto_sentiment.cost.comparison import Comparison
    from crypto_sentiment.cost.report import data, table
    from crypto_sentiment.cost.report.headline import PACKED, SINGLE, headline

    console = Console(width=None if sys.stdout.isatty() else 140)
    errors = Console(stderr=True)
    price_file = prices or PRICES / f"{region}.json"
    try:
        if refresh_prices:
            from crypto_sentiment.cost import refresh

            console.print(refresh.refresh_file(region, price_file, template=PRICES / "us-east-1.json"))
            return
        if markdown and not plots_to:
            raise CostError("--markdown shows the plots beside it: pass --plots FOLDER too")
        today = dt.date.fromisoformat(as_of) if as_of else dt.date.today()
        if savings_plan not in SAVINGS_PLANS:
            raise CostError(f"--savings-plan {savings_plan}: choose {', '.join(SAVINGS_PLANS)}")
        if not price_file.exists() and not prices:
            raise CostError(
                f"no prices of {region} ({price_file.name}); there are those of {', '.join(regions())}. "
                f"Fetch them from AWS's price list: crypto-sentiment cost --region {region} --refresh-prices"
            )
        assumptions = deployed(assumptions, template, context or [])
        if cpu_log:
            assumptions = read_assumptions(assumptions.model_dump() | {"vnni_share": _share_in(cpu_log)})
        # A speed that is given by hand needs no measurement of the model.
        revision = shipped_revision() if ms_per_comment is None else None
        inputs = Inputs.read(
            price_file, benchmark, token_lengths, hourly_shape, free_tier, savings_plan, revision=revision
        )
        comparison = Comparison.of(inputs, assumptions, ms_per_comment)
        first_screen = []
        if html or markdown or not (as_json or as_csv):
            from crypto_sentiment.simulation.latency import latencies

            first_screen = headline(comparison, latencies(comparison.own, [*SINGLE, *PACKED]))
        stale = inputs.prices.stale(today, comparison.keys_used)
        if as_json:
            print(data.as_json(comparison))
        elif as_csv:
            print(data.as_csv(comparison), end="")
        else:
            table.print_report(console, comparison, first_screen, full)
        if html or plots_to or markdown:
            from crypto_sentiment.cost.report import document, plots  # matplotlib, for those who asked for pictures

            document.write(comparison, first_screen, plots.draw_all(comparison), html, markdown, plots_to)
    except CostError as error:
        errors.print(f"error: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(BAD_INPUT) from error
    except ValueError as error:
        errors.print(f"error: --as-of: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(BAD_INPUT) from error
    for price in stale:
        errors.print(f"warning: price {price.key} was last checked on {price.date} ({price.source})", highlight=False)
    if strict and comparison.cheapest_passing is None:
        raise typer.Exit(OVER_BUDGET)
    if stale and not allow_stale:
        errors.print("warning: prices over 180 days old; renew with --refresh-prices, or pass --allow-stale")
        raise typer.Exit(STALE)


def _share_in(log: Path) -> float:
    """Raises CostError for a log that cannot be read, or tells no host."""
    if str(log) == "-":
        return vnni_share(sys.stdin)
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            return vnni_share(lines)
    except OSError as error:
        raise CostError(f"cannot read {log}: {error.strerror}") from error
