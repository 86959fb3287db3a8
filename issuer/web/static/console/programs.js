// Asks for what the form asks for and nothing else, and reads the sentences anew while one types.

const form = document.getElementById("program");
const look = document.getElementById("look");
const WAIT = 400;
let timer = 0;
let latest = 0;
let asked = "";

function fit() {
  for (const field of form.querySelectorAll("[data-only]")) {
    const chosen = form.elements.namedItem(field.dataset.only);
    field.hidden = Boolean(chosen) && !field.dataset.values.split(" ").includes(chosen.value);
  }
}

function sayAnew(sentence, fresh) {
  sentence.textContent = fresh?.textContent ?? "";
  sentence.hidden = !sentence.textContent;
}

// Where nothing is new a screen reader has nothing to say.
function readAnew(part, fresh) {
  if (part.textContent !== fresh.textContent) part.replaceChildren(...fresh.childNodes);
}

function typed() {
  const fields = new FormData(form);
  fields.set("do", "look");
  return new URLSearchParams(fields).toString();
}

async function read() {
  clearTimeout(timer);
  const body = typed();
  if (body === asked) return;
  asked = body;
  const mine = ++latest;
  try {
    const answer = await fetch(location.href.split("#")[0], { method: "POST", body: new URLSearchParams(body), signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(`the sentences were answered ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== latest) return;
    for (const sentence of form.querySelectorAll(".rule-part .part-sentence")) sayAnew(sentence, page.getElementById(sentence.id));
    const fresh = [...page.querySelectorAll("[data-read]")];
    for (const [number, part] of form.querySelectorAll("[data-read]").entries()) readAnew(part, fresh[number]);
    look.hidden = true;
  } catch {
    if (mine !== latest) return;
    // The sentences stay as they were: the button reads them anew.
    asked = "";
    look.hidden = false;
  }
}

form.addEventListener("change", () => {
  fit();
  read();
});
form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(read, WAIT);
});
look.hidden = true;
fit();
