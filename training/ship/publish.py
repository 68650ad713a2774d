"""The last, optional step: push an artifact folder to a Hugging Face repository. A dry run unless --push.

    python -m training.ship.publish you/distilbert-crypto-sentiment            # what would be uploaded, and where
    python -m training.ship.publish you/distilbert-crypto-sentiment --push     # needs HF_TOKEN, or hf auth login

Only what the manifest lists is uploaded, and only if every file is byte for byte what the manifest says.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from rich.console import Console
from rich.table import Table

ARTIFACT = Path("model_artifacts/distilbert-crypto-sentiment")
MANIFEST = "manifest.json"


class PublishError(RuntimeError):
    """The artifact is not what its manifest says, or the hub refused it. Nothing was uploaded."""


@dataclass(frozen=True)
class Artifact:
    """A verified folder: its revision, and (path, bytes, sha256) of every file, the manifest included."""

    folder: Path
    revision: str
    files: list[tuple[str, int, str]]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path) -> Artifact:
    """Check the folder against its manifest. Raises PublishError naming every file that is missing, differs or is not
    listed.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        listed = {name: entry["sha256"] for name, entry in manifest["files"].items()}
        revision = manifest["revision"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"{folder / MANIFEST} is missing or not a manifest: {error!r}") from None
    problems = []
    files = []
    for name, expected in sorted(listed.items()):
        path = folder / name
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            problems.append(f"{name}: leads out of the folder")
        elif not path.is_file():
            problems.append(f"{name}: missing")
        elif sha256(path) != expected:
            problems.append(f"{name}: its sha256 is not the manifest's")
        else:
            files.append((name, path.stat().st_size, expected))
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    problems += [f"{name}: not in the manifest" for name in sorted(present - set(listed) - {MANIFEST})]
    if problems:
        raise PublishError(
            "the artifact does not match its manifest, so it is not published:\n  " + "\n  ".join(problems)
        )
    manifest_path = folder / MANIFEST
    return Artifact(folder, revision, [*files, (MANIFEST, manifest_path.stat().st_size, sha256(manifest_path))])


def push(artifact: Artifact, repository: str, private: bool, api: HfApi) -> str:
    """Upload the artifact in one commit and return the commit's address. Raises PublishError if the hub refuses."""
    try:
        api.create_repo(repository, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            folder_path=artifact.folder,
            allow_patterns=[name for name, _, _ in artifact.files],
            commit_message=f"Revision {artifact.revision}",
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise PublishError(
            f"https://huggingface.co/{repository} was not written ({type(error).__name__}: {error}). Is the hub "
            "reachable, and does the token (hf auth login, or HF_TOKEN) have write access?"
        ) from None
    return str(commit)


def main(
    repository: Annotated[str, typer.Argument(help="Hugging Face repository, owner/name.")],
    folder: Annotated[Path, typer.Option(help="The artifact folder.")] = ARTIFACT,
    do_push: Annotated[
        bool, typer.Option("--push", help="Upload. Without it, only say what would be uploaded.")
    ] = False,
    private: Annotated[bool, typer.Option("--private", help="Create the repository as private.")] = False,
) -> None:
    """Push an artifact folder to a Hugging Face repository; a dry run unless --push.

    Exits with 1 if a file does not match the manifest, or the hub refuses.
    """
    try:
        artifact = verify(folder)
        table = Table("file", "bytes", "sha256")
        for name, size, digest in artifact.files:
            table.add_row(name, f"{size:,}", digest)
        Console(width=110).print(table)
        total = sum(size for _, size, _ in artifact.files)
        where = f"https://huggingface.co/{repository} ({'private' if private else 'public'} if new)"
        typer.echo(f"revision {artifact.revision}: {len(artifact.files)} files, {total:,} bytes, to {where}")
        if do_push:
            typer.echo(f"published: {push(artifact, repository, private, HfApi())}")
        else:
            typer.echo("dry run: nothing was uploaded; add --push")
    except PublishError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
