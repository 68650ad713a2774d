// The comments that moved a coin's mood at a point in time: ids, and texts where they are at hand.

import { $, make, whole } from "./element.js";
import { nameOf, timeLabel } from "./numbers.js";

const LONGEST_TEXT = 280;

function list(comments) {
  const items = make("ol");
  for (const { id, text, net } of comments) {
    const item = make("li");
    item.append(make("code", "", id ?? "no id"), make("span", net < 0 ? "negative" : "positive", ` ${net < 0 ? "−" : "+"}${Math.abs(Math.round(100 * net))} `));
    if (text) item.append(make("q", "", text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text));
    items.append(item);
  }
  return comments.length ? items : make("p", "note", "None.");
}

/** Shows them; nothing where the source has none to show. width: "" where comments carry no time. */
export async function showMoved(source, asked, width) {
  const found = await source.moved(asked).catch(() => false); // a detail: the chart stands without it
  if (!found) { $("moved").hidden = true; return; }
  const sides = ["negative", "positive"].map((side) => {
    const part = make("div");
    part.append(make("h4", "", `Most ${side}`), list(found[side]));
    return part;
  });
  $("moved-title").textContent = `${nameOf(asked.coin)}${width ? `, ${timeLabel(asked.from, width)}` : ""}: the comments that moved it most, of ${whole(found.comments)}${found.partial ? " looked at" : ""}`;
  $("moved-lists").replaceChildren(...sides);
  $("moved").hidden = false;
}
