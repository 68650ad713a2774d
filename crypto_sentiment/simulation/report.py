"""What was played, as two tables: what callers and operators would see, and the bill beside the estimate's."""

from rich.table import Table

from crypto_sentiment.simulation.agreement import Agreement
from crypto_sentiment.simulation.span import Cell


def service_table(results: list[Agreement], volume: float) -> Table:
    """What callers and operators would see."""
    table = Table(title=f"A day of {volume:,.0f} comments", title_justify="left", show_edge=False)
    for column in ("option", "events played", "hours played", "p50 s", "p99 s", "p99.9 s", "concurrent, most",
                   "backlog, most", "tried again", "cold starts", "tasks"):  # fmt: skip
        table.add_column(column, justify="left" if column == "option" else "right")
    for result in results:
        p = result.played
        tasks = f"{min(p.tasks)}-{max(p.tasks)}" if p.tasks else ""
        cold = "" if p.tasks else f"{p.cold_starts:,.0f}"
        table.add_row(
            result.bill.option, f"{p.events:,}", f"{p.played_s / 3600:.2f}",
            *(f"{p.percentile(share):.3g}" for share in (50, 99, 99.9)),
            f"{p.most_concurrent:,}", f"{p.most_backlog:,}", f"{p.retries:,}", cold, tasks,
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


def span_table(cells: list[Cell]) -> Table:
    """Where the estimate holds, and where not: the simulation's total beside it, and the parts that are off."""
    table = Table(title="Where the estimate holds", title_justify="left", show_edge=False)
    for column in ("option", "changed", "difference", "holds", "parts that differ by over 5 %, or why it cannot run"):
        table.add_column(column, justify="right" if column == "difference" else "left")
    for cell in cells:
        difference = "-" if cell.difference is None else f"{cell.difference:+.2%}"
        holds = "cannot run" if cell.difference is None else "yes" if cell.holds else "no"
        table.add_row(cell.option, cell.what, difference, holds, cell.note)
    return table


def as_markdown(table: Table) -> str:
    """A rich table as a Markdown section."""
    rows = zip(*(column.cells for column in table.columns), strict=True)
    lines = [f"## {table.title}", "", "| " + " | ".join(str(column.header) for column in table.columns) + " |"]
    lines += ["|" + "---|" * len(table.columns), *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""]
    return "\n".join(lines)
