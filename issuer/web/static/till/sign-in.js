/** The pad writes into the PIN field; the field works by itself without it. */

import { keptCount } from "./queue.js";

const pin = document.getElementById("pin");
const LAST = "treuepass.staff";

// The pad is the keyboard: a second one would cover it on a phone.
pin.inputMode = "none";
document.getElementById("pad").hidden = false;
document.getElementById("kept-note").hidden = keptCount() === 0;
if (matchMedia("(hover: hover) and (pointer: fine)").matches) pin.focus();

document.getElementById("pad").addEventListener("click", (event) => {
  const { digit, act } = event.target.closest("button")?.dataset ?? {};
  if (digit && pin.value.length < pin.maxLength) pin.value += digit;
  if (act === "delete") pin.value = pin.value.slice(0, -1);
});

addEventListener("keydown", (event) => {
  if (/^[0-9]$/.test(event.key) && event.target !== pin) pin.focus();
});

const choices = [...document.querySelectorAll('input[type="radio"][name="staff_id"]')];
try {
  const last = choices.find((choice) => choice.value === localStorage.getItem(LAST));
  if (last) last.checked = true;
  for (const choice of choices) choice.addEventListener("change", () => localStorage.setItem(LAST, choice.value));
} catch { /* storage is switched off: nobody is chosen beforehand */ }

let sent = false;
document.getElementById("sign-in").addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => (sent = false));
