// The page's behaviour. Comments are only ever set as text (textContent), never as HTML.

import { bySubreddit, overTime } from "./charts.js";
import { FileError, readComments, toCsv, toJsonl } from "./files.js";

const MAX_TYPED = 20; // comments explained at a time: each costs as many inferences as it has words
const BATCH_COMMENTS = 100;
const BATCH_CHARS = 150_000; // at most six bytes each in JSON, so within the service's limit of a megabyte
const AT_ONCE = 2;
const RETRIES = 4;
const CLASSES = ["negative", "neutral", "positive"];

const $ = (id) => document.getElementById(id);
const make = (name, className, text) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- the service

class ServiceError extends Error {
  constructor(status, code, message) { super(message); this.status = status; this.code = code; }
}

async function call(path, options = {}) {
  const headers = { "content-type": "application/json" };
  if ($("key").value) headers["x-api-key"] = $("key").value;
  for (let attempt = 0; ; attempt++) {
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      response = null;
    }
    if (response?.ok) return response.json();
    const busy = !response || [429, 502, 503, 504].includes(response.status);
    if (!busy || attempt === RETRIES) {
      const body = await response?.json().catch(() => null);
      const { code, message } = body?.error ?? {};
      throw new ServiceError(response?.status ?? 0, code, message ?? (response ? `The service answered ${response.status}.` : "The service cannot be reached."));
    }
    await wait(2 ** attempt * 300 * (0.5 + Math.random()));
  }
}

const query = (more) => `?detail=true&classes=${$("classes").checked ? 3 : 2}${more}`;
const post = (path, body, signal) => call(path, { method: "POST", body: JSON.stringify(body), signal });

function explainError(error) {
  if (error.status === 401) { $("key-section").hidden = false; $("key").focus(); return `${error.message}.`; }
  return error.message;
}

// ---- typed comments

function showResult(item, answer) {
  const { label, score, probabilities, tokens, truncated } = answer.sentiment;
  const verdict = make("p", "verdict");
  verdict.append(make("b", label, label), make("span", "", `${(score * 100).toFixed(1)} %`));
  const bar = make("div", "bar"), numbers = make("p", "numbers");
  bar.setAttribute("aria-hidden", "true");
  for (const name of CLASSES) {
    const part = make("span", name);
    part.style.width = `${probabilities[name] * 100}%`;
    bar.append(part);
    numbers.append(make("span", name, `${name} ${(probabilities[name] * 100).toFixed(1)} %`));
  }
  numbers.append(make("span", "", `${tokens} tokens${truncated ? ", cut to the model's window" : ""}`));
  item.replaceChildren(verdict, bar, numbers, showWords(item.comment, answer.words));
}

function showWords(comment, words) {
  const paragraph = make("p", "words"), characters = Array.from(comment); // offsets are in code points
  const strongest = Math.max(0.5, ...words.map((word) => Math.abs(word.contribution)));
  let at = 0;
  for (const { start, end, contribution } of words) {
    paragraph.append(characters.slice(at, start).join(""));
    const span = make("span", "", characters.slice(start, end).join(""));
    const strength = Math.abs(contribution) / strongest;
    if (strength > 0.05) {
      span.style.backgroundColor = `rgba(var(--${contribution > 0 ? "positive" : "negative"}-rgb), ${(0.65 * strength).toFixed(2)})`;
      span.title = `${contribution > 0 ? "+" : "−"}${Math.abs(contribution).toFixed(2)} towards positive`;
      if (strength > 0.5) span.style.fontWeight = "600";
    }
    paragraph.append(span);
    at = end;
  }
  paragraph.append(characters.slice(at).join(""));
  return paragraph;
}

async function analyze(event) {
  event.preventDefault();
  const comments = $("text").value.split(/\n\s*\n/).map((text) => text.trim()).filter(Boolean);
  $("message").textContent = !comments.length ? "Type a comment first." : comments.length > MAX_TYPED ? `The first ${MAX_TYPED} of ${comments.length} comments; a file takes more.` : "";
  $("results").replaceChildren();
  $("legend").hidden = true;
  $("analyze").disabled = true;
  try {
    for (const comment of comments.slice(0, MAX_TYPED)) {
      const item = make("li", "", "…");
      item.comment = comment;
      $("results").append(item);
      try {
        showResult(item, await post("analyze" + query("&explain=true"), { text: comment }));
        $("legend").hidden = false;
      } catch (error) {
        item.replaceChildren(make("p", "message", explainError(error)));
        if (error.status === 401 || error.status === 0) break;
      }
    }
  } finally {
    $("analyze").disabled = false;
  }
}

// ---- a file

let stop = null; // AbortController of the file being scored
let scoredRows = [];

/** Index ranges of rows, each small enough for one request. */
function* batches(texts) {
  let start = 0, chars = 0;
  for (let i = 0; i < texts.length; i++) {
    const length = typeof texts[i] === "string" ? texts[i].length : 10;
    if (i > start && (i - start === BATCH_COMMENTS || chars + length > BATCH_CHARS)) { yield [start, i]; start = i; chars = 0; }
    chars += length;
  }
  if (start < texts.length) yield [start, texts.length];
}

