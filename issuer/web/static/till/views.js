/** One view at a time: scan, card, further, amount or reason. */

const till = document.getElementById("till");
const VIEWS = ["card", "further", "amount", "reason"];

export function showView(name) {
  till.dataset.state = name;
  for (const view of VIEWS) document.getElementById(view).hidden = view !== name;
}

export function shownView() {
  return till.dataset.state;
}

/** While a request is on its way, nothing else can be asked. */
export function hold(busy) {
  for (const view of VIEWS) document.getElementById(view).toggleAttribute("aria-busy", busy);
  for (const button of till.querySelectorAll("[data-deed]")) button.disabled = busy || "impossible" in button.dataset;
}
