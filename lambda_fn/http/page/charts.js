// Two charts as SVG, each with its numbers in a table for those who do not see it.

import { parseTime } from "./files.js";

const SVG = "http://www.w3.org/2000/svg";
const HOUR = 3_600_000, DAY = 24 * HOUR;
const MAX_BUCKETS = 60;
const MAX_SUBREDDITS = 12;
const CLASSES = ["negative", "neutral", "positive"];

function draw(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function table(head, rows) {
  const details = document.createElement("details"), summary = document.createElement("summary"), element = document.createElement("table");
  summary.textContent = "The numbers";
  for (const [index, row] of [head, ...rows].entries()) {
    const line = element.insertRow();
    for (const value of row) {
      const cell = document.createElement(index ? "td" : "th");
      cell.textContent = value;
      line.append(cell);
    }
  }
  details.append(summary, element);
  return details;
}

/** In the SVG's own units, one each to a pixel, so that its text stays readable on a phone. */
const widthOf = (parent) => Math.max(280, Math.min(720, parent.closest("section").clientWidth - 32));

const count = () => ({ negative: 0, neutral: 0, positive: 0 });
const total = (counts) => counts.negative + counts.neutral + counts.positive;
const share = (counts) => (counts.positive + counts.negative ? counts.positive / (counts.positive + counts.negative) : NaN);
const percent = (value) => (Number.isNaN(value) ? "–" : `${Math.round(value * 100)} %`);

/** results: [{label, time, subreddit}]. Draws into `parent`; false if there is no time to draw. */
export function overTime(parent, results) {
  const timed = results.map((r) => ({ label: r.label, at: parseTime(r.time) })).filter((r) => r.label && Number.isFinite(r.at));
  if (timed.length < 2) return false;
  let first = Infinity, last = -Infinity;
  for (const { at } of timed) { first = Math.min(first, at); last = Math.max(last, at); }
  const width = [HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 91 * DAY, 365 * DAY].find((w) => (last - first) / w < MAX_BUCKETS) ?? 3650 * DAY;
  const start = Math.floor(first / width) * width;
  const buckets = Array.from({ length: Math.floor((last - start) / width) + 1 }, count);
  for (const { label, at } of timed) buckets[Math.floor((at - start) / width)][label]++;

  const W = widthOf(parent), H = 260, left = 40, right = 8, top = 10, lineBottom = 165, volumeTop = 180, bottom = 238;
  const step = (W - left - right) / buckets.length;
  const x = (i) => left + step * (i + 0.5), y = (value) => lineBottom - value * (lineBottom - top);
  const most = Math.max(...buckets.map(total));
  const name = (i) => { const iso = new Date(start + i * width).toISOString(); return width < DAY ? iso.slice(0, 16).replace("T", " ") : iso.slice(0, 10); };

  const svg = draw(document.createElement("div"), "svg", { viewBox: `0 0 ${W} ${H}`, role: "img" });
  svg.setAttribute("aria-label", `Share of positive comments from ${name(0)} to ${name(buckets.length - 1)}, ${timed.length} comments`);
  for (const value of [0, 0.5, 1]) {
    draw(svg, "line", { class: "grid", x1: left, x2: W - right, y1: y(value), y2: y(value) });
    draw(svg, "text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, percent(value));
  }
  const points = [];
  buckets.forEach((bucket, i) => {
    const height = (total(bucket) / most) * (bottom - volumeTop);
    const bar = draw(svg, "rect", { class: "volume", x: x(i) - step * 0.4, width: Math.max(1, step * 0.8), y: bottom - height, height });
    draw(bar, "title", {}, `${name(i)} UTC: ${total(bucket)} comments, ${percent(share(bucket))} positive`);
    if (!Number.isNaN(share(bucket))) points.push([x(i), y(share(bucket))]);
  });
  draw(svg, "polyline", { class: "share", points: points.map((point) => point.join(",")).join(" ") });
  if (points.length <= MAX_BUCKETS) for (const [cx, cy] of points) draw(svg, "circle", { class: "dot", cx, cy, r: 2.5 });
  draw(svg, "text", { x: left - 6, y: volumeTop + 8, "text-anchor": "end" }, most);
  draw(svg, "text", { x: left, y: H - 6 }, name(0));
  draw(svg, "text", { x: W - right, y: H - 6, "text-anchor": "end" }, name(buckets.length - 1));
  const filled = buckets.map((bucket, i) => [name(i), total(bucket), percent(share(bucket))]).filter((row) => row[1]);
  parent.replaceChildren(svg, table(["from (UTC)", "comments", "positive"], filled));
  return true;
}

/** The subreddits with the most comments; false if no row names one. */
export function bySubreddit(parent, results) {
  const groups = new Map();
  for (const { label, subreddit } of results) {
    if (!label || !subreddit) continue;
    if (!groups.has(subreddit)) groups.set(subreddit, count());
    groups.get(subreddit)[label]++;
  }
  if (!groups.size) return false;
  const rows = [...groups].sort((a, b) => total(b[1]) - total(a[1])).slice(0, MAX_SUBREDDITS);
  const W = widthOf(parent), rowHeight = 26, left = Math.min(170, W / 3), right = 60, H = rows.length * rowHeight + 8;
  const svg = draw(document.createElement("div"), "svg", { viewBox: `0 0 ${W} ${H}`, role: "img" });
  svg.setAttribute("aria-label", `Shares of each class in the ${rows.length} largest of ${groups.size} subreddits`);
  rows.forEach(([subreddit, counts], i) => {
    const y = i * rowHeight + 6;
    let x = left;
    draw(svg, "text", { x: left - 8, y: y + 13, "text-anchor": "end" }, subreddit.length > left / 7 ? subreddit.slice(0, left / 7 - 1) + "…" : subreddit);
    for (const label of CLASSES) {
      const width = (counts[label] / total(counts)) * (W - left - right);
      const bar = draw(svg, "rect", { class: label, x, y, width: Math.max(0, width - 1), height: 17 });
      draw(bar, "title", {}, `${subreddit}: ${counts[label]} ${label} of ${total(counts)}`);
      x += width;
    }
    draw(svg, "text", { x: W - right + 6, y: y + 13 }, total(counts));
  });
  parent.replaceChildren(svg, table(["subreddit", "comments", ...CLASSES], rows.map(([s, c]) => [s, total(c), ...CLASSES.map((label) => c[label])])));
  return true;
}
