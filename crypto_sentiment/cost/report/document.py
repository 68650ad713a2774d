"""The report as one HTML file that stands alone, and as Markdown with its plots beside it."""

import base64
import html as markup
import os
from pathlib import Path

from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.mood import MoodBill
from crypto_sentiment.cost.report.deployed_by import ways
from crypto_sentiment.cost.report.differences import differences
from crypto_sentiment.cost.report.headline import worst_case
from crypto_sentiment.cost.report.plots import TITLES
from crypto_sentiment.cost.report.sections import Section, further_sections, usd
from lambda_fn.contract import Default

TITLE = "What scoring the comments costs"
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#1c2430}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #d7dce2;padding-bottom:.2rem}
table{border-collapse:collapse;width:100%;font-size:13px;margin:.8rem 0}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #eceff2;vertical-align:top}
th{color:#5a6673;font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.PASS{color:#137333;font-weight:600}.FAIL{color:#b3261e}.cannot{color:#9a6700}
img{max-width:100%;height:auto;margin:.6rem 0}.scroll{overflow-x:auto}
"""


def write(
    comparison: Comparison,
    first_screen: list[Section],
    plots: dict[str, bytes],
    html: Path | None,
    markdown: Path | None,
    plots_to: Path | None,
) -> None:
    """Write what was asked for. Raises CostError where a file cannot be written."""
    sections = [
        *first_screen,
        worst_case(comparison),
        *further_sections(comparison),
        mood(comparison),
        ways(comparison),
    ]
    sections += [section for section in (differences(comparison), prices(comparison)) if section.rows]
    try:
        if plots_to:
            plots_to.mkdir(parents=True, exist_ok=True)
            for name, png in plots.items():
                (plots_to / f"{name}.png").write_bytes(png)
        if html:
            html.parent.mkdir(parents=True, exist_ok=True)
            html.write_text(as_html(sections, plots), encoding="utf-8")
        if markdown and plots_to:
            markdown.parent.mkdir(parents=True, exist_ok=True)
            folder = Path(os.path.relpath(plots_to, markdown.parent)).as_posix()
            markdown.write_text(as_markdown(sections, folder), encoding="utf-8")
    except OSError as error:
        raise CostError(f"cannot write {error.filename}: {error.strerror}") from error


def mood(comparison: Comparison) -> Section:
    """What putting the mood together by the hour costs on top, where it is deployed."""
    assumptions, table = comparison.assumptions, comparison.inputs.prices
    section = Section("The mood on AWS, on top (-c mood=true)", columns=["USD a month", ""])
    parts = MoodBill(assumptions, table).parts()
    parts.pop("mood alarms")  # of the coins that are asked for
    alarm = MoodBill(assumptions, table).alarm_price()
    section.text = [
        f"A rollup every {Default.MOOD_MINUTES} minutes, from the objects of packed messages; an alarm on a coin's "
        f"mood is {alarm:.2f} more."
    ]
    section.rows = [[part, usd(value)] for part, value in parts.items()]
    section.rows.append(["all", usd(sum(parts.values()))])
    return section


def prices(comparison: Comparison) -> Section:
    """Every price row that a bill charges."""
    section = Section(
        f"Prices used ({comparison.inputs.prices.region})", columns=["row", "USD", "per", "mark", "source", "date"]
    )
    section.text = ["V: read in an AWS document or in a tested price file. S: secondary source. R: from memory."]
    for key in sorted(comparison.keys_used):
        row = comparison.inputs.prices.row(key)
        rates = ", then ".join(f"{tier.usd:.10f}".rstrip("0").rstrip(".") for tier in row.tiers)
        section.rows.append([key, rates, row.unit, row.mark, row.source, row.date.isoformat()])
    return section


def as_html(sections: list[Section], plots: dict[str, bytes]) -> str:
    body = "".join(_section_html(section, plots) for section in sections)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><h1>{TITLE}</h1>{body}</body></html>\n"
    )


def _section_html(section: Section, plots: dict[str, bytes]) -> str:
    parts = [f"<h2>{markup.escape(section.title)}</h2>"]
    parts += [f"<p>{markup.escape(paragraph)}</p>" for paragraph in section.text]
    if section.rows:
        head = "".join(f"<th>{markup.escape(column)}</th>" for column in section.columns)
        rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in section.rows)
        parts.append(f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>')
    for name in section.plots:
        if name in plots:
            picture = base64.b64encode(plots[name]).decode()
            parts.append(f'<img alt="{markup.escape(TITLES[name])}" src="data:image/png;base64,{picture}">')
    return "".join(parts)


def _cell(text: str) -> str:
    if text in ("PASS", "FAIL", "cannot"):
        return f'<td class="{text}">{text}</td>'
    number = text.replace(",", "").replace(".", "", 1).replace("-", "", 1)
    kind = ' class="n"' if number.isdigit() or text == "-" else ""
    return f"<td{kind}>{markup.escape(text)}</td>"


def as_markdown(sections: list[Section], plot_folder: str) -> str:
    lines = [f"# {TITLE}", "", "Written by `make cost-docs`; the figures are the command's, not typed.", ""]
    for section in sections:
        lines += [f"## {section.title}", ""]
        numbered = section.title == "Three findings"
        for index, paragraph in enumerate(section.text, 1):
            lines += [f"{index}. {paragraph}" if numbered else paragraph, ""]
        if section.rows:
            lines.append("| " + " | ".join(map(_plain, section.columns)) + " |")
            lines.append("|" + "---|" * len(section.columns))
            lines += ["| " + " | ".join(map(_plain, row)) + " |" for row in section.rows]
            lines.append("")
        lines += [line for name in section.plots for line in (f"![{TITLES[name]}]({plot_folder}/{name}.png)", "")]
    return "\n".join(lines).rstrip() + "\n"


def _plain(cell: str) -> str:
    return cell.replace("|", "\\|")
