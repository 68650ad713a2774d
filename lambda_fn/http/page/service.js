// Calls of this service: the key, and trying again.

import { $, wait } from "./element.js";

const RETRIES = 4;
const LONGEST_PAUSE_MS = 10_000;
const PATIENCE_MS = 90_000; // no answer takes so long: the service hangs

export class ServiceError extends Error {
  constructor(status, code, message) { super(message); this.status = status; this.code = code; }
}

/**
 * The JSON that `path` answers. Tries again while the service is busy or away: a few times, or, with `onWait`, until
 * `signal` says otherwise; onWait(message) is told of every pause. Raises ServiceError, and AbortError.
 */
export async function call(path, { body, type = "application/json", signal, onWait } = {}) {
  const headers = body === undefined ? {} : { "content-type": type };
  if ($("key").value) headers["x-api-key"] = $("key").value;
  for (let attempt = 0; ; attempt++) {
    let response = null;
    try {
      const limit = AbortSignal.timeout(PATIENCE_MS);
      response = await fetch(path, { method: body === undefined ? "GET" : "POST", body, headers, signal: signal ? AbortSignal.any([signal, limit]) : limit });
      if (response.ok) return await response.json();
    } catch (error) {
      if (error.name === "AbortError") throw error;
    }
    const busy = !response || response.ok || [429, 502, 503, 504].includes(response.status);
    if (!busy || (!onWait && attempt === RETRIES)) {
      const { code, message } = (await response?.json().catch(() => null))?.error ?? {};
      throw new ServiceError(response?.status ?? 0, code, message ?? (response ? `The service answered ${response.status}.` : "The service cannot be reached."));
    }
    if (attempt >= RETRIES) onWait(response ? "The service is busy" : "The service cannot be reached");
    await wait(Math.min(2 ** attempt * 300, LONGEST_PAUSE_MS) * (0.5 + Math.random()));
    signal?.throwIfAborted();
  }
}

export const post = (path, content, options) => call(path, { ...options, body: JSON.stringify(content) });

/** What to say of an error; one for want of the key shows where it goes. */
export function explain(error) {
  if (error.status !== 401) return error.message;
  $("key-section").hidden = false;
  return `${error.message}.`;
}
