/** The answer that fills the screen. */

import { feel } from "./feedback.js";
import { hasLongWord } from "./words.js";

const dialog = document.getElementById("answer");
const next = document.getElementById("next");
const toCard = document.getElementById("answer-card");
// The second tap of a double tap must not wipe the answer away.
const SETTLE = 400;

let shownAt = 0;
let closed = () => {};

/** @param {{next(), card(card)}} ways where the answer leads */
export function prepareAnswer(ways) {
  let card = null;
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("button") && performance.now() - shownAt > SETTLE) dialog.close();
  });
  next.addEventListener("click", () => dialog.close());
  toCard.addEventListener("click", () => {
    closed = () => ways.card(card);
    dialog.close();
  });
  dialog.addEventListener("close", () => closed());
  return {
    show(answer) {
      card = answer.card;
      closed = ways.next;
      show(answer);
    },
    /** Closes without going anywhere: the caller knows where to. */
    close() {
      closed = () => {};
      dialog.close();
    },
    get isOpen() {
      return dialog.open;
    },
  };
}

function show({ kind, word, headline = "", sentence = "", card = null, canUndo = false }) {
  dialog.dataset.kind = kind;
  dialog.dataset.undo = canUndo ? "yes" : "no";
  document.getElementById("answer-word").textContent = word;
  const big = document.getElementById("answer-headline");
  big.textContent = headline;
  big.classList.toggle("wide", headline.length === 7);
  big.classList.toggle("long", headline.length > 7);
  big.classList.toggle("wordy", hasLongWord(headline));
  document.getElementById("answer-sentence").textContent = sentence;
  toCard.hidden = !card;
  settle();
  if (!dialog.open) dialog.showModal();
  dialog.focus();
  dialog.scrollTop = 0;
  feel(kind);
}

function settle() {
  shownAt = performance.now();
  next.disabled = toCard.disabled = true;
  setTimeout(() => {
    next.disabled = toCard.disabled = false;
    if (dialog.open) next.focus({ preventScroll: true });
  }, SETTLE);
}
