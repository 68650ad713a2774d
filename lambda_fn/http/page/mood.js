// The mood: picked coins and subreddits over time, as a chart, in words for the point in time chosen, and as numbers.

import { MoodChart } from "./chart.js";
import { toCsv } from "./csv.js";
import { $, download, make, whole } from "./element.js";
import { showMoved } from "./moved.js";
import { QUANTITIES, comments, everyTime, nameOf, quantity, timeLabel } from "./numbers.js";
import { explain } from "./service.js";

const FIRST_COINS = 4, MOST_COINS = 8;
const CHIPS = 11; // the rest by name
const DAY = 86_400;
const NUMBERS = ["negative", "neutral", "positive", "net"];
const MOST_POINTS = 1500;

const dateOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

export class MoodView {
  busy = 0; // questions on the way

  constructor() {
    this.chart = new MoodChart($("mood-chart"), { onHover: (index) => this.readOut(index ?? this.moment), onChoose: (index) => this.choose(index) });
    $("quantity").addEventListener("change", () => this.draw());
    $("width").addEventListener("change", () => this.ask());
    for (const id of ["from", "to"]) $(id).addEventListener("change", () => this.ranged());
    for (const button of document.querySelectorAll("[data-days]")) button.addEventListener("click", () => this.last(Number(button.dataset.days)));
    $("coin-form").addEventListener("submit", (event) => { event.preventDefault(); this.addCoin(); });
    $("moment").addEventListener("input", () => this.choose(Number($("moment").value)));
    $("moved-coin").addEventListener("change", () => this.showMoved());
    $("save-picture").addEventListener("click", async () => download(await this.chart.picture(this.title()), "image/png", `${this.fileName()}.png`));
    $("save-numbers").addEventListener("click", () => download(`\uFEFF${this.csv()}`, "text/csv", `${this.fileName()}.csv`));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Shows a source's mood; its first coins, over what it has. Raises ServiceError where it cannot be had. */
  async open(source) {
    const range = await source.open();
    this.source = source;
    this.coins = this.subreddits = undefined;
    this.range = range;
    $("width").replaceChildren(...source.widths.map((width) => new Option({ hour: "Hours", day: "Days", week: "Weeks", month: "Months" }[width], width)));
    $("mood-name").textContent = source.name ? `of ${source.name}` : "";
    this.subreddits = [];
    this.places = new Map();
    for (const id of ["mood-time", "mood-figure"]) $(id).hidden = !range;
    await this.choices();
    if (range) {
      const days = (range.to - range.from) / DAY;
      $("width").value = days <= 4 && source.widths.includes("hour") ? "hour" : days <= 366 ? "day" : days <= 3000 ? "week" : "month";
    }
    $("mood-body").hidden = false;
    await this.ask();
  }

  /** A coin by its symbol, in any case. */
  addCoin() {
    const typed = $("coin-name").value.trim().toUpperCase();
    const coin = [...this.known.keys()].find((known) => known.toUpperCase() === typed) ?? typed;
    $("coin-name").value = "";
    if (!coin || this.coins.includes(coin)) return;
    if (this.coins.length === MOST_COINS) { $("mood-message").textContent = `At most ${MOST_COINS} lines at a time.`; return; }
    this.coins = [...this.coins, coin];
    this.reopen();
  }

  last(days) {
    const to = this.source.end;
    this.range = { from: to - days * DAY, to };
    $("width").value = days <= 7 ? "hour" : "day";
    this.reopen();
  }

  ranged() {
    const [from, to] = ["from", "to"].map((id) => Date.parse(`${$(id).value}T00:00Z`) / 1000);
    if (Number.isNaN(from) || Number.isNaN(to) || from > to) { $("mood-message").textContent = "From must lie before to."; return; }
    this.range = { from, to: Math.min(to + DAY, Math.max(this.source.end, from + 3600)) };
    if ($("width").value === "hour" && this.range.to - from > this.source.mostHours * 3600) $("width").value = "day";
    this.reopen();
  }

  async reopen() {
    await this.tried(async () => { await this.choices(); await this.ask(); });
  }

  async tried(work) {
    $("mood-message").textContent = "";
    this.busy += 1;
    $("mood-body").setAttribute("aria-busy", "true");
    try { await work(); } catch (error) { $("mood-message").textContent = explain(error); }
    this.busy -= 1;
    $("mood-body").setAttribute("aria-busy", String(this.busy > 0));
  }

  /** What there is to pick, the most written about first; what was picked stays. */
  async choices() {
    const { coins, subreddits } = await this.source.choices({ ...(this.range ?? { from: -Infinity, to: Infinity }), subreddits: this.subreddits });
    this.coins ??= ["", ...coins.slice(0, FIRST_COINS).map(([coin]) => coin)];
    const there = new Set(coins.map(([coin]) => coin));
    this.known = new Map(coins);
    const kept = this.coins.filter((coin) => coin && !there.has(coin)).map((coin) => [coin, 0]);
    const chips = coins.filter(([coin], i) => i < CHIPS || this.coins.includes(coin));
    $("more-coins").replaceChildren(...coins.filter((one) => !chips.includes(one)).map(([coin, count]) => new Option(`${whole(count)} comments`, coin)));
    this.pick("coins", [["", null], ...chips, ...kept], this.coins, nameOf, (picked) => { this.coins = picked; this.ask(); });
    this.pick("subreddits", subreddits, this.subreddits, (name) => `r/${name}`, (picked) => { this.subreddits = picked; this.reopen(); });
    $("subreddit-pick").hidden = !subreddits.length;
    $("subreddit-summary").textContent = this.subreddits.length ? this.subreddits.map((name) => `r/${name}`).join(", ") : `All subreddits (pick of ${subreddits.length})`;
  }

  pick(id, choices, picked, label, onPick) {
    const focused = document.activeElement?.dataset?.choice;
    $(id).replaceChildren(...choices.map(([name, count]) => {
      const box = make("label", "chip"), input = make("input");
      Object.assign(input, { type: "checkbox", checked: picked.includes(name) });
      input.dataset.choice = `${id}:${name}`;
      input.addEventListener("change", () => {
        const next = input.checked ? [...picked, name] : picked.filter((one) => one !== name);
        if (id === "coins" && next.length > MOST_COINS) { input.checked = false; $("mood-message").textContent = `At most ${MOST_COINS} lines at a time.`; return; }
        $("mood-message").textContent = "";
        picked = next;
        onPick(next);
      });
      box.append(input, make("span", "", label(name)));
      if (count) box.append(make("small", "", whole(count)));
      return box;
    }));
    if (focused) document.querySelector(`[data-choice="${CSS.escape(focused)}"]`)?.focus();
  }

  async ask() {
    const turn = (this.turn = {});
    await this.tried(async () => {
      const width = this.range ? $("width").value : "";
      if (width === "hour" && this.range.to - this.range.from > this.source.mostHours * 3600) this.range.from = this.range.to - this.source.mostHours * 3600;
      const groups = this.coins.length ? await this.source.ask({ coins: this.coins, subreddits: this.subreddits, width, ...this.range }) : [];
      if (turn !== this.turn) return; // another question has come since
      this.groups = groups;
      this.width = width;
      if (!this.range) { this.untimed(); return; }
      $("from").value = dateOf(this.range.from);
      $("to").value = dateOf(this.range.to - 1);
      this.times = everyTime(this.range.from, this.range.to, width).slice(-MOST_POINTS);
      for (const coin of this.coins) if (!this.places.has(coin)) this.places.set(coin, [...Array(99).keys()].find((place) => ![...this.places.values()].includes(place)));
      this.moment = null;
      this.draw();
    });
  }

  draw() {
    if (!this.times) return;
    const lines = this.coins.map((coin) => ({
      coin, name: nameOf(coin), place: this.places.get(coin),
      points: new Map(this.groups.filter((group) => group.coin === coin).map((group) => [Date.parse(group.time) / 1000, group])),
    }));
    this.lines = lines;
    const shown = $("quantity").value;
    this.chart.draw({ times: this.times, width: this.width, quantity: shown, lines });
    const known = this.times.map((time, i) => (lines.some(({ points }) => points.get(time)?.net.value != null) ? i : -1)).filter((i) => i >= 0);
    Object.assign($("moment"), { min: 0, max: this.times.length - 1 });
    $("mood-chart").setAttribute("aria-label", `${this.title()}: a line for ${lines.map(({ name }) => name).join(", ")}. The numbers are in the table below.`);
    $("mood-caption").textContent = shown === "net" ? "Net mood, positive − negative, in points" : `${QUANTITIES[shown]} comments, in percent`;
    $("mood-none").hidden = known.length > 0;
    this.table();
    this.choose(this.moment ?? known[known.length - 1] ?? this.times.length - 1);
  }

  choose(index) {
    this.moment = index;
    $("moment").value = index;
    this.chart.mark(index);
    this.readOut(index);
    this.showMoved();
  }

  /** One point in time, in words: the legend of the chart as well. */
  readOut(index) {
    if (index === null || !this.lines) return;
    const time = this.times[index], label = timeLabel(time, this.width);
    $("readout-time").textContent = `${label} UTC`;
    $("readout-body").replaceChildren(...this.lines.map(({ name, place, points }) => this.row(name, place, points.get(time))));
    $("moment").setAttribute("aria-valuetext", `${label}: ${this.lines.map(({ name, points }) => `${name} ${quantity(points.get(time), $("quantity").value)}`).join(", ")}`);
  }

  row(name, place, group) {
    const row = make("tr"), head = make("th");
    const swatch = make("span", `dot coin-${place % 8}`);
    head.scope = "row";
    head.append(swatch, name);
    row.append(head, make("td", "", comments(group)), ...["net", "positive", "neutral", "negative"].map((one) => make("td", one, quantity(group, one))));
    return row;
  }

  /** Comments without a time: one row each, no chart. */
  untimed() {
    this.lines = null;
    this.times = null;
    $("untimed").hidden = false;
    this.coins.forEach((coin, i) => this.places.set(coin, i));
    $("untimed-body").replaceChildren(...this.coins.map((coin, i) => this.row(nameOf(coin), i, this.groups.find((group) => group.coin === coin))));
    this.showMoved();
  }

  table() {
    $("untimed").hidden = true;
    const rows = this.lines.flatMap(({ name, points }) => this.times.filter((time) => points.has(time)).map((time) => {
      const row = make("tr"), head = make("th", "", name);
      head.scope = "row";
      row.append(head, make("td", "", timeLabel(time, this.width)), make("td", "", comments(points.get(time))), ...NUMBERS.map((one) => make("td", "", quantity(points.get(time), one))));
      return row;
    }));
    $("numbers-body").replaceChildren(...rows);
  }

  showMoved() {
    const picked = this.coins ?? [], select = $("moved-coin"), before = select.value;
    if ([...select.options].map(({ value }) => value).join() !== picked.join()) {
      select.replaceChildren(...picked.map((coin) => new Option(nameOf(coin), coin)));
      select.value = picked.includes(before) && before ? before : (picked.find(Boolean) ?? "");
    }
    if (!picked.length) { $("moved").hidden = true; return; }
    const from = this.times ? this.times[this.moment] : -Infinity;
    const to = this.times ? (this.times[this.moment + 1] ?? this.range.to) : Infinity;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => showMoved(this.source, { coin: select.value, subreddits: this.subreddits, from, to }, this.width), 150);
  }

  title() {
    const where = this.subreddits.length ? ` in ${this.subreddits.map((name) => `r/${name}`).join(", ")}` : "";
    return `${QUANTITIES[$("quantity").value]} of Reddit comments by ${this.width}${where}`;
  }

  fileName() {
    return `mood-${this.coins.filter(Boolean).join("-") || "all"}-${dateOf(this.range.from)}`;
  }

  /** The columns that `crypto-sentiment mood --output` writes. */
  csv() {
    const reasons = [...new Set(this.groups.flatMap((group) => Object.keys(group.left_out)))].sort();
    const names = ["coin", "time", "comments", ...NUMBERS.flatMap((one) => [one, `${one}_low`, `${one}_high`]), ...reasons.map((one) => `left_out_${one}`)];
    return toCsv(names, this.groups.map((group) => ({
      coin: group.coin, time: group.time, comments: group.comments,
      ...Object.fromEntries(NUMBERS.flatMap((one) => [[one, group[one].value], [`${one}_low`, group[one].low], [`${one}_high`, group[one].high]])),
      ...Object.fromEntries(reasons.map((one) => [`left_out_${one}`, group.left_out[one] ?? 0])),
    })));
  }
}
