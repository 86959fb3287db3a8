/** The card that was looked up, and what can be done with it. */

import { counted, language, word } from "./words.js";

const MOST = 20;
const RECENT = 5 * 60 * 1000;
// A second tap or a scanner's second Enter must not stamp a card nobody has seen yet.
const SETTLE = 300;

const part = (name) => document.getElementById(name);
const stamp = part("stamp");

let count = 1;
let card = null;

/** @param {{stamp(card, count), redeem(card, reward), cancel()}} acts */
export function prepareCard(acts) {
  stamp.addEventListener("click", () => acts.stamp(card, count));
  part("cancel").addEventListener("click", () => acts.cancel());
  part("fewer").addEventListener("click", () => setCount(count - 1));
  part("more").addEventListener("click", () => setCount(count + 1));
  part("several").addEventListener("click", () => {
    openStepper(true);
    setCount(2);
    part("more").focus();
  });
  part("redeem-buttons").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) acts.redeem(card, card.rewards[Number(button.dataset.index)]);
  });
}

/** @param {string} note a warning about this card, or "" */
export function showCard(shown, sentence, note) {
  card = shown;
  part("card-name").textContent = card.name ?? word("nameless");
  part("card-code").textContent = card.short_code;
  part("card-count").textContent = `${card.stamps} / ${card.needed}`;
  part("card-count").classList.toggle("wide", part("card-count").textContent.length > 6);
  part("card-sentence").textContent = sentence;
  part("card-last").textContent = lastSeen(card.last_at);
  part("card-note").textContent = note;
  part("card-note").hidden = !note;
  part("card-dots").replaceChildren(...dots(card));
  part("card-dots").classList.toggle("many", card.needed > 15);
  part("card-rewards").replaceChildren(...card.rewards.map(rewardLabel));
  part("redeem-buttons").replaceChildren(...card.rewards.map(redeemButton));
  openStepper(false);
  setCount(1);
  settle();
}

/** While a request is on its way, nothing else can be asked. */
export function holdCard(busy) {
  part("card").toggleAttribute("aria-busy", busy);
  for (const button of part("card").querySelectorAll(".dock-actions button")) button.disabled = busy;
}

function settle() {
  const buttons = part("card").querySelectorAll(".dock-actions button");
  for (const button of buttons) [button.disabled, button.className] = [true, `${button.className} settling`];
  setTimeout(() => {
    for (const button of buttons) button.classList.remove("settling");
    holdCard(false);
    if (!part("card").hidden) stamp.focus();
  }, SETTLE);
}

function setCount(wanted) {
  count = Math.min(MOST, Math.max(1, wanted));
  part("stamp-count").textContent = count;
  stamp.textContent = count === 1 ? word("do-stamp") : counted("do-stamp", "stamp-many", count);
  part("fewer").disabled = count === 1;
  part("more").disabled = count === MOST;
}

function openStepper(open) {
  part("stepper").hidden = !open;
  part("several").hidden = open;
  part("several").setAttribute("aria-expanded", String(open));
}

function dots({ stamps, needed }) {
  return Array.from({ length: needed }, (_, index) => {
    const dot = document.createElement("i");
    if (index < stamps) dot.className = "filled";
    return dot;
  });
}

function rewardLabel({ name, count: times }) {
  const label = document.createElement("li");
  label.className = "reward-label";
  label.textContent = times > 1 ? `${times} × ${name}` : name;
  return label;
}

function redeemButton({ name }, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-attention button-large button-wide";
  button.dataset.index = index;
  button.textContent = word("redeem-name", { name });
  return button;
}

function lastSeen(at) {
  if (!at) return word("never");
  const then = new Date(at);
  const age = Date.now() - then;
  if (age >= 0 && age < RECENT) return word("just-now");
  const time = then.toLocaleTimeString(language, { timeStyle: "short" });
  if (then.toDateString() === new Date().toDateString()) return word("last", { when: word("today", { time }) });
  return word("last", { when: then.toLocaleDateString(language, { dateStyle: "medium" }) });
}
