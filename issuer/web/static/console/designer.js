// Keeps the preview beside the form true while one types, and the draft saved. Nothing here decides how a card looks: the server draws it.

const form = document.getElementById("design");
const preview = document.getElementById("preview");
const trouble = document.getElementById("trouble");
const state = document.getElementById("draft-state");
const save = document.getElementById("save");
const discard = document.getElementById("discard-later");
const WAIT = 250;
const SLOW = 300;
const AGAIN = 3000;
let timer = 0;
let last = Promise.resolve(true);
let queued = false;

function soon(wait = WAIT) {
  clearTimeout(timer);
  timer = setTimeout(send, wait);
}

// One save at a time: each carries the revision that the one before it made. One that waits will read the newest form.
function send(submitter) {
  clearTimeout(timer);
  timer = 0;
  if (queued && !submitter) return last;
  queued = true;
  last = last.then(() => {
    queued = false;
    return keep(submitter);
  });
  return last;
}

// Whether all that was typed is kept: to be asked before the page is left.
function settled() {
  return timer ? send() : last;
}

async function keep(submitter) {
  const before = state.textContent;
  const slow = setTimeout(() => (state.textContent = form.dataset.saving), SLOW);
  try {
    const body = new FormData(form, submitter);
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/x-part" }, redirect: "manual", signal: AbortSignal.timeout(15000) });
    const text = await answer.text();
    clearTimeout(slow);
    if (answer.ok) show(text);
    // Only the way to the sign-in page leads away from here.
    else complain(answer.type === "opaqueredirect" ? form.dataset.signedOut : sentence(text), before);
    return answer.ok;
  } catch {
    clearTimeout(slow);
    complain(form.dataset.lost, before);
    soon(AGAIN);
    return false;
  }
}

// A refusal is a sentence; what stopped the request earlier answers with a page that has it as its heading.
function sentence(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return (page.querySelector("h1") ?? page.body).textContent.trim();
}

function complain(text, standing = state.textContent) {
  const banner = document.createElement("p");
  banner.className = "banner banner-refusal";
  banner.textContent = text;
  trouble.replaceChildren(banner);
  state.textContent = standing;
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".preview");
  if (!fresh) return location.reload();
  for (const name of ["view", "fill"]) {
    const chosen = preview.querySelector(`input[name="${name}"]:checked`)?.value;
    for (const radio of fresh.querySelectorAll(`input[name="${name}"]`)) radio.toggleAttribute("checked", radio.value === chosen);
  }
  const focused = preview.contains(document.activeElement) ? document.activeElement : null;
  preview.replaceChildren(document.adoptNode(fresh));
  if (focused?.name) preview.querySelector(`[name="${focused.name}"][value="${focused.value}"]`)?.focus();
  if (discard?.isConnected && form.elements.revision.value !== fresh.dataset.revision) discard.replaceWith(discard.content);
  for (const field of document.querySelectorAll('input[name="revision"]')) field.value = fresh.dataset.revision;
  trouble.replaceChildren();
  state.textContent = form.dataset.saved;
  marked(fresh);
  coloured();
}

function marked(fresh) {
  const wrong = new Map([...fresh.querySelectorAll("#problems a")].map((link) => [link.hash.slice(1), link.textContent]));
  for (const field of form.querySelectorAll(".input")) mark(field, wrong.get(field.name));
}

// Below the field, so that it stays where it is while one types in it.
function mark(field, sentence) {
  let told = document.getElementById(`${field.name}-error`);
  if (sentence && !told) {
    told = Object.assign(document.createElement("p"), { className: "error", id: `${field.name}-error` });
    (field.closest(".field-row") ?? field).after(told);
  }
  if (sentence) told.textContent = sentence;
  else told?.remove();
  const described = ["error", "hint"].map((kind) => `${field.name}-${kind}`).filter((id) => document.getElementById(id));
  if (described.length) field.setAttribute("aria-describedby", described.join(" "));
  else field.removeAttribute("aria-describedby");
  if (sentence) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

function coloured() {
  const drawn = preview.querySelector(".preview").dataset;
  document.documentElement.style.setProperty("--brand-disc", drawn.disc);
  for (const name of ["background", "foreground", "label"]) {
    document.documentElement.style.setProperty(`--brand-${name}`, drawn[name]);
    const field = document.getElementById(name);
    const swatch = form.querySelector(`[data-for="${name}"]`);
    swatch.value = drawn[name];
    if (document.activeElement !== field && !field.hasAttribute("aria-invalid")) field.value = drawn[name];
  }
}

for (const swatch of form.querySelectorAll(".swatch-input")) {
  swatch.hidden = false;
  swatch.addEventListener("input", (event) => {
    document.getElementById(swatch.dataset.for).value = swatch.value;
    document.documentElement.style.setProperty(`--brand-${swatch.dataset.for}`, swatch.value);
    event.stopPropagation();
    soon();
  });
}
for (const upload of document.querySelectorAll(".upload")) {
  upload.querySelector("button").hidden = true;
  const chosen = upload.querySelector('input[type="file"]');
  chosen.addEventListener("change", async () => {
    // The server says the same, but only a browser that was answered before it had sent everything may not hear it.
    if (chosen.files[0]?.size > Number(upload.dataset.most)) complain(upload.dataset.tooLarge);
    else if (chosen.files.length && (await settled())) upload.requestSubmit();
  });
}
// Not before all is saved and nothing is wrong.
function leave(saved, address) {
  const wrong = form.querySelector("[aria-invalid]");
  wrong?.closest("details")?.setAttribute("open", "");
  if (wrong) wrong.focus();
  else if (saved) location.assign(address);
}

for (const link of document.querySelectorAll("a[data-settled]")) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    leave(await settled(), link.href);
  });
}
const which = document.getElementById("which-program");
if (which) {
  which.querySelector("button").hidden = true;
  which.addEventListener("change", async () => {
    if (await settled()) which.requestSubmit();
  });
}
document.addEventListener("submit", (event) => {
  if (!event.target.querySelector("#discard")) return;
  clearTimeout(timer);
  timer = 0;
});
addEventListener("pagehide", () => {
  if (timer) navigator.sendBeacon(form.action, new FormData(form));
});
form.addEventListener("input", () => soon());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { submitter } = event;
  const sent = send(submitter);
  if (submitter?.dataset.then) sent.then((saved) => leave(saved, submitter.dataset.then));
});
save.hidden = true;

// What was typed before this script was there, or what the browser brought back, is not lost.
function typedBefore({ type, value, defaultValue, checked, defaultChecked }) {
  return type === "radio" || type === "checkbox" ? checked !== defaultChecked : type !== "color" && value !== defaultValue;
}

if ([...form.elements].some((field) => "defaultValue" in field && typedBefore(field))) soon();
else coloured();
