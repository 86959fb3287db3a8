/** The amount of a purchase: typed on the keypad or the keyboard, reckoned by the server where something is taken off. */

import { Bill } from "./bill.js";
import { text } from "./buttons.js";
import { Typing } from "./typing.js";
import { showView } from "./views.js";
import { language, word } from "./words.js";

const COMMA = new Intl.NumberFormat(language).formatToParts(1.5).find(({ type }) => type === "decimal").value;
const MOST_CENTS = 100_000_00;
const MOST_ITEMS = 20;

const part = (name) => document.getElementById(name);
const book = part("book");

let ways = null;
let typed = "";
let items = 1;
let purchase = null;
const bill = new Bill(show);

/** @param {{book(card, action, input, price), scanned(code), back()}} given */
export function prepareAmount(given) {
  ways = given;
  const typing = new Typing({ typed: press, scanned: (code) => ways.scanned(code) });
  part("amount-comma").textContent = COMMA;
  part("amount-pad").addEventListener("click", (event) => press(event.target.closest("button")?.dataset.key));
  part("amount-back").addEventListener("click", () => ways.back());
  part("items-fewer").addEventListener("click", () => setItems(items - 1));
  part("items-more").addEventListener("click", () => setItems(items + 1));
  book.addEventListener("click", send);
  return { key: (event) => hear(typing, event), leave: () => bill.close() };
}

/** @param action with the voucher that is switched on in its body, if any */
export function showAmount(card, action) {
  [purchase, typed] = [{ card, action }, ""];
  showView("amount");
  part("amount-code").textContent = card.short_code;
  part("amount-items").hidden = !action.more.items;
  part("amount-collects").textContent = action.more.collects;
  part("amount-collects").hidden = !action.more.collects;
  bill.open(card, action);
  part("amount-switches").replaceChildren(...switches(action.more));
  setItems(1);
  part("amount-title").focus();
}

/** A key of the keyboard: of fingers, or of a hand scanner that does not know what is on the screen. */
function hear(typing, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const isOnButton = event.key === "Enter" && event.target.closest("button") && !typing.isCode;
  if (isOnButton || (event.key.length > 1 && event.key !== "Enter" && event.key !== "Backspace")) return;
  if (event.key === " ") return;
  event.preventDefault();
  typing.take(event.key);
}

function press(key) {
  if (!key) return;
  if (key === "Enter") return book.disabled || send();
  if (key === "Backspace") typed = typed.slice(0, -1);
  else if (key === "," || key === ".") typed = typed.includes(",") ? typed : `${typed || "0"},`;
  else if (/^[0-9]$/.test(key)) typed = grown(key);
  bill.change({ total: cents(typed), items: counted() });
}

function grown(digit) {
  const next = typed === "0" ? digit : typed + digit;
  return cents(next) > MOST_CENTS || /,\d{3}/.test(next) ? typed : next;
}

function cents(amount) {
  const [whole, part = ""] = amount.split(",");
  return Number(whole) * 100 + Number(part.padEnd(2, "0"));
}

function counted() {
  return purchase.action.more.items ? items : 0;
}

function setItems(wanted) {
  items = Math.min(MOST_ITEMS, Math.max(0, wanted));
  part("items-count").textContent = items;
  bill.change({ total: cents(typed), items: counted() });
}

function switches(offered) {
  const found = offered.vouchers.map(({ id, label }) => toggle(word("use-voucher", { worth: label }), "voucher", id));
  if (offered.credit) found.push(toggle(word("pay-credit", { money: offered.credit }), "credit", true));
  return found;
}

/** A switch; of several vouchers one at most is on. */
function toggle(label, name, value) {
  const button = text("button", label, "button toggle");
  button.type = "button";
  Object.assign(button.dataset, { name, value });
  button.addEventListener("click", () => bill.change({ [name]: bill.wants[name] === value ? null : value }));
  return button;
}

function show({ price, isReady, isWrong }) {
  part("amount-typed").textContent = (typed || "0").replace(",", COMMA);
  part("amount-price").textContent = price;
  part("amount-price").classList.toggle("error", isWrong);
  for (const button of part("amount-switches").children) {
    const { name, value } = button.dataset;
    button.setAttribute("aria-pressed", String(String(bill.wants[name]) === value));
  }
  book.toggleAttribute("data-impossible", !isReady);
  book.disabled = !isReady;
}

function send() {
  const { card, action } = purchase;
  ways.book(card, action, bill.input, bill.price);
}
