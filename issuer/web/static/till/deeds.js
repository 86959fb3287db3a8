/** What can be done with a card: where each deed is asked for, and what its answer is called. */

import { word } from "./words.js";

const PATHS = {
  stamp: "/till/stamps",
  redeem: "/till/redemptions",
  purchase: "/till/purchases",
  sell: "/till/prepaid",
  use: "/till/prepaid/uses",
  voucher: "/till/vouchers",
  offer: "/till/offers",
  goodwill: "/till/goodwill",
  bonus: "/till/bonuses",
  undo: "/till/undo",
};

/**
 * @param action what the server offered for a card
 * @param input what was chosen or typed for it
 * @returns {{kind: string, path: string, body: object}}
 */
export function asked(card, action, input) {
  const kind = action.act === "choose" ? "redeem" : action.act;
  return { kind, path: PATHS[kind], body: { card_id: card.id, ...action.body, ...input } };
}

export function undoing(entryId) {
  return { kind: "undo", path: PATHS.undo, body: { entry_id: entryId } };
}

/** How the answer to a deed looks on the screen. */
export function success(kind, data) {
  const shown = { headline: data.headline, sentence: data.sentence };
  if (kind === "undo") return { ...shown, kind: "undone", word: word("done-undo") };
  shown.canUndo = true;
  if (!data.reward) return { ...shown, kind: "yes", word: word(`done-${kind}`) };
  const isBill = kind === "purchase" || kind === "sell";
  return { ...shown, kind: "reward", word: word(isBill ? `done-${kind}` : "reward"), card: data.card };
}

export function refusal(kind, problem) {
  return { kind: "no", word: word(`not-${kind}`), sentence: problem.detail ?? problem.title };
}
