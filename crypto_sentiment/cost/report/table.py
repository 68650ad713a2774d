"""The report in a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.report.headline import worst_case
from crypto_sentiment.cost.report.sections import Section, further_sections

STYLES = {"PASS": "bold green", "FAIL": "red", "cannot": "yellow"}
HIDDEN = {"Where the figures come from"}  # long sources: in the HTML and Markdown reports


def print_report(console: Console, comparison: Comparison, first_screen: list[Section], full: bool) -> None:
    """The first screen; with `full` all that follows."""
    further = [worst_case(comparison), *further_sections(comparison)] if full else []
    for section in [*first_screen, *further]:
        if section.title not in HIDDEN:
            print_section(console, section)
    more = "" if full else "Every way, part by part, break-even points, the predecessor: --full. "
    console.print(f"{more}Sources of every figure: --html or --markdown.", style="dim")


def print_section(console: Console, section: Section) -> None:
    console.print(f"\n{section.title}", style="bold")
    for paragraph in section.text:
        console.print(paragraph, highlight=False, markup=False)
    if not section.rows:
        return
    table = Table(show_edge=False, pad_edge=False, header_style="dim")
    for index, column in enumerate(section.columns):
        numeric = index > 0 and all(_is_number(row[index]) for row in section.rows)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=numeric)
    for row in section.rows:
        table.add_row(*(Text(cell, STYLES.get(cell, "")) for cell in row))
    console.print(table)


def _is_number(cell: str) -> bool:
    plain = cell.replace(",", "").replace(".", "").replace("-", "")
    return plain.isdigit() or cell in ("-", "") or cell.endswith((" ms", " s"))
