/** The last minute's way back: one clock, shown on the answer and, later, above the code field. */

import { word } from "./words.js";

const LONGEST = 60;

export class UndoClock {
  #timer = 0;
  #until = 0;

  /** @param buttons {HTMLElement[]} @param onUndo {(entryId: string, about: object) => void} */
  constructor(buttons, places, onUndo) {
    this.buttons = buttons;
    this.places = places;
    for (const button of buttons) button.addEventListener("click", () => this.entryId && onUndo(this.entryId, this.about));
    this.stop();
  }

  start(entryId, about, seconds) {
    this.stop();
    [this.entryId, this.about] = [entryId, about];
    this.#until = performance.now() + seconds * 1000;
    this.#timer = setInterval(() => this.#tick(), 250);
    this.#tick();
  }

  stop() {
    clearInterval(this.#timer);
    this.entryId = this.about = null;
    this.#show(0);
  }

  #tick() {
    const seconds = Math.ceil((this.#until - performance.now()) / 1000);
    if (seconds > 0) this.#show(seconds);
    else this.stop();
  }

  #show(seconds) {
    for (const button of this.buttons) button.textContent = word("undo-seconds", { seconds });
    for (const place of this.places) place.classList.toggle("gone", seconds <= 0);
  }
}

/** Seconds left; the device's clock may differ from the server's, so an absurd distance means a full minute. */
export function undoSeconds(answer) {
  if (Number.isInteger(answer.undo_seconds)) return answer.undo_seconds;
  const seconds = (Date.parse(answer.undo_until) - Date.now()) / 1000;
  return seconds > 0 && seconds <= LONGEST ? seconds : LONGEST;
}
