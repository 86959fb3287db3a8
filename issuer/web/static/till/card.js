/** The card that was looked up, and what can be done with it. */

import { actionButton, label, text } from "./buttons.js";
import { hold } from "./views.js";
import { hasLongWord, language, word } from "./words.js";

const MOST = 20;
const RECENT = 5 * 60 * 1000;
// A second tap or a scanner's second Enter must not stamp a card nobody has seen yet.
const SETTLE = 300;

const part = (name) => document.getElementById(name);
const mainButton = part("stamp");

let ways = null;
let count = 1;
let card = null;
let main = null;

/** @param {{choose(card, action, count), further(card), cancel()}} given where the card's buttons lead */
export function prepareCard(given) {
  ways = given;
  mainButton.addEventListener("click", () => choose(main));
  part("cancel").addEventListener("click", () => ways.cancel());
  part("open-further").addEventListener("click", () => ways.further(card));
  part("fewer").addEventListener("click", () => setCount(count - 1));
  part("more").addEventListener("click", () => setCount(count + 1));
  part("several").addEventListener("click", () => {
    openStepper(true);
    setCount(2);
    part("more").focus();
  });
}

/**
 * @param {string} note a warning about this card, or ""
 * @param wanted the action that the scanned code asked for; else the likeliest
 */
export function showCard(shown, note, wanted) {
  card = shown;
  main = wanted ?? card.actions[0];
  describe();
  part("card-note").textContent = note;
  part("card-note").hidden = !note;
  part("front").replaceChildren(...others("front").map((action) => actionButton(action, choose)));
  part("open-further").hidden = others("more").length === 0;
  // Beside two others there is no room for the longer words.
  const isAlone = part("open-further").hidden && main.act === "stamp";
  part("several").textContent = word(isAlone ? "several-stamps" : "several");
  mainButton.toggleAttribute("data-impossible", !main.possible);
  openStepper(false);
  setCount(1);
  settle();
}

/** What is to be done with this card, beside the likeliest, at a place. */
export function others(place) {
  return card.actions.filter((action) => action !== main && placed(action) === place);
}

function placed(action) {
  return action.place === "main" ? "front" : action.place;
}

function choose(action) {
  ways.choose(card, action, count);
}

function describe() {
  part("card-name").textContent = card.name ?? word("nameless");
  part("card-code").textContent = card.short_code;
  part("card-label").textContent = card.label;
  part("card-count").textContent = card.headline;
  part("card-count").classList.toggle("wide", card.headline.length > 6);
  part("card-count").classList.toggle("long", card.headline.length > 8);
  part("card-count").classList.toggle("wordy", hasLongWord(card.headline));
  part("card-sentence").textContent = card.sentence;
  part("card-last").textContent = lastSeen(card);
  part("card-dots").replaceChildren(...dots(card));
  part("card-dots").classList.toggle("many", card.needed > 15);
  part("card-rewards").replaceChildren(...card.rewards.map(rewardLabel));
  part("card-offers").replaceChildren(...card.offers.map((offer) => text("li", offer, "offer-label")));
  part("card-facts").replaceChildren(...card.facts.map((fact) => text("li", `${fact.label}: ${fact.value}`, "label")));
  part("card-notices").replaceChildren(...card.notices.map((notice) => text("li", notice, "banner")));
}

function settle() {
  hold(true);
  const buttons = part("card").querySelectorAll("[data-deed]:not([data-impossible])");
  for (const button of buttons) button.classList.add("settling");
  setTimeout(() => {
    for (const button of buttons) button.classList.remove("settling");
    hold(false);
    if (!part("card").hidden) mainButton.focus();
  }, SETTLE);
}

function setCount(wanted) {
  count = Math.min(main.more.most ?? MOST, MOST, Math.max(1, wanted));
  part("stamp-count").textContent = count;
  label(mainButton, count === 1 ? main.label : main.many.replace("{count}", count));
  part("fewer").disabled = count === 1;
  part("more").disabled = count === Math.min(main.more.most ?? MOST, MOST);
}

function openStepper(open) {
  part("stepper").hidden = !open;
  part("several").hidden = open || !main.many || main.more.most < 2;
  part("several").setAttribute("aria-expanded", String(open));
}

function dots({ stamps, needed }) {
  return Array.from({ length: needed ?? 0 }, (_, index) => text("i", "", index < stamps ? "filled" : ""));
}

function rewardLabel({ name, count: times }) {
  return text("li", times > 1 ? `${times} × ${name}` : name, "reward-label");
}

function lastSeen({ last_at: at, needed }) {
  const what = needed ? "stamp" : "visit";
  if (!at) return word(`never-${what}`);
  const then = new Date(at);
  const age = Date.now() - then;
  if (age >= 0 && age < RECENT) return word(`just-${what}`);
  const time = then.toLocaleTimeString(language, { timeStyle: "short" });
  if (then.toDateString() === new Date().toDateString()) return word("last", { when: word("today", { time }) });
  return word("last", { when: then.toLocaleDateString(language, { dateStyle: "medium" }) });
}
