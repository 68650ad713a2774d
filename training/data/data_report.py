"""What the prepared data looks like: counts, duplicates, lengths, labels, subreddits, years, emoji and links.

    python -m training.data.data_report

reads build/training/data and writes docs/data/: report.json, README.md made from it, and pictures. Aggregates only,
no text of anyone's.
"""

import json
import re
import unicodedata
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from training.data.data_pictures import draw
from training.data.distributions import TOKENIZER_PACKAGE, count_tokens, hourly_shape
from training.data.records import FILES, PREPARED, DataError, Record, calendar_year, read_records, repository_of

_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_QUOTE = re.compile(r"^[ \t]*>(?!!)", re.MULTILINE)
PERCENTILES = (50, 90, 99)
TOP_SUBREDDITS = 12


def describe(records: list[Record], tokens: np.ndarray) -> dict:
    """Aggregates of one file: sizes, lengths, labels, subreddits, years, sources, and shares in 0..1.

    tokens: of each record's text, int64 [records].
    """
    texts = [record["text"] for record in records]
    labels = Counter(value for record in records if (value := record.get("score", record.get("label"))) is not None)
    years = Counter(calendar_year(record.get("created_utc")) for record in records)
    subreddits = Counter((record.get("subreddit") or "unknown").lower() for record in records)
    return {
        "texts": len(texts),
        "words": lengths(np.array([len(text.split()) for text in texts])),
        "tokens": lengths(tokens),
        "over_window": {str(limit): round(float((tokens > limit).mean()), 5) for limit in (128, 256, 512)},
        "labels": {str(value): count for value, count in sorted(labels.items())},
        "sources": dict(Counter(repository_of(record["source"]) for record in records).most_common()),
        "subreddits": dict(subreddits.most_common(TOP_SUBREDDITS)),
        "years": {str(year): years[year] for year in sorted(filter(None, years))} | {"unknown": years[None]},
        "shares": {
            "with_emoji": share(texts, has_emoji),
            "with_link": share(texts, lambda text: bool(_LINK.search(text))),
            "with_quoted_parent": share(texts, lambda text: bool(_QUOTE.search(text))),
            "question": share(texts, lambda text: text.rstrip().endswith("?")),
        },
    }


def lengths(values: np.ndarray) -> dict:
    """Mean, percentiles 50, 90 and 99, and maximum."""
    at = np.percentile(values, PERCENTILES, method="inverted_cdf")
    named = {f"p{percent}": int(value) for percent, value in zip(PERCENTILES, at, strict=True)}
    return {"mean": round(float(values.mean()), 2), **named, "max": int(values.max())}


def share(texts: list[str], test) -> float:
    return round(sum(map(test, texts)) / len(texts), 4)


def has_emoji(text: str) -> bool:
    """Whether a pictograph is in the text: Unicode category So beyond the Basic Latin symbols such as © and ®."""
    return any(character > "\u2000" and unicodedata.category(character) == "So" for character in text)


def markdown(report: dict) -> str:
    """The report as a page: tables from the JSON and nothing typed by hand."""
    files = report["files"]
    lines = [
        "# The training data in figures",
        "",
        "Made by `python -m training.data.data_report` from the prepared data; `report.json` holds the same figures.",
        "What the sources are, and under which licences, is in [training/DATA.md](../../training/DATA.md).",
        "",
        "## Files",
        "",
        *table(
            [
                "file",
                "texts",
                "words: mean, median, p99",
                "tokens: mean, median, p90, p99",
                "over 128 / 256 / 512 tokens",
            ],
            [
                [
                    f"`{name}.jsonl.gz`",
                    f"{row['texts']:,}",
                    f"{row['words']['mean']}, {row['words']['p50']}, {row['words']['p99']}",
                    ", ".join(str(row["tokens"][key]) for key in ("mean", "p50", "p90", "p99")),
                    " / ".join(f"{value:.2%}" for value in row["over_window"].values()),
                ]
                for name, row in files.items()
            ],
        ),
        "",
        f"Tokens are those of {report['tokenizer']} after `lambda_fn.model.text.normalise`, the two markers included.",
        "",
        "![Token lengths](lengths.png)",
        "",
        "## What was dropped",
        "",
        *table(
            ["file", "read", "reason", "texts"],
            [
                [f"`{name}.jsonl.gz`", f"{row['read']:,}", reason, f"{count:,}"]
                for name, row in report["prepared"].items()
                for reason, count in (row["dropped"] or {"nothing": 0}).items()
            ],
        ),
        "",
        "## Labels",
        "",
        *table(
            ["file", "label", "texts", "share"],
            [
                [f"`{name}.jsonl.gz`", value, f"{count:,}", f"{count / sum(row['labels'].values()):.1%}"]
                for name, row in files.items()
                for value, count in row["labels"].items()
            ],
        ),
        "",
        "![Labels](labels.png)",
        "",
        "## What is in the texts",
        "",
        *table(
            ["file", "with emoji", "with a link", "quoting the parent", "ending in ?"],
            [
                [f"`{name}.jsonl.gz`", *(f"{row['shares'][key]:.1%}" for key in row["shares"])]
                for name, row in files.items()
            ],
        ),
        "",
        "## Where and when (unlabelled comments)",
        "",
        "![Subreddits, years and hours](origin.png)",
        "",
        *table(["source", "texts"], [[name, f"{n:,}"] for name, n in files["unlabelled"]["sources"].items()]),
        "",
        *table(["year", "texts"], [[year, f"{n:,}"] for year, n in files["unlabelled"]["years"].items()]),
        "",
    ]
    return "\n".join(lines)


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def main(
    data: Annotated[Path, typer.Option(help="Folder of prepared data.")] = PREPARED,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("docs/data"),
) -> None:
    """Describe the prepared data: report.json, README.md and pictures."""
    try:
        prepared = json.loads((data / "prepare.json").read_text())["files"]
        records = {name: list(read_records(data / f"{name}.jsonl.gz")) for name in FILES}
        for name, found in records.items():
            if not found:
                raise DataError(f"{data / name}.jsonl.gz is empty")
        hours = hourly_shape(records["unlabelled"])
    except FileNotFoundError:
        typer.secho(f"error: {data} is not prepared; run python -m training.data.prepare first", fg="red", err=True)
        raise typer.Exit(1) from None
    except DataError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    tokens = {name: count_tokens((record["text"] for record in found), None, name) for name, found in records.items()}
    report = {
        "tokenizer": f"{TOKENIZER_PACKAGE} {version(TOKENIZER_PACKAGE)}",
        "prepared": {name: {key: row[key] for key in ("read", "dropped", "kept")} for name, row in prepared.items()},
        "files": {name: describe(found, tokens[name]) for name, found in records.items()},
        "hours_utc": hours,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (out / "README.md").write_text(markdown(report), encoding="utf-8")
    draw(report, tokens, out)
    typer.echo(f"report.json, README.md and pictures in {out}")


if __name__ == "__main__":
    typer.run(main)
