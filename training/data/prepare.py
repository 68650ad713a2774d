"""Step 1: from the sources to four files that the other steps read, cleaned, free of duplicates and of leaks.

    python -m training.data.prepare --data-dir ../data                    # a folder of ours, and labels.csv.gz
    python -m training.data.prepare --download                            # the public sources, and labels.csv.gz
    python -m training.data.prepare --data-dir ../data --evaluation x.csv # also keep away from an evaluation set

writes labelled.jsonl.gz, dev.jsonl.gz, unlabelled.jsonl.gz (id, text, score where labelled, subreddit, created_utc,
source), general.jsonl.gz (id, text, label, source) and prepare.json (what came in, what was dropped and why).

A comment that labels.csv.gz (beside this file) has a label for is labelled, whichever file it came in, unless that
label is one of the development set. A score that the folder's own labelled file gives a comment stands.

No text of dev.jsonl.gz, nor one near it, is in the other three; unlabelled.jsonl.gz shares none with labelled.jsonl.gz.
Running it again with the same inputs does nothing, unless --again.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from training.data.cleaning import why_dropped
from training.data.join_labels import gather, join, join_public, key, say_what_changed
from training.data.labels import DEFAULT_LABELS, checks_path
from training.data.leakage import LeakageGuard, evaluation_texts
from training.data.near_duplicates import NearDuplicates
from training.data.records import FILES, PREPARED, DataError, Record, read_records, write_records
from training.data.sources.checkouts import DEFAULT_FOLDER, checkout
from training.data.sources.errors import SourceError
from training.data.sources.registry import SOURCES, read_source
from training.data.sources.stocktwits import download_stocktwits, read_stocktwits

SEED = 20_220_501
# Raise it when the rules below change, so that prepared data is made again.
VERSION = 2
FIELDS = ("id", "text", "score", "label", "subreddit", "created_utc", "source")
# StockTwits labels are their authors' own and lean bullish; this many of each keep the warm-up balanced.
STOCKTWITS_PER_LABEL = 20_000


@dataclass(frozen=True)
class Inputs:
    """Where the data comes from: a folder of ours, or checkouts of the public sources; and further labels for it."""

    data_dir: Path | None = None
    sources: Path = DEFAULT_FOLDER
    labels: Path = DEFAULT_LABELS
    download: bool = False
    stocktwits: str | None = None
    evaluation: Path | None = None

    def fingerprint(self) -> str:
        """Changes when an input file, or the rules of this step, do."""
        digest = hashlib.sha256(f"{VERSION} {SEED} {self.stocktwits}".encode())
        roots = [self.data_dir or self.sources, self.labels, checks_path(self.labels), self.evaluation]
        for root in roots:
            for path in sorted([root, *root.rglob("*")] if root else []):
                if path.is_file():
                    digest.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
        return digest.hexdigest()

    def are_prepared(self, out: Path) -> bool:
        """Whether the four files are in `out` and were made from these inputs as they are now."""
        stamp = out / "prepare.json"
        whole = stamp.exists() and all((out / f"{name}.jsonl.gz").exists() for name in FILES)
        return whole and json.loads(stamp.read_text()).get("inputs") == self.fingerprint()


def load_folder(folder: Path, labels: Path) -> dict[str, list[Record]]:
    """labelled, dev, unlabelled and general of a folder in the form of our own data.

    labels: a further file of labels (labels.csv.gz); those to train on are joined to the folder's comments.
    """
    general = sorted((folder / "general").glob("*.jsonl*"))
    if not general:
        raise DataError(f"{folder / 'general'} holds no .jsonl.gz files")
    fields = ("id", "text", "source")
    data = {
        "labelled": list(read_records(either(folder, "labelled.jsonl"), (*fields, "score"))),
        "dev": list(read_records(either(folder, "dev.jsonl"), (*fields, "score"))),
        "unlabelled": list(read_records(either(folder, "comments.jsonl"), fields)),
        "general": [record for path in general for record in read_records(path, (*fields, "label"))],
    }
    joined = join(labels, data["unlabelled"])
    say_what_changed(joined)
    own = {key(record["source"], record["id"]) for name in ("labelled", "dev") for record in data[name]}
    data["labelled"] += [record for record in joined.train if key(record["source"], record["id"]) not in own]
    return data


def either(folder: Path, name: str) -> Path:
    """`name` in `folder`, gzipped or not."""
    plain, zipped = folder / name, folder / f"{name}.gz"
    if not plain.exists() and not zipped.exists():
        raise DataError(
            f"{folder} holds neither {name} nor {name}.gz: --data-dir (DATA_DIR) names a folder of our data"
        )
    return zipped if zipped.exists() else plain


def load_public(inputs: Inputs) -> dict[str, list[Record]]:
    """The same four from the public sources and the committed labels."""
    texts = list(gather(inputs.sources, inputs.download))
    joined = join_public(inputs.labels, texts)
    say_what_changed(joined)
    general = [
        record
        for source in SOURCES.values()
        if source.kind == "general"
        for record in read_source(source.name, checkout(source, inputs.sources, inputs.download))
    ]
    return {"labelled": joined.train, "dev": joined.dev, "unlabelled": texts, "general": general}


def load_stocktwits(where: str) -> list[Record]:
    """A balanced, seeded sample of StockTwits messages; `where` is a path to the spreadsheet, or "hub"."""
    records = list(read_stocktwits(download_stocktwits() if where == "hub" else Path(where)))
    random.Random(SEED).shuffle(records)
    taken: Counter[str] = Counter()
    sample = []
    for record in records:
        if taken[record["label"]] < STOCKTWITS_PER_LABEL:
            taken[record["label"]] += 1
            sample.append(record)
    return sample


def clean(records: Iterable[Record]) -> tuple[list[Record], Counter]:
    """Records worth keeping, with only the known fields, and how many were dropped for which reason."""
    kept, dropped = [], Counter()
    for record in records:
        reason = why_dropped(record["text"], record.get("author"))
        if reason:
            dropped[reason] += 1
        else:
            kept.append({field: record[field] for field in FIELDS if field in record})
    return kept, dropped


def distinct(records: list[Record], index: NearDuplicates, name: str) -> tuple[list[Record], Counter]:
    """Records of the file `name` that nearly equal none in `index` nor one before them; they are added to it."""
    names = [f"{name} {number}" for number in range(len(records))]
    matches = index.add_distinct(names, [record["text"] for record in records], f"{name}: duplicates")
    own = set(names)
    kept = [record for record, match in zip(records, matches, strict=True) if match is None]
    dropped = Counter("duplicate" if match in own else "in another file" for match in matches if match is not None)
    return kept, dropped


def prepare(inputs: Inputs, out: Path) -> dict:
    """Write the four files and return the report (counts only). Raises DataError or SourceError."""
    data = load_folder(inputs.data_dir, inputs.labels) if inputs.data_dir else load_public(inputs)
    if inputs.stocktwits:
        data["general"] += load_stocktwits(inputs.stocktwits)
    report = {name: {"read": len(data[name])} for name in FILES}
    dropped: dict[str, Counter] = {}
    for name in FILES:
        # The development set is not cleaned: figures on it must remain comparable.
        data[name], dropped[name] = clean(data[name]) if name != "dev" else (keep_fields(data[name]), Counter())

    for kind, guard in guards(inputs, data["dev"]):
        # An evaluation set may not be chosen or calibrated on either.
        for name in FILES if kind == "evaluation" else ("labelled", "unlabelled", "general"):
            data[name], reasons = guard.keep(data[name], f"{name}: away from the {kind} set")
            dropped[name].update({f"{kind} set, {reason}": count for reason, count in reasons.items()})

    # One index for the comments, labelled first: an unlabelled twin of a labelled comment would add nothing.
    comments = NearDuplicates()
    for name, index in (("labelled", comments), ("unlabelled", comments), ("general", NearDuplicates())):
        data[name], reasons = distinct(data[name], index, name)
        dropped[name].update(reasons)

    for name in FILES:
        path = out / f"{name}.jsonl.gz"
        report[name] |= {"dropped": dict(sorted(dropped[name].items())), "kept": write_records(path, data[name])}
        report[name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return report


def keep_fields(records: list[Record]) -> list[Record]:
    return [{field: record[field] for field in FIELDS if field in record} for record in records]


def guards(inputs: Inputs, dev: list[Record]) -> list[tuple[str, LeakageGuard]]:
    found = [("development", LeakageGuard(record["text"] for record in dev))]
    if inputs.evaluation:
        found.append(("evaluation", LeakageGuard(evaluation_texts(inputs.evaluation))))
    return found


def main(
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="DATA_DIR", help="Folder with labelled, dev, comments and general/ as .jsonl(.gz)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the four files go.")] = PREPARED,
    sources: Annotated[Path, typer.Option(help="Checkouts of the public sources, if there is no --data-dir.")] = (
        DEFAULT_FOLDER
    ),
    labels: Annotated[Path, typer.Option(help="Labels without texts, to join to the comments.")] = DEFAULT_LABELS,
    download: Annotated[bool, typer.Option("--download", help="Fetch missing sources from GitHub.")] = False,
    stocktwits: Annotated[
        str | None, typer.Option(help='Add StockTwits messages to the warm-up: "hub", or a path to st-data-full.xlsx.')
    ] = None,
    evaluation: Annotated[Path | None, typer.Option(help="CSV whose texts must not be learned from.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Make the files even if the inputs have not changed.")] = False,
) -> None:
    """Clean the data, remove near-duplicates and leaks, and write what the training steps read."""
    inputs = Inputs(data_dir, sources, labels, download, stocktwits, evaluation)
    stamp = out / "prepare.json"
    if not again and inputs.are_prepared(out):
        typer.echo(f"{out} is up to date")
        return
    try:
        stamp.unlink(missing_ok=True)
        report = prepare(inputs, out)
    except (DataError, SourceError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    # Downloads change the inputs, so the fingerprint is taken again.
    stamp.write_text(json.dumps({"inputs": inputs.fingerprint(), "files": report}, indent=1) + "\n")
    show(report)


def show(report: dict) -> None:
    table = Table("file", "read", "dropped", "kept")
    for name, row in report.items():
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in row["dropped"].items())
        table.add_row(f"{name}.jsonl.gz", f"{row['read']:,}", reasons or "nothing", f"{row['kept']:,}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
