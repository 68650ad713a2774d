// The time of a comment, in every form that exports write it in; without a zone it is UTC (lambda_fn/bulk/times.py).

const NAMES = "created_utc created_at createdat created created_time timestamp datetime date time published_at publishedat published posted_at".split(" ");
const UNITS = [[1e11, 1n], [1e14, 1000n], [1e17, 1_000_000n], [1e20, 1_000_000_000n]]; // up to here: of so many a second
const LEAST = 1e8; // no comment was written before 1973: a smaller number is no time
const ISO = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(?:(Z|UTC|GMT)|([+-])(\d\d):?(\d\d))?$/i;

export const timeNames = NAMES;

/** Microseconds since 1970 as a BigInt; null if it is no time. */
export function microseconds(value) {
  if (value === null || value === undefined || typeof value === "boolean") return null;
  const text = String(value?.rawJSON ?? value).trim();
  if (/^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text) && !/^(19|20)\d{6}$/.test(text)) return ofNumber(text);
  const found = ISO.exec(text);
  if (found) {
    const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = "", , sign, hours = 0, minutes = 0] = found;
    const utc = Date.UTC(year, month - 1, day, hour, minute, second);
    if (new Date(utc).getUTCDate() !== Number(day) % 32 && Number(hour) < 24) return null;
    const offset = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
    return BigInt(utc - offset) * 1000n + BigInt(fraction.padEnd(6, "0").slice(0, 6) || 0);
  }
  if (!/^[A-Za-z]{3}/.test(text)) return null;
  const parsed = Date.parse(text); // Twitter's form, and an e-mail's
  return Number.isNaN(parsed) ? null : BigInt(parsed) * 1000n;
}

function ofNumber(text) {
  const number = Number(text);
  if (!(number >= LEAST)) return null;
  const unit = UNITS.find(([limit]) => number < limit)?.[1];
  if (unit === undefined) return null;
  if (/^\d+$/.test(text)) return (BigInt(text) * 1_000_000n) / unit;
  return BigInt(Math.round(number * (1e6 / Number(unit))));
}

/** As results carry it: "2022-05-03T10:50:38Z", with microseconds where there are some. */
export function iso(micros) {
  const text = new Date(Number(micros / 1000n)).toISOString().slice(0, 19);
  const rest = micros % 1_000_000n;
  return rest ? `${text}.${String(rest).padStart(6, "0")}Z` : `${text}Z`;
}
