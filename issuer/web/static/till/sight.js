/** Tells a card newly held to the camera from one that is still held there. */

const AFTER_RESULT = 3000;
const OUT_OF_SIGHT = 1500;

export class Sight {
  #code = null;
  #settledAt = 0;
  #seenAt = 0;

  /**
   * The same code counts as new only when three seconds have gone since its result and it was out of sight meanwhile:
   * a card held on after its stamp must not come up again by itself.
   * @returns {boolean} whether to look this code up
   */
  isNew(code, now) {
    const held = code === this.#code && (now - this.#settledAt < AFTER_RESULT || now - this.#seenAt < OUT_OF_SIGHT);
    this.#code = code;
    this.#seenAt = now;
    return !held;
  }

  /** Whether the last card is held on for so long that somebody may want it read again. */
  isWaiting(now) {
    return now - this.#settledAt >= AFTER_RESULT && now - this.#seenAt < OUT_OF_SIGHT;
  }

  /** Keeps a card in sight without reading it. */
  glimpse(code, now) {
    if (code === this.#code) this.#seenAt = now;
  }

  settle(now) {
    this.#settledAt = now;
  }

  forget() {
    this.#code = null;
  }

  get code() {
    return this.#code;
  }
}
