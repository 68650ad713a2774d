"""crypto-sentiment convert: dumps, and any other file of comments, into Parquet for Spark and DuckDB."""

from pathlib import Path
from typing import Annotated

import typer


def convert(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE... OUTPUT", help="files, folders, patterns or s3://BUCKET/PREFIX; last a folder"
        ),
    ],
    columns: Annotated[
        str | None, typer.Option(help="fields to keep beside id and text, separated by commas; default all")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="field of the text; dotted where it lies deeper")] = None,
    id_column: Annotated[str | None, typer.Option(help="field of the id")] = None,
    time_column: Annotated[str | None, typer.Option(help="field of the time")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="sources that are read at once")] = 1,
) -> None:
    """Turn files of comments into Parquet that Spark can split: zstd dumps, gzip, CSV, JSON.

    Streams, so that size does not matter; run the same command again after an interrupt, and it goes on.
    Exit codes: 0 done; 1 a source cannot be read; 2 wrong usage; 130 interrupted, the same command goes on.

    Example: crypto-sentiment convert RC_2024-01.zst comments/
    """
    from lambda_fn.contract import Exit

    if len(paths) < 2:
        typer.echo("Error: name at least one source, and the output folder last. See --help.", err=True)
        raise typer.Exit(Exit.USAGE)
    from concurrent.futures import ProcessPoolExecutor

    from crypto_sentiment.files.convert import Conversion
    from crypto_sentiment.files.errors import InputError, OutputError
    from crypto_sentiment.files.places import find_places
    from crypto_sentiment.files.source import Asked

    output = Path(paths[-1])
    asked = Asked(text_column=text_column, id_column=id_column, time_column=time_column)
    kept = None if columns is None else frozenset(name.strip() for name in columns.split(","))
    try:
        places, _ = find_places(paths[:-1], output)
        output.mkdir(parents=True, exist_ok=True)
        conversion = Conversion(output, asked, kept)
        rows = 0
        with ProcessPoolExecutor(workers) as pool:
            for place, count in zip(places, pool.map(conversion.run, places), strict=True):
                rows += count
                typer.echo(f"{place.name}: {count:,} comments", err=True)
    except KeyboardInterrupt:
        typer.echo("Interrupted. Run the same command again to go on.", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except (InputError, OutputError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(Exit.FAILED) from None
    except OSError as error:
        typer.echo(f"Error: {error.filename or output}: {error.strerror or error}", err=True)
        raise typer.Exit(Exit.FAILED) from None
    typer.echo(f"{rows:,} comments in {output}", err=True)
