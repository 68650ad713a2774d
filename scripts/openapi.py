"""Write the API's OpenAPI document to docs/openapi.json, or check that it is up to date.

python -m scripts.openapi            writes it
python -m scripts.openapi --check    exits with 1 if it differs
"""

import json
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "openapi.json"


def main(
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit with 1 if the document is stale.")] = False,
) -> None:
    """Write docs/openapi.json from the code. Exit codes: 0 written or up to date, 1 stale (with --check)."""
    content = current()
    if not check:
        DOCUMENT.write_text(content)
        typer.echo(f"wrote {DOCUMENT.relative_to(ROOT)}")
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != content:
        typer.echo("docs/openapi.json is stale: run python -m scripts.openapi", err=True)
        raise typer.Exit(1)


def current() -> str:
    """The document as the code describes it, in the form that is committed."""
    from lambda_fn.http.app import create_app
    from lambda_fn.settings import Settings

    return json.dumps(create_app(Settings(), None).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    typer.run(main)
