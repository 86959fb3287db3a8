/** What is done less often: a list of it, and the reason that a present wants. */

import { actionButton, item } from "./buttons.js";
import { others } from "./card.js";
import { showView } from "./views.js";

const part = (name) => document.getElementById(name);

let ways = null;
let card = null;
let present = null;

/** @param {{choose(card, action, count), give(card, action, reason), back()}} given */
export function prepareFurther(given) {
  ways = given;
  part("further-back").addEventListener("click", () => ways.back());
  part("reason-back").addEventListener("click", () => ways.back());
  part("reason-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const words = part("reason-words").value.trim();
    if (words.length >= part("reason-words").minLength) ways.give(card, present, words);
    else part("reason-words").focus();
  });
}

export function showFurther(shown) {
  card = shown;
  showView("further");
  part("further-code").textContent = card.short_code;
  const choose = (action) => ways.choose(card, action, 1);
  part("further-actions").replaceChildren(...others("more").map((action) => item(actionButton(action, choose))));
  part("further-title").focus();
}

export function showReason(shown, action) {
  [card, present] = [shown, action];
  showView("reason");
  part("reason-title").textContent = action.label;
  part("reason-left").textContent = action.more.left;
  part("reason-words").value = "";
  const presets = action.more.reasons.map((reason) => ({ act: "reason", label: reason, body: {}, possible: true }));
  const give = ({ label }) => ways.give(card, present, label);
  part("reason-presets").replaceChildren(...presets.map((preset) => item(actionButton(preset, give))));
  part("reason-title").focus();
}
