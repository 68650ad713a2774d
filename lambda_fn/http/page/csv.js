// CSV in, as spreadsheets write it, and CSV out. No DOM here.

const DELIMITERS = [",", ";", "\t", "|"];
const LONGEST_ROW = 4 * 1024 * 1024; // a longer one is a quote that never closes

/** The rows behind the header: {cells as an object} or {fault}, one for each that is not blank. textNames: of a column
 *  of comments, by which the delimiter is told. */
export function parseCsv(text, textNames) {
  let at = 0, line = 1, delimiter = null;
  const sep = /^sep=(.)\r?\n/i.exec(text);
  if (sep) { delimiter = sep[1]; at = sep[0].length; line = 2; }
  delimiter ??= findDelimiter(text, textNames);
  const rows = [];
  let header = null, names = [];
  while (at < text.length) {
    const row = readRow(text, at, delimiter);
    if (row.cells.length > 1 || row.cells[0] !== "" || row.fault) {
      if (row.fault) rows.push({ fault: `CSV row at line ${line} cannot be read: ${row.fault}` });
      else if (!header) { header = row.cells; names = columnNames(header); }
      else if (row.cells.length !== header.length || row.cells.some((cell, i) => cell !== header[i])) {
        const cells = row.cells;
        while (cells.length > header.length && !cells[cells.length - 1].trim()) cells.pop();
        rows.push(cells.length > header.length
          ? { fault: `CSV row at line ${line} has ${cells.length} fields, its header ${header.length}` }
          : { comment: Object.fromEntries(cells.map((cell, i) => [names[i], cell])) });
      }
    }
    line += row.lines;
    at = row.end;
  }
  return { columns: names, rows };
}

function findDelimiter(text, textNames) {
  const fits = DELIMITERS.map((delimiter) => {
    const header = readRow(text, 0, delimiter).cells;
    return { delimiter, named: header.some((cell) => textNames.includes(cell.trim().toLowerCase())), count: header.length };
  });
  fits.sort((a, b) => b.named - a.named || b.count - a.count);
  return fits[0].count > 1 ? fits[0].delimiter : "\x1f"; // one column: no comment holds a unit separator
}

/** An empty name is column_<number>, a repeated one gets a number behind it. */
function columnNames(header) {
  const names = [];
  header.forEach((cell, index) => {
    const base = cell.trim() ? cell : `column_${index + 1}`;
    let name = base;
    for (let count = 2; names.includes(name); count++) name = `${base}_${count}`;
    names.push(name);
  });
  return names;
}

/** The row that begins at `start`. A quote that never closes costs its own line only. */
function readRow(text, start, delimiter) {
  const cells = [];
  let at = start, lines = 1;
  for (;;) {
    let cell = "";
    if (text[at] === '"') {
      for (at += 1; ;) {
        const quote = text.indexOf('"', at);
        if (quote < 0 || quote - start > LONGEST_ROW) {
          const end = text.indexOf("\n", start);
          return { cells: [], fault: "a quote in it never closes", lines: 1, end: end < 0 ? text.length : end + 1 };
        }
        cell += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at += 1;
      }
      for (let i = 0; i < cell.length; i++) if (cell[i] === "\n") lines++;
    }
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== "\n") at++;
    let rest = text.slice(from, at);
    if (text[at] !== delimiter && rest.endsWith("\r")) rest = rest.slice(0, -1);
    cells.push(cell + rest);
    if (text[at] !== delimiter) return { cells, lines, end: Math.min(at + 1, text.length) };
    at += 1;
  }
}

// A cell that begins like a formula runs as one in a spreadsheet, and the comments are strangers': an apostrophe makes
// it text. https://owasp.org/www-community/attacks/CSV_Injection
const defused = (text) => (/^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+$/.test(text) ? `'${text}` : text);
const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return quoted(defused(value));
  return quoted(typeof value === "object" ? (value.rawJSON ?? JSON.stringify(value)) : String(value));
}

/** rows: objects; columns: their names, in order. */
export const toCsv = (columns, rows) =>
  [columns.map((name) => quoted(defused(name))), ...rows.map((row) => columns.map((name) => cell(row[name])))]
    .map((record) => record.join(",") + "\r\n").join("");
