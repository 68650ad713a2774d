// Reading and writing files of comments: CSV (RFC 4180) and JSONL, each also gzipped. No DOM here.

const TEXT_COLUMNS = ["text", "body", "comment", "content", "selftext"];
const TIME_COLUMNS = ["created_utc", "created_at", "timestamp", "datetime", "date", "time"];
const MAX_FILE_BYTES = 300_000_000;

export class FileError extends Error {}

/** The rows of a File as objects, and the names of the columns that matter. */
export async function readComments(file) {
  if (file.size > MAX_FILE_BYTES) throw new FileError("This file is larger than 300 MB; score it in bulk instead (see the README).");
  const gzipped = /\.gz$/i.test(file.name);
  let text;
  try {
    const stream = gzipped ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
    text = await new Response(stream).text();
  } catch {
    throw new FileError("The file cannot be read" + (gzipped ? ": it is not valid gzip." : "."));
  }
  text = text.replace(/^\uFEFF/, "");
  const name = file.name.replace(/\.gz$/i, "");
  const isJson = /\.(jsonl|ndjson|json)$/i.test(name) || (!/\.csv$/i.test(name) && text.trimStart().startsWith("{"));
  const rows = isJson ? parseJsonl(text) : parseCsv(text);
  if (!rows.length) throw new FileError("There is no comment in this file.");
  const columns = Object.keys(rows[0]);
  const named = (names) => names.find((name) => columns.some((column) => column.toLowerCase() === name));
  const exact = (name) => columns.find((column) => column.toLowerCase() === name);
  const textColumn = exact(named(TEXT_COLUMNS));
  if (!textColumn) throw new FileError(`No column of comments: it has to be called ${TEXT_COLUMNS.join(", ")}. Found: ${columns.slice(0, 12).join(", ")}.`);
  return { rows, textColumn, timeColumn: exact(named(TIME_COLUMNS)), subredditColumn: exact("subreddit") };
}

export function parseJsonl(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("[")) {
    try { return JSON.parse(trimmed).filter((row) => row && typeof row === "object"); } catch { /* lines, then */ }
  }
  return trimmed.split("\n").filter((line) => line.trim()).map((line, index) => {
    let row;
    try { row = JSON.parse(line); } catch { throw new FileError(`Line ${index + 1} is not JSON.`); }
    if (!row || typeof row !== "object" || Array.isArray(row)) throw new FileError(`Line ${index + 1} is not a JSON object.`);
    return row;
  });
}

/** Quoted fields may hold commas, line ends and doubled quotes. */
export function parseCsv(text) {
  const records = [];
  let record = [], field = "", quoted = false, started = false;
  const endField = () => { record.push(field); field = ""; started = false; };
  const endRecord = () => { endField(); if (record.length > 1 || record[0] !== "") records.push(record); record = []; };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') { field += '"'; i++; }
      else quoted = false;
    } else if (c === '"' && !started) { quoted = true; started = true; }
    else if (c === ",") endField();
    else if (c === "\n") endRecord();
    else if (c !== "\r" || text[i + 1] !== "\n") { field += c; started = true; }
  }
  if (quoted) throw new FileError("A quoted field of this CSV never ends.");
  if (field || record.length) endRecord();
  const [header, ...body] = records;
  return body.map((fields) => Object.fromEntries(header.map((name, i) => [name.trim(), fields[i] ?? ""])));
}

/** Milliseconds since 1970 of seconds, milliseconds or an ISO date; NaN if it is none. */
export function parseTime(value) {
  if (value === null || value === undefined || value === "") return NaN;
  const number = Number(value);
  if (Number.isFinite(number)) return number > 1e11 ? number : number * 1000;
  return Date.parse(value);
}

// A cell that begins like a formula runs as one in a spreadsheet, and the comments are strangers': an apostrophe makes
// it text. https://owasp.org/www-community/attacks/CSV_Injection
function cell(value) {
  let text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+$/.test(text)) text = "'" + text;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(rows) {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((record) => record.map(cell).join(",")).join("\r\n") + "\r\n";
}

export const toJsonl = (rows) => rows.map((row) => JSON.stringify(row)).join("\n") + "\n";
