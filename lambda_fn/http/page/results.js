// Result lines, as docs/RESULTS.md has them: the comment's id, its own fields, then ours. No DOM here.

import { toCsv } from "./csv.js";
import { named } from "./files.js";
import { iso, microseconds, timeNames } from "./times.js";

const OURS = ["label", "score", "mood", "p_negative", "p_neutral", "p_positive", "coins", "language", "truncated", "model", "error", "error_message"];
const RESERVED = new Set(["work_id", "position", "id", ...OURS]);
const folded = (name) => name.trim().toLowerCase();

/** What a record's fields are called in its result, and which of them are its id, author, times and the like. */
export class Columns {
  constructor(columns, textColumns) {
    this.texts = textColumns;
    this.id = named(columns, ["id", "comment_id", "id_str", "_id"])[0];
    this.times = named(columns, timeNames);
    [this.author, this.subreddit, this.thread] = ["author", "subreddit", "link_id"].map((name) => named(columns, [name])[0]);
    const own = columns.filter((name) => !(name === this.id && folded(name) === "id"));
    const taken = new Set([...RESERVED, ...own.map(folded)]);
    this.own = own.map((name) => {
      let target = name;
      while (RESERVED.has(folded(name)) && taken.has(folded(target))) target = `comment_${target}`;
      taken.add(folded(target));
      return [name, target];
    });
    this.names = ["id", ...this.own.map(([, target]) => target), ...OURS];
  }

  /** What is sent to be scored. */
  sent(comment) {
    const values = this.texts.filter((name) => name in comment).map((name) => comment[name]);
    const text = values.find((value) => typeof value === "string") ?? values[0];
    const author = this.author && comment[this.author];
    return { ...(text === undefined ? {} : { text }), ...(typeof author === "string" ? { author } : {}) };
  }

  line(comment, result) {
    const line = { id: null };
    const id = comment && this.id ? comment[this.id] : undefined;
    if (id !== undefined && id !== null) line.id = typeof id === "string" ? id : (id.rawJSON ?? JSON.stringify(id));
    for (const [name, target] of this.own) {
      const value = comment?.[name] ?? null;
      const time = this.times.includes(name) ? microseconds(value) : null;
      line[target] = time === null ? value : iso(time);
    }
    return { ...line, ...result };
  }

  /** Seconds since 1970, or null. */
  seconds(comment) {
    for (const name of this.times) {
      const time = microseconds(comment[name]);
      if (time !== null) return Number(time / 1000n) / 1000;
    }
    return null;
  }
}

/** The result of a record that the service never saw. */
export const failed = ({ code, message }, model) => ({
  ...Object.fromEntries(OURS.slice(0, 6).map((name) => [name, null])), coins: [], language: null, truncated: false, model, error: code, error_message: message,
});

export const linesAsCsv = (columns, lines) => "\uFEFF" + toCsv(columns.names, lines);
export const linesAsJson = (lines) => lines.map((line) => JSON.stringify(line)).join("\n") + "\n";
