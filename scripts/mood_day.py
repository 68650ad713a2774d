"""How long the mood of a day takes here: 10 million made-up comments as Parquet, then `crypto-sentiment mood` on them.

    python -m scripts.mood_day --threads 2

Made up in their sizes as Reddit's are: 400,000 threads, a million authors, a coin in two of five comments, one in 20
delivered twice. Wall time is what a quiet machine would take; CPU time is what it takes beside others too.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from crypto_sentiment.mood.answer import Asked, answer

MAY_12 = 1_652_313_600
MAKE = """
COPY (
    SELECT
        md5((i // 273)::VARCHAR) || md5((i // 273 + 7)::VARCHAR) AS work_id,
        i % 273 AS position,
        'i' || i AS id,
        {may_12} + (i * 86400.0 / {count})::BIGINT AS created_utc,
        'sub' || (random() * random() * 60)::INT AS subreddit,
        't3_' || ((random() * random() * 40000)::BIGINT + (i * 24 // {count}) * 15000) AS link_id,
        'user' || (random() * random() * random() * 3e6)::BIGINT AS author,
        n AS p_negative, 1 - n - p AS p_neutral, p AS p_positive,
        CASE
            WHEN coin < 0.6 THEN []
            WHEN coin < 0.9 THEN [{{'coin': 'C' || (random() * random() * 200)::INT, 'mood': 'neutral',
                'p_negative': n, 'p_neutral': 1 - n - p, 'p_positive': p}}]
            ELSE [{{'coin': 'BTC', 'mood': 'neutral', 'p_negative': n, 'p_neutral': 1 - n - p, 'p_positive': p}},
                {{'coin': 'ETH', 'mood': 'neutral', 'p_negative': p, 'p_neutral': 1 - n - p, 'p_positive': n}}]
        END AS coins,
        CASE WHEN random() < 0.03 THEN 'other' ELSE 'en' END AS language,
        '{model}' AS model,
        CASE WHEN random() < 0.02 THEN 'text_deleted' ELSE '' END AS error
    FROM (
        SELECT range AS i, random() AS coin, round(a * b, 4) AS n, round(a * (1 - b), 4) AS p
        FROM (SELECT range, random() AS a, random() AS b FROM range({count}))
    )
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def make(folder: Path, count: int, model: str, threads: int) -> None:
    """Two files: the comments, and one in 20 of them again."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}; SELECT setseed(0.5)")
    connection.execute(MAKE.format(may_12=MAY_12, count=count, model=model, path=folder / "day.parquet"))
    again = f"SELECT * FROM '{folder / 'day.parquet'}' WHERE position % 20 = 7"
    connection.execute(f"COPY ({again}) TO '{folder / 'again.parquet'}' (FORMAT parquet)")


def main(
    comments: Annotated[int, typer.Option(min=1000, help="comments of the day")] = 10_000_000,
    threads: Annotated[int, typer.Option(min=1, help="cores")] = 2,
    by: Annotated[str, typer.Option(help="as of `crypto-sentiment mood`")] = "coin,hour",
) -> None:
    """Make the day, answer, and say what it took."""
    from lambda_fn.mood.calibration import calibrations

    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), comments, next(iter(calibrations())), threads)
        started, spent = time.monotonic(), time.process_time()
        found = answer([folder], Asked.of(by), threads)
        wall, cpu = time.monotonic() - started, time.process_time() - spent
    total = found.comments + sum(found.left_out.values())
    print(f"{total:,} comments, each once, by {by}: {wall:.1f} s, of {cpu:.1f} s of CPU on {threads} cores")


if __name__ == "__main__":
    typer.run(main)
