/** Tells fingers from a hand scanner: a scanner types a whole code within an instant, and ends it with Enter. */

const FINGER = 45;
const PAUSE = 300;
const CODE = 4;
const SIGN = /^[0-9a-z]$/i;

export class Typing {
  #burst = [];
  #timer = 0;

  /** @param {{typed(key: string), scanned(code: string)}} hears keys one by one, and codes at once */
  constructor(hears) {
    this.hears = hears;
  }

  /** Takes a key; what it was is told as soon as it is clear that no other follows at once. */
  take(key) {
    clearTimeout(this.#timer);
    this.#burst.push(key);
    if (key === "Enter" && this.isCode) return this.#end();
    this.#timer = setTimeout(() => this.#end(), this.isCode ? PAUSE : FINGER);
  }

  forget() {
    clearTimeout(this.#timer);
    this.#burst = [];
  }

  /** Whether what came in one go can only be a code. */
  get isCode() {
    const signs = this.#burst.filter((key) => SIGN.test(key));
    return signs.length >= CODE || signs.some((sign) => /[a-z]/i.test(sign));
  }

  #end() {
    const [burst, isCode] = [this.#burst, this.isCode];
    this.forget();
    const signs = burst.filter((key) => key.length === 1);
    if (!isCode) for (const key of burst) this.hears.typed(key);
    else if (signs.length >= CODE) this.hears.scanned(signs.join(""));
  }
}
