/** One customer after another: scan, look, stamp, answer. */

import { prepareAmount, showAmount } from "./amount.js";
import { prepareAnswer } from "./answer.js";
import { NoAnswer, SignedOut, call, newKey } from "./api.js";
import { prepareCard, showCard } from "./card.js";
import { asked, refusal, success, undoing } from "./deeds.js";
import { feel, unlockSound } from "./feedback.js";
import { startFinder } from "./finder.js";
import { prepareFurther, showFurther, showReason } from "./further.js";
import { isListOpen, prepareKept, showKept, showLate } from "./kept.js";
import { Queue } from "./queue.js";
import { Sight } from "./sight.js";
import { UndoClock, undoSeconds } from "./undo.js";
import { hold, showView, shownView } from "./views.js";
import { word } from "./words.js";

const part = (name) => document.getElementById(name);
const field = part("code");
const again = part("again");
const PATIENCE = 4000;
// An answer to what was tapped just before the page was loaded anew is still the answer people wait for.
const FRESH = 2 * 60 * 1000;

const sight = new Sight();
const unanswered = new Set();
let looking = false;
let pending = null;
let current = null;

const answer = prepareAnswer({ next: toScan, card: (card) => toCard(card) });
const queue = new Queue({
  changed: () => showKept(queue, unanswered),
  answered,
  unanswered: (request, wait) => keep(request, wait),
  signedOut,
});
const undo = new UndoClock(
  [part("answer-undo"), part("last-undo")],
  [part("answer-undo"), part("last")],
  (entryId, about) => act(undoing(entryId), about),
);

/* ---- from state to state ---- */

function toScan() {
  pending = null;
  amount.leave();
  showView("scan");
  hold(true);
  sight.settle(performance.now());
  if (matchMedia("(hover: hover) and (pointer: fine)").matches) {
    field.focus();
    field.select();
  }
}

/** @param {string} chosen the voucher whose code was scanned or typed */
function toCard(card, note = "", chosen = null) {
  const waits = queue.kept().some((request) => request.about.card_id === card.id);
  const wanted = chosen && card.actions.find(({ body }) => body.voucher_id === chosen);
  current = { card, note: waits ? word("kept-note") : note, wanted };
  field.value = "";
  amount.leave();
  showView("card");
  showCard(card, current.note, wanted);
  if (wanted?.act === "purchase") choose(card, wanted, 1);
}

function backToCard() {
  amount.leave();
  showView("card");
  showCard(current.card, current.note, current.wanted);
}

/** What is asked for at once, or on a page of its own. */
function choose(card, action, count) {
  if (action.act === "purchase") {
    hold(false);
    showAmount(card, action);
  } else if (action.act === "goodwill") {
    hold(false);
    showReason(card, action);
  } else act(asked(card, action, action.many ? { count } : {}), about(card));
}

function signedOut() {
  location.assign("/till");
}

/* ---- look up ---- */

async function lookUp(code) {
  if (looking) return;
  looking = true;
  again.hidden = true;
  part("scan").setAttribute("aria-busy", "true");
  try {
    const outcome = await call("/till/lookup", { code }, { key: newKey(), patience: 8000 });
    if (outcome.ok) toCard(outcome.data.card, outcome.data.note, outcome.data.chosen);
    else answer.show(refusal("lookup", outcome.data));
  } catch (error) {
    lookUpFailed(error);
  } finally {
    looking = false;
    part("scan").setAttribute("aria-busy", "false");
    sight.settle(performance.now());
  }
}

function lookUpFailed(error) {
  if (error instanceof SignedOut) return signedOut();
  if (!(error instanceof NoAnswer)) throw error;
  sight.forget();
  answer.show({ kind: "no", word: word("no-answer"), sentence: word("no-answer-sentence") });
}

function saw(code) {
  const now = performance.now();
  if (looking || pending || shownView() !== "scan" || isListOpen()) return sight.glimpse(code, now);
  if (sight.isNew(code, now)) {
    feel("seen");
    if (answer.isOpen) leaveAnswer();
    lookUp(code);
  } else if (!answer.isOpen) offerAgain(now);
}

