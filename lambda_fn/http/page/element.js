// The few things that every part of the page does with its elements.

export const $ = (id) => document.getElementById(id);

/** An element with text: never HTML, for comments are strangers'. */
export function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const whole = (number) => number.toLocaleString("en");

/** Offer `content` (a Blob or text) as a file. */
export function download(content, type, name) {
  const link = make("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What a browser keeps, where it keeps anything: a private window may not. */
export function remembered(storage, name) { try { return storage.getItem(name); } catch { return null; } }
export function remember(storage, name, value) { try { storage.setItem(name, value); } catch { /* not kept, then */ } }
