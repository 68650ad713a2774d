// A file of comments as records: its packing, letters and format told by its content. No DOM here.

import { parseCsv } from "./csv.js";

// As `crypto-sentiment score` finds them (lambda_fn/bulk/columns.py): in any case, the first that is there.
const TEXT_NAMES = "text body comment comment_body comment_text content selftext full_text message".split(" ");
const MAX_FILE_BYTES = 300_000_000;
const ELSEWHERE = "crypto-sentiment score reads it";
// First bytes of what people drop in, and what to do about it.
const KINDS = [
  ["\x28\xb5\x2f\xfd", `a zstd file, which browsers cannot unpack: ${ELSEWHERE}`],
  ["PAR1", `a Parquet file: ${ELSEWHERE}`],
  ["BZh", `a bzip2 file, which browsers cannot unpack: ${ELSEWHERE}`],
  ["\xfd7zXZ", `an xz file, which browsers cannot unpack: ${ELSEWHERE}`],
  ["PK\x03\x04", "a ZIP archive or a spreadsheet: save it as CSV"],
  ["\xd0\xcf\x11\xe0", "an old spreadsheet or document: save it as CSV"],
  ["\x89PNG", "a picture"], ["\xff\xd8\xff", "a picture"], ["GIF8", "a picture"], ["%PDF", "a PDF"],
];
const TAKEN = "Taken are CSV, TSV, JSON lines and JSON, plain or gzipped.";

export class FileError extends Error {}

/** {records: [{comment} or {error: {code, message}}], columns, textColumns} of a File. Raises FileError. */
export async function readComments(file) {
  if (file.size > MAX_FILE_BYTES) throw new FileError("This file is larger than 300 MB: crypto-sentiment score takes files of any size.");
  const text = decode(await unpacked(file)).replace(/^\uFEFF/, "");
  const start = text.trimStart()[0];
  const { columns, rows } = start === "{" || start === "[" || /\.(jsonl|ndjson|json)(\.gz)?$/i.test(file.name) ? parseJson(text) : parseCsv(text, TEXT_NAMES);
  if (!rows.length) throw new FileError("There is no comment in this file.");
  const textColumns = named(columns, TEXT_NAMES);
  if (!textColumns.length) {
    throw new FileError(columns.length
      ? `No column of comments: it has to be called ${TEXT_NAMES.join(", ")}. Found: ${columns.slice(0, 12).join(", ").slice(0, 300)}.`
      : `Nothing in this file is a comment. ${TAKEN}`);
  }
  return { records: rows.map(({ comment, fault, code }) => (comment ? { comment } : { error: { code: code ?? "record_not_object", message: fault } })), columns, textColumns };
}

/** Those of `names` that are among `wanted`, in the order of `wanted`; blanks and case do not count. */
export function named(names, wanted) {
  const folded = new Map();
  for (const name of names) if (!folded.has(name.trim().toLowerCase())) folded.set(name.trim().toLowerCase(), name);
  return wanted.filter((name) => folded.has(name)).map((name) => folded.get(name));
}

async function unpacked(file) {
  let bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
    } catch {
      throw new FileError("The file cannot be read: its gzip is damaged or cut off.");
    }
  }
  const head = String.fromCharCode(...bytes.subarray(0, 8));
  const kind = KINDS.find(([start]) => head.startsWith(start));
  if (kind) throw new FileError(`This is ${kind[1]}. ${TAKEN}`);
  return bytes;
}

/** A byte order mark, zeros of UTF-16, UTF-8, else cp1252, as lambda_fn/bulk/encodings.py has it. */
function decode(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  const head = bytes.subarray(0, 65_536);
  if (head.includes(0)) {
    const zeros = [0, 0];
    head.forEach((byte, index) => { if (!byte) zeros[index % 2]++; });
    if (Math.max(...zeros) < head.length / 4 || Math.max(...zeros) < 4 * Math.min(...zeros)) throw new FileError(`This is no text: it holds zero bytes. ${TAKEN}`);
    return new TextDecoder(zeros[1] > zeros[0] ? "utf-16le" : "utf-16be").decode(bytes);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const loose = new TextDecoder("utf-8").decode(bytes);
    const lost = loose.split("\uFFFD").length - 1;
    const good = (loose.match(/[^\x00-\x7f\uFFFD]/g) ?? []).length;
    return good >= lost ? loose : new TextDecoder("windows-1252").decode(bytes); // a stray byte leaves it UTF-8
  }
}

// Digits of an id beyond 2^53, and of 1.0, stay as they came in.
const exact = (key, value, context) => (typeof value === "number" && context?.source !== undefined && context.source !== String(value) && JSON.rawJSON ? JSON.rawJSON(context.source) : value);

/** One array, one object a line, or one object over several lines. */
function parseJson(text) {
  let rows;
  try {
    const value = JSON.parse(text, exact);
    rows = (Array.isArray(value) ? value : [value]).map((item, index) => record(item, `Item ${index + 1}`));
  } catch {
    rows = [];
    text.split("\n").forEach((line, index) => {
      if (!line.trim()) return;
      try {
        rows.push(record(JSON.parse(line, exact), `Line ${index + 1}`));
      } catch {
        rows.push({ fault: `Line ${index + 1} is not JSON`, code: "record_not_json" });
      }
    });
  }
  const columns = new Set();
  for (const { comment } of rows) if (comment) for (const name of Object.keys(comment)) columns.add(name);
  return { columns: [...columns], rows };
}

const record = (item, place) => (item && typeof item === "object" && !Array.isArray(item) && !("rawJSON" in item && Object.isFrozen(item))
  ? { comment: item } : { fault: `${place} is not a JSON object` });
