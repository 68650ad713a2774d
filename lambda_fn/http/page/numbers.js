// How numbers and times of the mood are written: as the terminal's table does.

import { whole } from "./element.js";

export const QUANTITIES = { net: "Net mood", positive: "Positive", neutral: "Neutral", negative: "Negative" };
export const nameOf = (coin) => coin || "All comments";

const points = (value) => Math.round(100 * value);
const signed = (value) => (points(value) > 0 ? `+${points(value)}` : `${points(value)}`.replace("-", "−"));

/** "45 (30–59)", net mood "−18 (−39 to +6)"; a dash where no number is borne. */
export function quantity(group, name) {
  const { value, low, high } = group?.[name] ?? { value: null };
  if (value === null) return "–";
  return name === "net" ? `${signed(value)} (${signed(low)} to ${signed(high)})` : `${points(value)} (${points(low)}–${points(high)})`;
}

export const comments = (group) => whole(group?.comments ?? 0);

/** "2022-05-12", "2022-05-12 08:00", "May 2022" as "2022-05". */
export function timeLabel(seconds, width) {
  const text = new Date(seconds * 1000).toISOString();
  if (width === "hour") return text.slice(0, 16).replace("T", " ");
  return width === "month" ? text.slice(0, 7) : text.slice(0, 10);
}

/** First seconds of every hour, day, week (from Monday) or month from `from` to before `to`, comments or none. */
export function everyTime(from, to, width) {
  const times = [];
  const start = new Date(from * 1000);
  if (width === "month") {
    for (let month = start.getUTCMonth(); ; month++) {
      const at = Date.UTC(start.getUTCFullYear(), month, 1) / 1000;
      if (at >= to) return times;
      times.push(at);
    }
  }
  const step = { hour: 3600, day: 86_400, week: 604_800 }[width], monday = width === "week" ? 4 * 86_400 : 0;
  for (let at = Math.floor((from - monday) / step) * step + monday; at < to; at += step) times.push(at);
  return times;
}