function offerAgain(now) {
  if (!sight.isWaiting(now)) return;
  again.hidden = false;
  clearTimeout(offerAgain.timer);
  offerAgain.timer = setTimeout(() => (again.hidden = true), 1500);
}

/* ---- whatever is booked ---- */

function act({ kind, path, body }, about) {
  if (pending) return;
  hold(true);
  pending = queue.send(kind, path, body, about).key;
  const key = pending;
  setTimeout(() => {
    const request = queue.kept().find((one) => one.key === key);
    if (request) keep(request, 0);
  }, PATIENCE);
}

function keep(request, wait) {
  // The server is at it already and says when to ask again: no news yet.
  if (wait && Date.now() - request.at < PATIENCE) return;
  const isNews = !unanswered.has(request.key);
  unanswered.add(request.key);
  showKept(queue, unanswered);
  if (request.key !== pending || !isNews) return;
  const sentence = word(`kept-${request.kind}`);
  answer.show({ kind: "wait", word: word("kept"), headline: request.about.price || request.about.short_code, sentence });
}

function answered(request, outcome) {
  unanswered.delete(request.key);
  showKept(queue, unanswered);
  if (request.kind === "undo" && outcome.ok) undo.stop();
  if (request.kind !== "undo" && outcome.ok) mayUndo(request, outcome.data);
  const said = outcome.ok ? success(request.kind, outcome.data) : refusal(request.kind, outcome.data);
  const isAwaited = request.key === pending || (isIdle() && Date.now() - request.at < FRESH);
  if (!isAwaited) {
    const parts = [request.about.short_code, said.word, said.headline, said.sentence];
    return showLate(said.kind, parts.filter(Boolean).join(" · "));
  }
  pending = null;
  sight.settle(performance.now());
  answer.show(said);
}

function isIdle() {
  return shownView() === "scan" && !looking && !answer.isOpen && !isListOpen() && field.value === "";
}

function mayUndo({ about }, data) {
  undo.start(data.entry_id, about, undoSeconds(data));
  part("last-what").textContent = `${about.short_code} · ${data.headline}`;
}

/* ---- keyboard and hand scanner ---- */

function leaveAnswer() {
  answer.close();
  toScan();
}

/** A letter typed anywhere begins a new code: a hand scanner does not know what is on the screen. */
function startCode(event) {
  if (event.key === "Enter" && event.repeat) return event.preventDefault();
  if (event.key === "Escape" && !answer.isOpen && !isListOpen()) return stepBack();
  if (shownView() === "amount" && !answer.isOpen && !isListOpen()) return amount.key(event);
  const isLetter = /^[0-9a-z]$/i.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isLetter || event.target.matches("input") || looking || isListOpen()) return;
  if (answer.isOpen) answer.close();
  toScan();
  field.value = "";
  field.focus();
}

function stepBack() {
  if (pending || shownView() === "scan") return;
  if (shownView() === "card") toScan();
  else backToCard();
}

function about(card, price = "") {
  return { card_id: card.id, short_code: card.short_code, price };
}

const amount = prepareAmount({
  book: (card, action, input, price) => act(asked(card, action, input), about(card, price)),
  scanned: (code) => {
    toScan();
    lookUp(code);
  },
  back: backToCard,
});
prepareCard({ choose, further: showFurther, cancel: toScan });
prepareFurther({
  choose,
  give: (card, action, reason) => act(asked(card, action, { reason }), about(card)),
  back: backToCard,
});
prepareKept(queue);
unlockSound();
addEventListener("keydown", startCode);
addEventListener("online", () => showKept(queue, unanswered));
addEventListener("offline", () => showKept(queue, unanswered));
again.addEventListener("click", () => lookUp(sight.code));
part("code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (field.value.trim()) lookUp(field.value.trim());
  else field.focus();
});
for (const request of queue.kept()) unanswered.add(request.key);
toScan();
showKept(queue, unanswered);
queue.resume();
startFinder(saw);
// Typed and sent before this script was there: the form came back with the code in the address.
const early = new URLSearchParams(location.search).get("code")?.trim();
if (early) {
  history.replaceState(null, "", location.pathname);
  lookUp(early);
}
