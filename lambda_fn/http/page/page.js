// The page's parts, put together: the mood, typed comments, a file; key, colours and what is running.

import { $, remember, remembered } from "./element.js";
import { MoodView } from "./mood.js";
import { redrawTotals, startScoring } from "./scoring.js";
import { call, explain } from "./service.js";
import { ServiceSource } from "./sources.js";
import { redrawVerdicts, startTyped } from "./typed.js";

const mood = new MoodView();
const service = new ServiceSource();
const keyed = document.body.dataset.auth === "api-key";

async function openMood() {
  if (document.body.dataset.mood === "none") {
    $("mood-note").textContent = "This service has no source of scored comments (MOOD_SOURCE). Drop a file below to see its mood.";
    return;
  }
  if (keyed && !$("key").value) { $("mood-note").textContent = "The mood of this service's comments needs the API key."; return; }
  try {
    await mood.open(service);
    $("mood-note").textContent = "";
  } catch (error) {
    $("mood-note").textContent = explain(error);
  }
}

async function openFile(source) {
  try {
    await mood.open(source);
    $("mood-note").textContent = "";
    $("mood-back").hidden = !service.end;
    $("mood-title").scrollIntoView({ block: "start" });
  } catch (error) {
    $("mood-note").textContent = explain(error);
  }
}

async function showModel() {
  if (keyed && !$("key").value) return;
  try {
    const { model, revision } = await call("info");
    $("model").textContent = `${model}, revision ${revision.slice(0, 12)}`;
  } catch { /* it says so when the first comment is sent */ }
}

const theme = remembered(localStorage, "theme");
if (theme) document.documentElement.dataset.theme = theme;
$("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  remember(localStorage, "theme", document.documentElement.dataset.theme);
  mood.draw();
});

if (keyed) {
  $("key-section").hidden = false;
  $("key").value = remembered(sessionStorage, "key") ?? "";
}
$("key-form").addEventListener("submit", (event) => { event.preventDefault(); $("text").focus(); });
$("key").addEventListener("change", () => { remember(sessionStorage, "key", $("key").value); showModel(); openMood(); });
$("classes").addEventListener("change", () => { redrawVerdicts(); redrawTotals(); });
$("mood-back").addEventListener("click", () => { $("mood-back").hidden = true; openMood(); });

startScoring(openFile);
startTyped();
showModel();
openMood();
