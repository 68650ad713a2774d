// Counts of scored comments, as lambda_fn/mood/rollup.sql makes them: the service turns them into shares. No DOM here.

const NO_HOUR = -1;
const WIDTHS = { hour: 3600, day: 86_400 };
const NOBODY = new Set(["", "[deleted]", "AutoModerator"]);

/** The cell of the grid, steps of a tenth (lambda_fn/mood/grid.py). */
export function cell(negative, positive) {
  const a = Math.floor(10 * negative + 0.5);
  return 11 * a + Math.min(Math.floor(10 * positive + 0.5), 10 - a);
}

export const leftOut = (result) => result.error || (result.language === "other" ? "language_other" : "");

/**
 * Lines of a rollup. comments: [{result, seconds, subreddit, author, thread}]. width: hour or day. coins: those to
 * count besides every comment. subreddits: those to keep apart; all others are one.
 */
export function rollup(comments, width, coins, subreddits) {
  const groups = new Map(), wanted = new Set(coins), apart = new Set(subreddits);
  const groupOf = (hour, coin, subreddit, model) => {
    const key = JSON.stringify([hour, coin, subreddit, model]);
    if (!groups.has(key)) groups.set(key, { hour, coin, subreddit, model, cells: new Map(), left_out: {}, threads: new Map(), authors: new Map() });
    return groups.get(key);
  };
  const add = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const { result, seconds, subreddit, author, thread } of comments) {
    const hour = seconds === null ? NO_HOUR : Math.floor(seconds / WIDTHS[width]) * WIDTHS[width];
    const place = apart.has(subreddit) ? subreddit : "";
    const reason = leftOut(result);
    if (reason) {
      const { left_out } = groupOf(hour, "", place, result.model);
      left_out[reason] = (left_out[reason] ?? 0) + 1;
      continue;
    }
    for (const read of [{ ...result, coin: "" }, ...result.coins.filter(({ coin }) => wanted.has(coin))]) {
      const group = groupOf(hour, read.coin, place, result.model);
      add(group.cells, cell(read.p_negative, read.p_positive));
      if (thread) add(group.threads, thread);
      if (!NOBODY.has(author)) add(group.authors, author);
    }
  }
  const pairs = (counts) => [...counts.values()].reduce((sum, n) => sum + n * (n - 1), 0);
  return [...groups.values()].map(({ cells, threads, authors, ...line }) => ({
    ...line, cells: [...cells.keys()], comments: [...cells.values()], thread_pairs: pairs(threads), author_pairs: pairs(authors),
  }));
}

/** [[name, comments]], the most first; ties by name. */
export function most(counts) {
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
