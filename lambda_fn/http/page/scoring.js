// A file of comments: scored in small batches, through a service that may go away for a while; then downloaded.

import { $, download, make, whole } from "./element.js";
import { FileError, readComments } from "./files.js";
import { Columns, failed, linesAsCsv, linesAsJson } from "./results.js";
import { explain, post } from "./service.js";
import { FileSource } from "./sources.js";
import { verdictOf } from "./typed.js";

const BATCH_COMMENTS = 100;
const BATCH_CHARS = 150_000; // at most six bytes each in JSON, so within the service's limit of a megabyte
const AT_ONCE = 2;
const REDRAW_MS = 400;
const WORDS = { text_deleted: "deleted", text_bot: "of bots", text_empty: "empty", text_missing: "without text", text_too_long: "too long" };

let run = null; // the file at hand

class Run {
  constructor(file, { records, columns, textColumns }) {
    this.name = file.name;
    this.records = records;
    this.columns = new Columns(columns, textColumns);
    this.results = records.map(({ error }) => (error ? failed(error, null) : null));
  }

  get done() { return this.results.reduce((sum, result) => sum + (result !== null), 0); }

  /** Index lists of what is not scored yet, each small enough for one request. */
  * batches() {
    let batch = [], chars = 0;
    for (let i = 0; i < this.records.length; i++) {
      if (this.results[i]) continue;
      const sent = this.columns.sent(this.records[i].comment);
      const length = typeof sent.text === "string" ? sent.text.length : JSON.stringify(sent).length;
      if (batch.length && (batch.length === BATCH_COMMENTS || chars + length > BATCH_CHARS)) { yield batch; batch = []; chars = 0; }
      batch.push([i, sent]);
      chars += length;
    }
    if (batch.length) yield batch;
  }

  /** Scores what is not scored yet. Raises what stops it. */
  async go(onProgress, onWait) {
    this.stop = new AbortController();
    const queue = this.batches();
    const worker = async () => {
      for (const batch of queue) {
        const { results } = await post("score", batch.map(([, sent]) => sent), { signal: this.stop.signal, onWait });
        batch.forEach(([i], place) => { this.results[i] = results[place]; });
        onProgress();
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => worker().catch((error) => { this.stop.abort(); throw error; })));
    const reasons = ends.map(({ reason }) => reason).filter(Boolean);
    const reason = reasons.find(({ name }) => name !== "AbortError") ?? reasons[0];
    if (reason) throw reason;
  }

  lines() {
    const model = this.results.find((result) => result?.model)?.model ?? null;
    return this.records.flatMap(({ comment }, i) => (this.results[i] ? [this.columns.line(comment, { ...this.results[i], model })] : []));
  }

  /** What the mood is made of. */
  scored() {
    const { columns } = this;
    return this.records.flatMap(({ comment }, i) => {
      const result = this.results[i];
      if (!comment || !result) return [];
      const { id, own } = { id: columns.id && comment[columns.id], own: (name) => (name ? String(comment[name] ?? "") : "") };
      return [{ result, id: id === undefined || id === null ? null : String(id.rawJSON ?? id), text: columns.sent(comment).text, seconds: columns.seconds(comment), subreddit: own(columns.subreddit).toLowerCase(), author: own(columns.author), thread: own(columns.thread) }];
    });
  }
}

/** How many of each mood, or of each of two labels. */
export function redrawTotals() {
  if (!run) return;
  const counts = $("classes").checked ? { positive: 0, neutral: 0, negative: 0 } : { positive: 0, negative: 0 };
  let other = 0;
  const errors = new Map();
  for (const result of run.results) {
    if (!result) continue;
    if (result.error) errors.set(result.error, (errors.get(result.error) ?? 0) + 1);
    else if (result.language === "other") other++;
    else counts[verdictOf(result).label]++;
  }
  const failures = [...errors.values()].reduce((sum, n) => sum + n, 0);
  $("totals").replaceChildren(...Object.entries({ ...counts, "not English": other, "not scored": failures }).map(([name, value]) => {
    const box = make("div");
    box.append(make("dt", "", name), make("dd", "", whole(value)));
    return box;
  }));
  $("errors").textContent = failures ? `Not scored: ${[...errors].map(([code, n]) => `${whole(n)} ${WORDS[code] ?? code}`).join(", ")}.` : "";
}

function progress() {
  const { done, records } = run;
  $("progress").value = records.length ? done / records.length : 1;
  $("status").textContent = `${whole(done)} of ${whole(records.length)} comments${run.rate ? `, ${whole(run.rate)} a second` : ""}`;
  $("downloads").hidden = !done;
  redrawTotals();
}

async function go(onScored) {
  const mine = run;
  let drawn = 0;
  const before = mine.done, started = performance.now();
  $("cancel").hidden = false;
  $("go-on").hidden = true;
  $("file-message").textContent = "";
  const onProgress = () => {
    if (run !== mine) return;
    $("file-message").textContent = "";
    if (performance.now() - drawn < REDRAW_MS) return;
    drawn = performance.now();
    mine.rate = Math.round(((mine.done - before) / (drawn - started)) * 1000);
    progress();
  };
  const onWait = (message) => {
    if (run !== mine) return;
    progress();
    $("file-message").textContent = `${message}: this goes on when it answers again. What is scored can be downloaded.`;
  };
  try {
    await mine.go(onProgress, onWait);
  } catch (error) {
    if (run !== mine) return; // another file has taken over
    $("file-message").textContent = error.name === "AbortError" ? "Stopped. What is scored can be downloaded." : `Stopped: ${explain(error)} What is scored can be downloaded.`;
    $("go-on").hidden = false;
  }
  if (run !== mine) return;
  progress();
  $("cancel").hidden = true;
  $("downloads").dataset.name = mine.name.replace(/(\.(csv|tsv|jsonl|ndjson|json))?(\.gz)?$/i, "");
  if (mine.done) await onScored(new FileSource(mine.name, mine.scored()));
}

async function open(file, onScored) {
  run?.stop?.abort();
  run = null;
  $("file-message").textContent = "";
  $("run").hidden = true;
  let found;
  try {
    found = await readComments(file);
  } catch (error) {
    $("file-message").textContent = error instanceof FileError ? error.message : "The file cannot be read.";
    return;
  }
  run = new Run(file, found);
  $("run").hidden = false;
  $("file-name").textContent = file.name;
  progress();
  await go(onScored);
}

/** Wires the drop area. onScored(source): a file, or as much of it as was scored. */
export function startScoring(onScored) {
  $("file").addEventListener("change", (event) => { if (event.target.files[0]) open(event.target.files[0], onScored); event.target.value = ""; });
  $("cancel").addEventListener("click", () => run?.stop.abort());
  $("go-on").addEventListener("click", () => go(onScored));
  const save = (content, type, extension) => download(content, type, `${$("downloads").dataset.name ?? "comments"}-scored.${extension}`);
  $("download-csv").addEventListener("click", () => save(linesAsCsv(run.columns, run.lines()), "text/csv", "csv"));
  $("download-jsonl").addEventListener("click", () => save(linesAsJson(run.lines()), "application/x-ndjson", "jsonl"));
  for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      $("drop").classList.toggle("over", over);
      if (name === "drop" && event.dataTransfer.files[0]) open(event.dataTransfer.files[0], onScored);
    });
  }
}
