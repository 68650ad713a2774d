// A line per coin with its 95 % band over time, drawn by uPlot; and the same as a picture.

import uPlot from "./uplot/uPlot.esm.js";

import { make } from "./element.js";
import { timeLabel } from "./numbers.js";

const DASHES = [[], [8, 4]]; // colours come round after eight
const FEW_POINTS = 62; // so many are dots as well
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** What a CSS variable is in the colours of now, as rgb(…). */
function colour(parent, variable) {
  const probe = make("span");
  probe.style.color = `var(${variable})`;
  parent.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const faint = (rgb) => rgb.replace("rgb(", "rgba(").replace(")", ", 0.14)");

function tick(seconds, width) {
  const time = new Date(seconds * 1000);
  const day = `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]}`;
  if (width === "month") return `${MONTHS[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
  return time.getUTCHours() ? `${String(time.getUTCHours()).padStart(2, "0")}:00` : day;
}

export class MoodChart {
  /** onHover(index or null), onChoose(index): of the point in time under the pointer. */
  constructor(parent, { onHover, onChoose }) {
    this.parent = parent;
    this.onHover = onHover;
    this.onChoose = onChoose;
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(parent);
  }

  size() {
    const width = Math.max(260, this.parent.clientWidth);
    return { width, height: width < 500 ? 240 : 320 };
  }

  /**
   * shown: {times: seconds of every point, gaps too; width; quantity; lines: [{name, place, points: by time}]}, a point
   * as GET /mood has it. place: which colour.
   */
  draw(shown) {
    this.shown = shown;
    this.plot?.destroy();
    const { times, lines, quantity } = shown;
    this.colours = lines.map(({ place }) => colour(this.parent, `--coin-${place % 8}`));
    const values = (end) => lines.map(({ points }) => times.map((time) => {
      const value = points.get(time)?.[quantity][end];
      return value === null || value === undefined ? null : 100 * value;
    }));
    const [value, low, high] = ["value", "low", "high"].map(values);
    // First all edges, with the bands between them, then the lines: no band lies over a line.
    this.data = [times, ...lines.flatMap((line, i) => [high[i], low[i]]), ...value];
    this.first = 1 + 2 * lines.length;
    const [ink, grid] = [colour(this.parent, "--soft"), colour(this.parent, "--line")];
    const axis = { stroke: ink, font: "12px system-ui, sans-serif", grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    this.plot = new uPlot({
      ...this.size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: (u, i) => (i < this.first ? false : this.dot(i)) } },
      scales: { x: { time: true, range: (u, from, to) => (from === to ? [from - 43_200, to + 43_200] : [from, to]) }, y: { range: (u, least, greatest) => this.range(least, greatest) } },
      axes: [
        { ...axis, size: 32, space: 64, values: (u, splits) => splits.map((split) => tick(split, shown.width)) },
        { ...axis, size: 48, values: (u, splits) => splits.map((split) => (quantity === "net" && split > 0 ? `+${split}` : `${split}`.replace("-", "−"))) },
      ],
      series: [{}, ...lines.flatMap(() => [edge, edge]), ...lines.map((line, i) => ({
        stroke: this.colours[i], width: 2.5, dash: DASHES[Math.floor(line.place / 8) % 2], spanGaps: false,
        points: { show: true, size: 6, fill: this.colours[i], filter: (u, si) => this.dots(this.data[si]) },
      }))],
      bands: lines.map((line, i) => ({ series: [2 * i + 1, 2 * i + 2], fill: faint(this.colours[i]) })),
      hooks: { setCursor: [(u) => this.onHover(u.cursor.left < 0 ? null : u.cursor.idx)], drawAxes: [(u) => this.zero(u, ink)], draw: [(u) => this.lone(u)] },
    }, this.data, this.parent);
    this.plot.over.addEventListener("click", () => { if (this.plot.cursor.idx !== null) this.onChoose(this.plot.cursor.idx); });
  }

  dot(index) {
    const point = make("div");
    Object.assign(point.style, { width: "10px", height: "10px", marginLeft: "-5px", marginTop: "-5px", backgroundColor: this.colours[index - this.first] });
    return point;
  }

  range(least, greatest) {
    if (least === null) return [this.shown.quantity === "net" ? -100 : 0, 100];
    const from = this.shown.quantity === "net" ? Math.min(0, least) : Math.max(0, least - 5);
    return [Math.max(-100, Math.floor(from / 10) * 10), Math.min(100, Math.ceil((Math.max(greatest, from + 20)) / 10) * 10)];
  }

  /** Where a dot is drawn: everywhere if there are few; else where a line cannot be, between two gaps. */
  dots(values) {
    const all = this.shown.times.length <= FEW_POINTS;
    return values.flatMap((value, i) => (value !== null && (all || (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) ? [i] : []));
  }

  zero(u, stroke) {
    if (this.shown.quantity !== "net") return;
    const y = Math.round(u.valToPos(0, "y", true));
    u.ctx.save();
    Object.assign(u.ctx, { strokeStyle: stroke, lineWidth: devicePixelRatio });
    u.ctx.beginPath();
    u.ctx.moveTo(u.bbox.left, y);
    u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
    u.ctx.stroke();
    u.ctx.restore();
  }

  /** The interval of a point that stands alone: a band has no width there. */
  lone(u) {
    u.ctx.save();
    u.ctx.lineWidth = 2 * devicePixelRatio;
    this.colours.forEach((stroke, i) => {
      const [high, low, value] = [this.data[2 * i + 1], this.data[2 * i + 2], this.data[this.first + i]];
      u.ctx.strokeStyle = stroke;
      value.forEach((at, j) => {
        if (at === null || (value[j - 1] ?? null) !== null || (value[j + 1] ?? null) !== null) return;
        const x = u.valToPos(this.shown.times[j], "x", true);
        u.ctx.beginPath();
        u.ctx.moveTo(x, u.valToPos(low[j], "y", true));
        u.ctx.lineTo(x, u.valToPos(high[j], "y", true));
        u.ctx.stroke();
      });
    });
    u.ctx.restore();
  }

  /** Put the cursor on a point in time. */
  mark(index) {
    if (this.plot) this.plot.setCursor({ left: this.plot.valToPos(this.shown.times[index], "x"), top: 10 }, false);
  }

  /** A PNG with title and names; a Promise of a Blob. */
  picture(title) {
    const ratio = devicePixelRatio, from = this.plot.ctx.canvas, head = 58 * ratio, foot = 24 * ratio;
    const canvas = make("canvas");
    canvas.width = from.width + 24 * ratio;
    canvas.height = from.height + head + foot;
    const ctx = canvas.getContext("2d");
    ctx.fillStyle = colour(this.parent, "--card");
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.fillStyle = colour(this.parent, "--ink");
    ctx.font = `600 ${15 * ratio}px system-ui, sans-serif`;
    ctx.fillText(title, 12 * ratio, 22 * ratio, canvas.width - 24 * ratio);
    ctx.font = `${13 * ratio}px system-ui, sans-serif`;
    let x = 12 * ratio;
    this.shown.lines.forEach(({ name }, i) => {
      ctx.fillStyle = this.colours[i];
      ctx.fillRect(x, 36 * ratio, 14 * ratio, 4 * ratio);
      ctx.fillStyle = colour(this.parent, "--ink");
      ctx.fillText(name, x + 20 * ratio, 43 * ratio);
      x += 36 * ratio + ctx.measureText(name).width;
    });
    ctx.drawImage(from, 6 * ratio, head);
    ctx.fillStyle = colour(this.parent, "--soft");
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    const { times, width } = this.shown;
    ctx.fillText(`${timeLabel(times[0], width)} to ${timeLabel(times[times.length - 1], width)} (UTC); bands: 95 % intervals; no line: too few comments`, 12 * ratio, canvas.height - 9 * ratio, canvas.width - 24 * ratio);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}
