-- A rollup's lines to the shares of each group, with 95 % intervals, on Trino (Athena) and DuckDB alike.
--
-- The mean of the cells' weights (Calibration.weights) is a share without the bias of counting: what EM finds, to first
-- order. Where comments are few EM with its prior is better (`crypto-sentiment mood`, GET /mood), and this says less
-- than it seems; the interval tells. Every division is of doubles: whole numbers divided are whole in Trino.
WITH weights (model, cell, w_negative, w_neutral, w_positive) AS (
    VALUES
        $weights
),
placed AS (
    SELECT
        hour,
        coin,
        subreddit,
        model,
        cells,
        comments,
        thread_pairs,
        author_pairs,
        sequence(0, CAST(cardinality(cells) AS integer)) AS places
    FROM $mood
    WHERE $where
),
celled AS (
    -- Place 0 is the group itself, with its pairs; the others are its cells.
    SELECT
        hour,
        coin,
        subreddit,
        model,
        CASE WHEN spot.place > 0 THEN cells[spot.place] ELSE -1 END AS cell,
        CASE WHEN spot.place > 0 THEN comments[spot.place] ELSE 0 END AS n,
        CASE WHEN spot.place > 0 THEN 0 ELSE thread_pairs END AS thread_pairs,
        CASE WHEN spot.place > 0 THEN 0 ELSE author_pairs END AS author_pairs
    FROM placed
    CROSS JOIN UNNEST(places) AS spot (place)
),
summed AS (
    SELECT
        $by
        CAST(sum(n) AS double) AS comments,
        CAST(sum(thread_pairs) AS double) AS thread_pairs,
        CAST(sum(author_pairs) AS double) AS author_pairs,
        sum(n * w_negative) AS negative,
        sum(n * w_neutral) AS neutral,
        sum(n * w_positive) AS positive,
        sum(n * (w_positive - w_negative)) AS net,
        sum(n * w_negative * w_negative) AS negative_2,
        sum(n * w_neutral * w_neutral) AS neutral_2,
        sum(n * w_positive * w_positive) AS positive_2,
        sum(n * (w_positive - w_negative) * (w_positive - w_negative)) AS net_2
    FROM celled
    -- No calibration of this revision, no share: its comments are not counted either.
    LEFT JOIN weights ON weights.model = celled.model AND weights.cell = celled.cell
    WHERE celled.cell = -1 OR weights.cell IS NOT NULL
    GROUP BY $group
),
means AS (
    SELECT
        $by
        comments,
        negative / comments AS negative,
        neutral / comments AS neutral,
        positive / comments AS positive,
        net / comments AS net,
        negative_2 / comments AS negative_2,
        neutral_2 / comments AS neutral_2,
        positive_2 / comments AS positive_2,
        net_2 / comments AS net_2,
        -- Variance of a mean: the design effect of threads and authors, and what the calibration itself does not know.
        (1e0 + ($thread * thread_pairs + $author * author_pairs) / comments) / comments + 1e0 / $known AS variance
    FROM summed
    WHERE comments > 0
)
SELECT
    $by
    CAST(comments AS bigint) AS comments,
    greatest(0e0, least(1e0, negative)) AS negative,
    1.96e0 * sqrt(greatest(0e0, negative_2 - negative * negative) * variance) AS negative_margin,
    greatest(0e0, least(1e0, neutral)) AS neutral,
    1.96e0 * sqrt(greatest(0e0, neutral_2 - neutral * neutral) * variance) AS neutral_margin,
    greatest(0e0, least(1e0, positive)) AS positive,
    1.96e0 * sqrt(greatest(0e0, positive_2 - positive * positive) * variance) AS positive_margin,
    greatest(-1e0, least(1e0, net)) AS net,
    1.96e0 * sqrt(greatest(0e0, net_2 - net * net) * variance) AS net_margin
FROM means
ORDER BY $order
