"""The report in a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.report.sections import Section, all_sections

STYLES = {"PASS": "bold green", "FAIL": "red", "late": "yellow"}
HIDDEN = {"Where the figures come from"}  # long sources: in the HTML and Markdown reports


def print_report(console: Console, comparison: Comparison) -> None:
    for section in all_sections(comparison):
        if section.title not in HIDDEN:
            print_section(console, section)
    console.print("Sources of every figure: --html or --markdown.", style="dim")


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
    return cell.replace(",", "").replace(".", "").replace("-", "").isdigit() or cell in ("-", "")
