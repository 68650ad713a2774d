"""Finding a source on this machine, or downloading it from GitHub.

    python -m training.data.sources.checkouts            # what is here, what is missing
    python -m training.data.sources.checkouts --download # fetch what is missing

A checkout may be a `git clone` or an unpacked archive, at <folder>/<owner>/<name> or <folder>/<name>.
"""

import fnmatch
import os
import shutil
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import wrap_file
from rich.table import Table

from training.data.sources.errors import SourceError
from training.data.sources.registry import SOURCES, Source

DEFAULT_FOLDER = Path("build/training/sources")
ARCHIVES = "https://codeload.github.com"
TIMEOUT_SECONDS = 60


def find_checkout(source: Source, folder: Path) -> Path | None:
    """The source's checkout under `folder`, or None."""
    owner, name = source.name.split("/")
    for candidate in (folder / owner / name, folder / name):
        if candidate.is_dir():
            return candidate
    return None


def checkout(source: Source, folder: Path, download: bool = False) -> Path:
    """The source's checkout, downloaded first if absent and `download`. Raises SourceError if it cannot be had."""
    found = find_checkout(source, folder)
    if found:
        return found
    if download:
        return fetch(source, folder)
    owner, name = source.name.split("/")
    raise SourceError(
        f"{source.name} is not in {folder}. Either: git clone {source.url} {folder / owner / name}; or pass "
        "--download; or give a folder of prepared files with --data-dir."
    )


def fetch(source: Source, folder: Path, archives: str = ARCHIVES) -> Path:
    """Download the source's archive from GitHub and keep only the files it needs. Whole or not at all.

    Raises SourceError naming the public address and the local alternative.
    """
    owner, name = source.name.split("/")
    target = folder / owner / name
    partial = target.with_name(name + ".partial")
    url = f"{archives}/{source.name}/tar.gz/{source.revision}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            size = int(response.headers.get("Content-Length") or 0)
            with wrap_file(response, size, description=source.name, console=Console(stderr=True)) as stream:
                kept = unpack(source, stream, partial)
    except (urllib.error.URLError, tarfile.TarError, OSError, EOFError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise SourceError(
            f"cannot download {url} ({error}). Where GitHub is not reachable, copy a checkout of {source.url} "
            f"to {target}."
        ) from None
    if not kept:
        shutil.rmtree(partial, ignore_errors=True)
        raise SourceError(f"{url} has none of the files {source.files}: has the repository changed? See {source.url}")
    os.replace(partial, target)
    return target


def unpack(source: Source, stream, target: Path) -> int:
    """Unpack the wanted files of a GitHub archive, without its leading folder; returns how many."""
    kept = 0
    with tarfile.open(fileobj=stream, mode="r|gz") as archive:
        for member in archive:
            path = member.name.partition("/")[2]
            if member.isfile() and any(fnmatch.fnmatch(path, pattern) for pattern in source.files):
                # The "data" filter refuses absolute paths, links and paths that lead out of the folder.
                archive.extract(member.replace(name=path, deep=False), target, filter="data")
                kept += 1
    return kept


def main(
    folder: Annotated[Path, typer.Option(help="Where the checkouts are.")] = DEFAULT_FOLDER,
    download: Annotated[bool, typer.Option("--download", help="Fetch from GitHub what is missing.")] = False,
) -> None:
    """List the public sources, and download those that are missing. Exits with 1 if one cannot be had."""
    table = Table("source", "kind", "licence", "checkout")
    failed = []
    for source in SOURCES.values():
        try:
            where = str(checkout(source, folder, download))
        except SourceError as error:
            where = "missing"
            failed.append(str(error))
        table.add_row(source.name, source.kind, source.licence, where)
    Console().print(table)
    for message in failed:
        typer.secho(f"error: {message}", fg="red", err=True)
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
