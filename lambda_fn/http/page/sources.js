// Where the page's mood comes from: the service's rollups, or the file that was dropped in. Both answer as GET /mood.

import { call } from "./service.js";
import { leftOut, most, rollup } from "./rollup.js";

const HISTORY_S = 7 * 86_400; // the week before gives a coin's usual mood (lambda_fn/mood/shares.py)
const CHOICES = 40;
const HOUR = 3600;

const seconds = (iso) => Date.parse(iso) / 1000;
const iso = (time) => new Date(time * 1000).toISOString().slice(0, 19) + "Z";
const address = (path, parameters) => `${path}?${new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ""))}`;

/** The service's own rollups. */
export class ServiceSource {
  widths = ["hour", "day"];
  mostHours = 7 * 24;

  /** {from, to} of the last day that there is, in seconds. Raises ServiceError: no_rollups where there are none. */
  async open() {
    const answer = await call(address("mood", { by: "coin", top: 1 }));
    this.end = seconds(answer.to);
    return { from: this.end - 30 * 86_400, to: this.end };
  }

  async choices({ from, to, subreddits }) {
    const range = { from: iso(from), to: iso(to) };
    const [coins, places] = await Promise.all([
      call(address("mood", { by: "coin", top: CHOICES, subreddit: subreddits.join(), ...range })),
      call(address("mood", { by: "subreddit", ...range })),
    ]);
    const counts = (groups, name) => most(groups.map((group) => [group[name], group.comments]).filter(([key]) => key));
    return { coins: counts(coins.groups, "coin"), subreddits: counts(places.groups, "subreddit").slice(0, CHOICES) };
  }

  async ask({ coins, subreddits, width, from, to }) {
    const range = { subreddit: subreddits.join(), from: iso(from), to: iso(to) };
    const named = coins.filter(Boolean);
    const answers = await Promise.all([
      named.length ? call(address("mood", { coin: named.join(), by: `coin,${width}`, ...range })) : { groups: [] },
      coins.includes("") ? call(address("mood", { by: width, ...range })) : { groups: [] },
    ]);
    return [...answers[1].groups.map((group) => ({ coin: "", ...group })), ...answers[0].groups];
  }

  /** The comments that moved a coin's mood most: ids, no texts; false where the service has rollups only. */
  async moved({ coin, subreddits, from, to }) {
    if (document.body.dataset.mood !== "comments") return false;
    try {
      return await call(address("mood/comments", { coin, subreddit: subreddits.join(), from: iso(from), to: iso(to) }));
    } catch (error) {
      if (error.code === "no_results") document.body.dataset.mood = "rollups"; // it may not read them: not asked again
      throw error;
    }
  }
}

/** A file's scored comments: [{result, seconds, subreddit, author, thread, id, text}]. */
export class FileSource {
  widths = ["hour", "day", "week", "month"];
  mostHours = 60 * 24;

  constructor(name, comments) {
    this.name = name;
    this.comments = comments;
    this.timed = comments.filter((comment) => comment.seconds !== null);
  }

  async open() {
    let from = Infinity, to = -Infinity;
    for (const { seconds: at } of this.timed) { from = Math.min(from, at); to = Math.max(to, at); }
    if (!this.timed.length) return null;
    this.end = Math.floor(to / HOUR + 1) * HOUR;
    return { from: Math.floor(from / HOUR) * HOUR, to: this.end };
  }

  async choices({ from, to, subreddits }) {
    const coins = new Map(), places = new Map(), wanted = new Set(subreddits);
    const add = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
    for (const { result, seconds: at, subreddit } of this.comments) {
      if (leftOut(result) || (at !== null && (at < from || at >= to))) continue;
      if (subreddit) add(places, subreddit);
      if (!wanted.size || wanted.has(subreddit)) for (const { coin } of result.coins) add(coins, coin);
    }
    return { coins: most(coins).slice(0, CHOICES), subreddits: most(places).slice(0, CHOICES) };
  }

  async ask({ coins, subreddits, width, from, to }) {
    const before = width ? from - HISTORY_S : from;
    const comments = width ? this.timed.filter(({ seconds: at }) => at >= before && at < to) : this.comments;
    const named = coins.filter(Boolean);
    const lines = rollup(comments, width === "hour" ? "hour" : "day", named, subreddits);
    const by = { top: Math.max(1, named.length), by: width ? `coin,${width}` : "coin", subreddit: subreddits.join() };
    const range = width ? { from: iso(from), to: iso(to) } : {};
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    const { groups } = await call(address("mood", { ...by, ...range }), { body, type: "application/x-ndjson" });
    return groups.filter(({ coin }) => coins.includes(coin));
  }

  async moved({ coin, subreddits, from, to }) {
    const wanted = new Set(subreddits);
    const found = [];
    for (const { result, seconds: at, subreddit, id, text } of this.comments) {
      if (leftOut(result) || (at !== null && (at < from || at >= to)) || (wanted.size && !wanted.has(subreddit))) continue;
      const read = coin ? result.coins.find((one) => one.coin === coin) : result;
      if (read) found.push({ id, text, net: read.p_positive - read.p_negative });
    }
    const sorted = found.sort((a, b) => a.net - b.net);
    return { comments: found.length, negative: sorted.filter(({ net }) => net < 0).slice(0, 5), positive: sorted.filter(({ net }) => net > 0).slice(-5).reverse() };
  }
}
