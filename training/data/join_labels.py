"""Put the texts back: join `training/data/labels.csv.gz` to the public repositories that published the comments.

    python -m training.data.join_labels --sources build/training/sources --download

writes labelled.jsonl.gz and dev.jsonl.gz and says how many labels of each source found their text. Comments with a
Reddit id are found in any file of their repository; those numbered by row only in the very file.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from training.data.labels import DEFAULT_LABELS, REDDIT_IDS, checks_path, read_checks, read_labels, text_hash
from training.data.records import DataError, Record, repository_of, write_records
from training.data.sources.checkouts import DEFAULT_FOLDER, checkout
from training.data.sources.errors import SourceError
from training.data.sources.registry import SOURCES, read_source

# Share of the checked comments that must have kept their text; a few are edited or decoded differently.
SAME = 0.9


@dataclass
class Joined:
    """Labelled comments, and per repository how many labels there are and how many found their text.

    changed: source files whose texts are not those that were labelled; their labels are left out.
    """

    train: list[Record] = field(default_factory=list)
    dev: list[Record] = field(default_factory=list)
    labels: Counter = field(default_factory=Counter)
    found: Counter = field(default_factory=Counter)
    changed: list[str] = field(default_factory=list)


def key(source: str, id: str) -> tuple[str, str]:
    repository = repository_of(source)
    return (repository if repository in REDDIT_IDS else source), id


def join(labels: Path, comments: Iterable[Record]) -> Joined:
    """Join the labels of a file to `comments`."""
    texts: dict[tuple[str, str], Record] = {}
    for comment in comments:
        texts.setdefault(key(comment["source"], comment["id"]), comment)
    joined = Joined(changed=changed_files(read_checks(checks_path(labels)), texts))
    for label in read_labels(labels):
        repository = repository_of(label.source)
        joined.labels[repository] += 1
        comment = texts.get(key(label.source, label.id))
        if comment is not None and label.source not in joined.changed:
            joined.found[repository] += 1
            record = {**comment, "source": label.source, "score": label.score}
            (joined.train if label.split == "train" else joined.dev).append(record)
    return joined


def join_public(labels: Path, comments: Iterable[Record]) -> Joined:
    """Join the labels of a file to the public sources' comments. Raises DataError if none of them finds its text."""
    joined = join(labels, comments)
    if not joined.found:
        raise DataError(f"not one label of {labels} found its text among the sources' comments")
    return joined


def changed_files(checks: dict[tuple[str, str], str], texts: dict[tuple[str, str], Record]) -> list[str]:
    """Source files in which fewer than nine checked comments in ten still have the text that was labelled.

    A label on the wrong text is worse than none: where upstream has renumbered its rows, all of them would be wrong.
    """
    right, checked = Counter(), Counter()
    for (source, id), expected in checks.items():
        comment = texts.get(key(source, id))
        if comment is not None:
            checked[source] += 1
            right[source] += text_hash(comment["text"]) == expected
    return [source for source in checked if right[source] < SAME * checked[source]]


def gather(folder: Path, download: bool, needed: Iterable[str] | None = None) -> Iterator[Record]:
    """Comments of the public sources (those of `needed`, default all) from their checkouts.

    Raises SourceError for a source that cannot be had.
    """
    names = [
        name for name, source in SOURCES.items() if source.kind == "comments" and (needed is None or name in needed)
    ]
    # All checkouts first: what is missing should be said before an hour of reading, not after.
    checkouts = {name: checkout(SOURCES[name], folder, download) for name in names}
    for name, path in track(checkouts.items(), description="Reading sources", console=Console(stderr=True)):
        yield from read_source(name, path)


def main(
    sources: Annotated[Path, typer.Option(help="Checkouts of the public sources.")] = DEFAULT_FOLDER,
    labels: Annotated[Path, typer.Option(help="The labels without texts.")] = DEFAULT_LABELS,
    out: Annotated[Path, typer.Option(help="Folder for labelled.jsonl.gz and dev.jsonl.gz.")] = Path(
        "build/training/joined"
    ),
    download: Annotated[bool, typer.Option("--download", help="Fetch missing sources from GitHub.")] = False,
    partly: Annotated[bool, typer.Option("--partly", help="Go on without the sources that are missing.")] = False,
) -> None:
    """Join the committed labels to the texts of the public repositories they came from.

    Exits with 1 if a source is missing (unless --partly) or no label found its text.
    """
    try:
        wanted = {repository_of(label.source) for label in read_labels(labels)}
        available = wanted
        if partly:
            available = {name for name in wanted if has(name, sources, download)}
        joined = join_public(labels, gather(sources, download, available))
        write_records(out / "labelled.jsonl.gz", joined.train)
        write_records(out / "dev.jsonl.gz", joined.dev)
    except (DataError, SourceError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    table = Table("source", "labels", "found")
    for repository, count in joined.labels.most_common():
        table.add_row(repository, f"{count:,}", f"{joined.found[repository]:,}")
    table.add_row("all", f"{joined.labels.total():,}", f"{joined.found.total():,}")
    Console().print(table)
    say_what_changed(joined)


def say_what_changed(joined: Joined) -> None:
    for source in joined.changed:
        typer.secho(
            f"left out: {source} has other texts under these ids than those that were labelled", fg="yellow", err=True
        )


def has(name: str, folder: Path, download: bool) -> bool:
    try:
        checkout(SOURCES[name], folder, download)
    except SourceError as error:
        typer.secho(f"left out: {error}", fg="yellow", err=True)
        return False
    return True


if __name__ == "__main__":
    typer.run(main)
