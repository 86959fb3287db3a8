// Asks for what the form asks for and nothing else, and reads the sentences anew after each change.

const form = document.getElementById("program");

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

let latest = 0;

async function read() {
  const mine = ++latest;
  const typed = new FormData(form);
  typed.set("do", "look");
  try {
    const answer = await fetch(location.href.split("#")[0], { method: "POST", body: new URLSearchParams(typed), signal: AbortSignal.timeout(10000) });
    if (!answer.ok || mine !== latest) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const sentence of form.querySelectorAll(".part-sentence")) sayAnew(sentence, fresh.getElementById(sentence.id));
    document.querySelector("[data-read]").replaceChildren(...fresh.querySelector("[data-read]").childNodes);
  } catch {
    // The sentences stay as they were: the button reads them anew.
  }
}

form.addEventListener("change", () => {
  fit();
  read();
});
fit();
