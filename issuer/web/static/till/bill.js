/** What a purchase comes to. The server is asked whenever something may be taken off, and its last answer counts. */

import { NoAnswer, SignedOut, call, newKey } from "./api.js";
import { word } from "./words.js";

const STILL = 200;
const AGAIN = 3000;

export class Bill {
  #timer = 0;
  #round = 0;
  #quote = null;

  /** @param {({price: string, isReady: boolean, isWrong: boolean}) => void} show */
  constructor(show) {
    this.show = show;
    this.close();
  }

  open(card, action) {
    this.close();
    [this.card, this.offered] = [card, action.more];
    this.wants.voucher = action.body.voucher_id ?? null;
  }

  close() {
    clearTimeout(this.#timer);
    this.#round += 1;
    this.#quote = null;
    this.wants = { total: 0, items: 0, credit: null, voucher: null };
  }

  change(wanted) {
    clearTimeout(this.#timer);
    this.#round += 1;
    this.#quote = null;
    Object.assign(this.wants, wanted);
    const { total } = this.wants;
    this.show({ price: "", isReady: total > 0 && !this.#isReckoned, isWrong: false });
    if (total && this.#isReckoned) this.#timer = setTimeout(() => this.#ask(this.#round), STILL);
  }

  /** What the booking says of the purchase. */
  get input() {
    return { ...this.#body, credit: this.#quote?.credit ?? 0 };
  }

  /** What is to pay, in words; empty when nobody reckoned it. */
  get price() {
    return this.#quote?.headline ?? "";
  }

  /** What is to pay must be known before anything is booked, as soon as it may be less than the amount. */
  get #isReckoned() {
    return this.offered.reckoned || Boolean(this.wants.credit || this.wants.voucher);
  }

  get #body() {
    const { total, items, voucher } = this.wants;
    return { total, ...(items && { items }), voucher_id: voucher };
  }

  async #ask(round) {
    const body = { card_id: this.card.id, ...this.#body, credit: Boolean(this.wants.credit) };
    const told = await reckon(body);
    if (round !== this.#round) return;
    this.#quote = told.quote ?? null;
    this.show({ price: told.sentence, isReady: Boolean(told.quote), isWrong: !told.quote });
    if (told.isSilent) this.#timer = setTimeout(() => this.#ask(round), AGAIN);
  }
}

async function reckon(body) {
  try {
    const { ok, data } = await call("/till/quote", body, { key: newKey(), patience: 6000 });
    return ok ? { quote: data, sentence: data.sentence } : { sentence: data.detail };
  } catch (error) {
    if (error instanceof SignedOut) location.assign("/till");
    else if (!(error instanceof NoAnswer)) throw error;
    return { sentence: word("price-offline"), isSilent: true };
  }
}
