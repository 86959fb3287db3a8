/** Buttons for what can be done with a card. */

const PRESENTS = ["redeem", "choose", "voucher", "offer"];
const LONG = 18;

/** @param tap {(action) => void} */
export function actionButton(action, tap) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `button button-large button-wide ${isPresent(action) ? "button-attention" : ""}`;
  button.classList.toggle("offer", "offer_id" in action.body);
  button.dataset.deed = action.act;
  label(button, action.label);
  if (action.hint) button.append(text("span", action.hint, "button-hint"));
  if (!action.possible) button.dataset.impossible = "";
  button.disabled = !action.possible;
  button.addEventListener("click", () => tap(action));
  return button;
}

/** Says on a button what it does, in smaller letters when they are many. */
export function label(button, words) {
  button.replaceChildren(text("span", words));
  button.classList.toggle("long", words.length > LONG);
}

/** What the customer takes away: the same colour as the reward on the card. */
function isPresent(action) {
  return PRESENTS.includes(action.act) || "voucher_id" in action.body;
}

export function text(tag, content, className = "") {
  const element = document.createElement(tag);
  element.textContent = content;
  element.className = className;
  return element;
}

export function item(...children) {
  const element = document.createElement("li");
  element.append(...children);
  return element;
}
