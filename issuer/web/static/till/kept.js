/** Shows what is kept, and says what became of it when the answer comes late. */

import { feel } from "./feedback.js";
import { isStale } from "./queue.js";
import { counted, language, word } from "./words.js";

const pill = document.getElementById("kept-pill");
const list = document.getElementById("kept-list");
const late = document.getElementById("late");
const LATE_STAYS = 8000;

let timer = 0;

/** @param {{kept(), resume(), forget(key)}} queue */
export function prepareKept(queue) {
  pill.addEventListener("click", () => {
    fill(queue);
    list.showModal();
  });
  document.getElementById("kept-close").addEventListener("click", () => list.close());
  document.getElementById("kept-send").addEventListener("click", () => queue.resume());
  late.addEventListener("click", () => (late.hidden = true));
}

/** Shows the state in the bar; a request that has just been sent is nobody's worry yet. */
export function showKept(queue, unanswered) {
  const count = queue.kept().filter((request) => unanswered.has(request.key)).length;
  pill.hidden = count === 0 && navigator.onLine;
  pill.textContent = count ? counted("kept-one", "kept-many", count) : word("offline-short");
  if (!list.open) return;
  if (count) fill(queue);
  else list.close();
}

/** A refusal stays until it is tapped away. */
export function showLate(kind, text) {
  clearTimeout(timer);
  late.dataset.kind = kind;
  late.hidden = false;
  document.getElementById("late-text").textContent = text;
  feel(kind);
  if (kind !== "no") timer = setTimeout(() => (late.hidden = true), LATE_STAYS);
}

export function isListOpen() {
  return list.open;
}

function fill(queue) {
  document.getElementById("kept-entries").replaceChildren(...queue.kept().map((request) => line(queue, request)));
}

function line(queue, request) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  const time = new Date(request.at).toLocaleTimeString(language, { timeStyle: "short" });
  const state = word(isStale(request) ? "kept-stale" : "kept-waiting");
  text.textContent = `${time} · ${request.about.short_code} · ${word(`do-${request.kind}`)}: ${state}`;
  item.append(text);
  if (isStale(request)) item.append(removeButton(queue, request));
  return item;
}

function removeButton(queue, request) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = word("remove");
  button.addEventListener("click", () => queue.forget(request.key));
  return button;
}
