"""The real comments of May 2022 with their threads and authors, ready to be scored: what README's picture is made of.

    python -m training.data.may_2022 --comments comments.jsonl.gz --sources build/training/sources may.jsonl.gz
    crypto-sentiment score may.jsonl.gz may.parquet --no-text
    crypto-sentiment mood may.parquet --rollup docs/mood/may-2022.rollup.jsonl.gz
    make mood-picture

Threads and authors come from the snapshots of anatosun/reddit-cryptocurrency-analysis, and go no further than the
scored file: the rollup, which is committed, holds counts alone. The comments begin a week early, for the prior of the
first days. The model was trained on most of these comments, so that it reads them more surely than new ones.
"""

from pathlib import Path
from typing import Annotated

import typer

from training.data.records import read_records, write_records
from training.data.sources.checkouts import DEFAULT_FOLDER, checkout
from training.data.sources.registry import SOURCES
from training.evaluate.concentration import REPOSITORY, snapshots

SINCE, UNTIL = 1_650_758_400, 1_654_041_600  # 2022-04-24 and 2022-06-01, UTC


def main(
    out: Annotated[Path, typer.Argument(help="JSON lines to write, .jsonl.gz")],
    comments: Annotated[Path, typer.Option(help="comments with id, text, subreddit, created_utc and source")],
    sources: Annotated[Path, typer.Option(help="folder of the checkouts")] = DEFAULT_FOLDER,
) -> None:
    """Write the comments of COMMENTS from that repository and time, with link_id and author."""
    where = {found[0]: found[1:3] for found in snapshots(checkout(SOURCES[REPOSITORY], sources))}

    def chosen():
        for comment in read_records(comments, ("id", "text", "source")):
            created = comment.get("created_utc")
            of_month = isinstance(created, int | float) and SINCE <= created < UNTIL
            if of_month and comment["source"].startswith(f"{REPOSITORY}:"):
                thread, author = where.get(comment["id"], (None, None))
                kept = {name: comment[name] for name in ("id", "text", "subreddit", "created_utc")}
                yield {**kept, "link_id": thread, "author": author}

    print(f"{write_records(out, chosen()):,} comments in {out}")


if __name__ == "__main__":
    typer.run(main)
