-- Result lines to the rows of a rollup: for each hour, coin, subreddit and model revision, the comments in each cell.
--
-- Runs unchanged on Trino (Athena) and DuckDB, which lacks only `sequence` (crypto_sentiment/mood/engine.py). Where the
-- two differ, this text is written so that they do not:
--   * 1 / 2 is 0 in Trino and 0.5 in DuckDB: divisors are doubles (3600e0), and whole numbers come from floor();
--   * UNNEST of rows spreads them in Trino and does not in DuckDB: it is the places in `coins` that are unnested, from
--     0, the comment as a whole, so that no sequence ever runs downwards (Trino's do) or is empty;
--   * coins[0] is an error in Trino and NULL in DuckDB: CASE keeps it from being read;
--   * no time is ever a TIMESTAMP WITH TIME ZONE, and hours are seconds since 1970: there is no zone to differ in.
--
-- One pass over the results: a relation named twice would be read, and paid for, twice in Athena.
WITH typed AS (
    SELECT
        work_id,
        position,
        -- Seconds since 1970 or their thousandths to billionths; else an ISO 8601 time, whose offset is +hh:mm or none (UTC).
        coalesce(
            TRY_CAST(created_utc AS double),
            CAST(
                date_diff(
                    'second',
                    TIMESTAMP '1970-01-01 00:00:00',
                    TRY_CAST(replace(substr(created_utc, 1, 19), 'T', ' ') AS timestamp)
                ) AS double
            ) - CASE
                WHEN length(created_utc) > 19 AND substr(created_utc, -3, 1) = ':'
                    THEN TRY_CAST(substr(created_utc, -6, 3) AS double) * 3600e0
                    + TRY_CAST(concat(substr(created_utc, -6, 1), substr(created_utc, -2)) AS double) * 60e0
                ELSE 0e0
            END
        ) AS created,
        lower(coalesce(subreddit, '')) AS subreddit,
        coalesce(model, '') AS model,
        CASE
            WHEN error <> '' THEN error
            WHEN language = 'other' THEN 'language_other'
            WHEN p_negative IS NULL OR p_positive IS NULL THEN 'not_scored'
            ELSE ''
        END AS left_out,
        p_negative,
        p_positive,
        coins,
        -- What is deleted is no one's, and no one's comments are not alike.
        CASE WHEN link_id <> '' THEN link_id END AS thread,
        CASE WHEN author NOT IN ('', '[deleted]', 'AutoModerator') THEN author END AS author
    FROM $results
    WHERE $where
),
-- What was delivered twice is there twice, under the same work id and position (docs/BULK.md, rules 2 and 4).
numbered AS (
    SELECT
        *,
        -- A comment without a mood is left out once, not once for each coin that it may name.
        sequence(0, CASE WHEN left_out = '' THEN CAST(coalesce(cardinality(coins), 0) AS integer) ELSE 0 END) AS places,
        -- No comment was written before 1973: a smaller number is no time.
        CASE
            WHEN created BETWEEN 1e8 AND 1e11 THEN created
            WHEN created BETWEEN 1e11 AND 1e14 THEN created / 1e3
            WHEN created BETWEEN 1e14 AND 1e17 THEN created / 1e6
            WHEN created BETWEEN 1e17 AND 1e20 THEN created / 1e9
        END AS seconds,
        row_number() OVER (PARTITION BY work_id, position ORDER BY left_out, model) AS copy
    FROM typed
),
placed AS (
    SELECT
        CAST(floor(seconds / $width) AS bigint) * CAST($width AS bigint) AS hour,
        CASE WHEN spot.place = 0 THEN '' ELSE coins[spot.place].coin END AS coin,
        subreddit,
        model,
        left_out,
        CASE WHEN spot.place = 0 THEN p_negative ELSE coins[spot.place].p_negative END AS negative,
        CASE WHEN spot.place = 0 THEN p_positive ELSE coins[spot.place].p_positive END AS positive,
        thread,
        author
    FROM (SELECT * FROM numbered WHERE copy = 1 AND ($when)) AS once
    CROSS JOIN UNNEST(places) AS spot (place)
),
celled AS (
    SELECT
        hour,
        coin,
        subreddit,
        model,
        left_out,
        CASE
            WHEN left_out = '' THEN CAST(
                floor(10 * negative + 0.5e0) * 11
                + least(floor(10 * positive + 0.5e0), 10 - floor(10 * negative + 0.5e0)) AS bigint
            )
            ELSE -1
        END AS cell,
        CASE WHEN left_out = '' THEN thread END AS thread,
        CASE WHEN left_out = '' THEN author END AS author
    FROM placed
),
counted AS (
    SELECT
        hour,
        coin,
        subreddit,
        model,
        left_out,
        cell,
        thread,
        author,
        -- Of (cell, thread, author), a bit for each that this row is not grouped by: 3 cells, 5 threads, 6 authors.
        grouping(cell, thread, author) AS kind,
        count(*) AS n
    FROM celled
    GROUP BY GROUPING SETS (
        (hour, coin, subreddit, model, left_out, cell),
        (hour, coin, subreddit, model, left_out, thread),
        (hour, coin, subreddit, model, left_out, author)
    )
)
SELECT
    hour,
    coin,
    subreddit,
    model,
    left_out,
    coalesce(cell, -1) AS cell,
    CAST(sum(CASE WHEN kind = 3 THEN n ELSE 0 END) AS bigint) AS comments,
    CAST(sum(CASE WHEN kind = 5 AND thread IS NOT NULL THEN n * (n - 1) ELSE 0 END) AS bigint) AS thread_pairs,
    CAST(sum(CASE WHEN kind = 6 AND author IS NOT NULL THEN n * (n - 1) ELSE 0 END) AS bigint) AS author_pairs
FROM counted
GROUP BY hour, coin, subreddit, model, left_out, coalesce(cell, -1)
