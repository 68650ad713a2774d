// Typed and pasted comments: scored one by one, with the words that carried each.

import { $, make, remember, remembered, whole } from "./element.js";
import { explain, post } from "./service.js";

const MAX_EXPLAINED = 20; // each costs as many inferences as it has words; more are scored without
const MAX_TYPED = 500;
const BATCH = 100;
const LINES_AT_LEAST = 3; // so many lines without an empty one between them are a column that was pasted
const CLASSES = ["negative", "neutral", "positive"];

/** Three moods, or the likelier of two: {label, score}. */
export const verdictOf = ({ label, score, mood, ...result }) => ($("classes").checked ? { label: mood, score: result[`p_${mood}`] } : { label, score });

const lines = () => $("text").value.split("\n").map((line) => line.trim()).filter(Boolean);
const paragraphs = () => $("text").value.split(/\n\s*\n/).map((text) => text.trim()).filter(Boolean);

/** Whether each line is a comment is asked where there are several lines, and guessed where none is empty. */
function offerLines() {
  const count = lines().length, apart = paragraphs().length;
  $("lines-offer").hidden = count < 2 || count === apart;
  $("lines-count").textContent = `Each line is a comment (${whole(count)})`;
  if (!$("lines").dataset.chosen) $("lines").checked = apart === 1 && count >= LINES_AT_LEAST;
  if (!count) delete $("lines").dataset.chosen;
}

/** The verdicts again, when neutral becomes a class or is none any more. */
export function redrawVerdicts() {
  for (const item of $("results").children) {
    if (!item.result) continue;
    const { label, score } = verdictOf(item.result);
    const bold = item.querySelector(".verdict b");
    bold.className = bold.textContent = label;
    item.querySelector(".verdict span").textContent = `${(score * 100).toFixed(1)} %`;
  }
}

function show(item, result, words, tokens) {
  item.result = result;
  const verdict = make("p", "verdict");
  verdict.append(make("b"), make("span"));
  const bar = make("div", "bar"), numbers = make("p", "numbers");
  bar.setAttribute("aria-hidden", "true");
  for (const name of CLASSES) {
    const part = make("span", name);
    part.style.width = `${result[`p_${name}`] * 100}%`;
    bar.append(part);
    numbers.append(make("span", name, `${name} ${(result[`p_${name}`] * 100).toFixed(1)} %`));
  }
  for (const { coin, mood } of result.coins ?? []) numbers.append(make("span", mood, `${coin}: ${mood}`));
  if (result.language === "other") numbers.append(make("span", "", "not English, so no mood"));
  if (tokens) numbers.append(make("span", "", `${tokens} tokens`));
  if (result.truncated) numbers.append(make("span", "", "cut to the model's window"));
  item.replaceChildren(verdict, bar, numbers, shaded(item.comment, words));
}

function shaded(comment, words) {
  const paragraph = make("p", "words"), characters = Array.from(comment); // offsets are in code points
  const strongest = Math.max(0.5, ...words.map((word) => Math.abs(word.contribution)));
  let at = 0;
  for (const { start, end, contribution } of words) {
    paragraph.append(characters.slice(at, start).join(""));
    const span = make("span", "", characters.slice(start, end).join(""));
    const strength = Math.abs(contribution) / strongest;
    if (strength > 0.05) {
      span.style.backgroundColor = `rgba(var(--${contribution > 0 ? "positive" : "negative"}-rgb), ${(0.55 * strength).toFixed(2)})`;
      span.title = `${contribution > 0 ? "+" : "−"}${Math.abs(contribution).toFixed(2)} towards positive`;
      if (strength > 0.5) span.style.fontWeight = "600";
    }
    paragraph.append(span);
    at = end;
  }
  paragraph.append(characters.slice(at).join(""));
  return paragraph;
}

function refuse(item, message) {
  item.replaceChildren(make("p", "message", message), make("p", "words", item.comment));
}

async function explained(item) {
  const { sentiment, words } = await post("analyze?detail=true&explain=true", { text: item.comment });
  const { label, score, probabilities, tokens, truncated } = sentiment;
  const mood = CLASSES.reduce((best, name) => (probabilities[name] > probabilities[best] ? name : best));
  const p = Object.fromEntries(CLASSES.map((name) => [`p_${name}`, probabilities[name]]));
  show(item, { label, score, mood, truncated, ...p }, words, tokens);
  $("legend").hidden = false;
}

async function scored(items) {
  const { results } = await post("score", items.map(({ comment }) => comment));
  results.forEach((result, i) => (result.error ? refuse(items[i], result.error_message) : show(items[i], result, [])));
}

async function analyze(event) {
  event.preventDefault();
  const all = $("lines").checked && !$("lines-offer").hidden ? lines() : paragraphs();
  $("message").textContent = !all.length ? "Type a comment first." : all.length > MAX_TYPED ? `The first ${MAX_TYPED} of ${whole(all.length)} comments; a file takes more.` : "";
  const items = all.slice(0, MAX_TYPED).map((comment) => Object.assign(make("li", "", "…"), { comment }));
  $("results").replaceChildren(...items);
  $("legend").hidden = true;
  $("analyze").disabled = true;
  const several = items.length > MAX_EXPLAINED;
  try {
    for (let i = 0; i < items.length; i += several ? BATCH : 1) {
      const part = items.slice(i, i + (several ? BATCH : 1));
      try {
        await (several ? scored(part) : explained(part[0]));
      } catch (error) {
        for (const item of part) refuse(item, explain(error));
        if (error.status === 401 || error.status === 0) { for (const item of items.slice(i + part.length)) item.remove(); break; }
      }
    }
    redrawVerdicts();
  } finally {
    $("analyze").disabled = false;
  }
}

/** A link that carries the text: behind #, so that no server ever sees it. */
async function copyLink() {
  const link = `${location.origin}${location.pathname}#${new URLSearchParams({ text: $("text").value })}`;
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    $("link-note").textContent = "Copied.";
  } catch {
    $("link-note").textContent = "The address bar has it.";
  }
}

/** Wires the form; fills it from the link, or with what was there before a reload. */
export function startTyped() {
  const linked = new URLSearchParams(location.hash.slice(1)).get("text") ?? new URLSearchParams(location.search).get("text");
  $("text").value = linked ?? remembered(sessionStorage, "text") ?? "";
  $("form").addEventListener("submit", analyze);
  $("text").addEventListener("input", () => { remember(sessionStorage, "text", $("text").value); $("link-note").textContent = ""; offerLines(); });
  $("text").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("form").requestSubmit(); });
  $("lines").addEventListener("change", () => { $("lines").dataset.chosen = "yes"; });
  $("copy-link").addEventListener("click", copyLink);
  offerLines();
  if (linked) $("form").requestSubmit();
}