async function scoreFile(file) {
  stop?.abort();
  const run = (stop = new AbortController());
  $("file-message").textContent = "";
  for (const id of ["run", "time-figure", "subreddit-figure", "downloads"]) $(id).hidden = true;
  let data;
  try {
    data = await readComments(file);
  } catch (error) {
    $("file-message").textContent = error instanceof FileError ? error.message : "The file cannot be read.";
    return;
  }
  const texts = data.rows.map((row) => row[data.textColumn]);
  const results = new Array(texts.length);
  $("run").hidden = $("cancel").hidden = false;
  $("file-name").textContent = file.name;
  let done = 0, drawnAt = 0;
  const started = performance.now();
  const draw = (final) => {
    if (!final && performance.now() - drawnAt < 400) return;
    drawnAt = performance.now();
    const seconds = (performance.now() - started) / 1000;
    $("progress").value = done / texts.length;
    $("status").textContent = `${done.toLocaleString("en")} of ${texts.length.toLocaleString("en")} comments, ${Math.round(done / seconds)} a second`;
    const rows = results.flatMap((r, i) => (r?.label ? [{ label: r.label, time: data.rows[i][data.timeColumn], subreddit: data.subredditColumn && String(data.rows[i][data.subredditColumn]) }] : []));
    showTotals(results);
    $("time-figure").hidden = !overTime($("time-chart"), rows);
    $("subreddit-figure").hidden = !bySubreddit($("subreddit-chart"), rows);
  };
  const queue = batches(texts);
  const worker = async () => {
    for (const [from, to] of queue) {
      const answer = await post("batch_analyze" + query("&errors=item"), texts.slice(from, to).map((text) => ({ text })), run.signal);
      answer.sentiment.forEach((result, i) => { results[from + i] = result; });
      done += to - from;
      if (stop === run) draw(false);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => worker().catch((error) => { run.abort(); throw error; })));
  if (stop !== run) return; // another file has taken over
  draw(true);
  const failed = outcomes.map((outcome) => outcome.reason).find((reason) => reason && reason.name !== "AbortError");
  if (failed) $("file-message").textContent = `Stopped: ${explainError(failed)} What has been scored can be downloaded.`;
  else if (done < texts.length) $("file-message").textContent = "Stopped. What has been scored can be downloaded.";
  $("cancel").hidden = true;
  scoredRows = data.rows.flatMap((row, i) => (results[i] ? [{ ...row, ...flat(results[i]) }] : []));
  $("downloads").hidden = !scoredRows.length;
  $("downloads").dataset.name = file.name.replace(/(\.(csv|jsonl|ndjson|json))?(\.gz)?$/i, "");
}

function flat(result) {
  if (result.error) return { sentiment_error: result.error.message };
  const { label, score, probabilities, tokens, truncated } = result;
  return { sentiment: label, sentiment_score: score, ...Object.fromEntries(CLASSES.map((name) => [`p_${name}`, probabilities[name]])), tokens, truncated };
}

function showTotals(results) {
  const counts = { positive: 0, neutral: 0, negative: 0, errors: 0 };
  for (const result of results) if (result) counts[result.error ? "errors" : result.label]++;
  if (!$("classes").checked && !counts.neutral) delete counts.neutral;
  $("totals").replaceChildren(...Object.entries(counts).map(([name, value]) => {
    const box = make("div");
    box.append(make("dt", "", name === "errors" ? "not scored" : name), make("dd", "", value.toLocaleString("en")));
    return box;
  }));
}

function download(content, type, extension) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = `${$("downloads").dataset.name}-sentiment.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// ---- wiring

$("form").addEventListener("submit", analyze);
$("text").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("form").requestSubmit(); });
$("file").addEventListener("change", (event) => { if (event.target.files[0]) scoreFile(event.target.files[0]); event.target.value = ""; });
$("cancel").addEventListener("click", () => stop?.abort());
$("download-csv").addEventListener("click", () => download("\uFEFF" + toCsv(scoredRows), "text/csv", "csv"));
$("download-jsonl").addEventListener("click", () => download(toJsonl(scoredRows), "application/x-ndjson", "jsonl"));
for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", over);
    if (name === "drop" && event.dataTransfer.files[0]) scoreFile(event.dataTransfer.files[0]);
  });
}

function remembered(storage, name) { try { return storage.getItem(name); } catch { return null; } }
function remember(storage, name, value) { try { storage.setItem(name, value); } catch { /* a private window */ } }

const theme = remembered(localStorage, "theme");
if (theme) document.documentElement.dataset.theme = theme;
$("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  remember(localStorage, "theme", document.documentElement.dataset.theme);
});

async function showModel() {
  if (document.body.dataset.auth === "api-key" && !$("key").value) return;
  try {
    const { model, revision } = await call("info");
    $("model").textContent = `${model}, revision ${revision.slice(0, 12)}`;
  } catch { /* it says so when the first comment is sent */ }
}
if (document.body.dataset.auth === "api-key") {
  $("key-section").hidden = false;
  $("key").value = remembered(sessionStorage, "key") ?? "";
}
$("key-form").addEventListener("submit", (event) => { event.preventDefault(); $("text").focus(); });
$("key").addEventListener("change", () => { remember(sessionStorage, "key", $("key").value); showModel(); });
showModel();
