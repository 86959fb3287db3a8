// Keeps the page at what the phone knows: asks for its state, and takes screen and panel anew when it changed.
const BEAT = 400;
const body = document.body;
let version = Number(body.dataset.version);
let seen = 0;

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const still = matchMedia("(prefers-reduced-motion: reduce)");

async function state() {
  const answer = await fetch(`${body.dataset.state}?version=${version}`, { cache: "no-store" });
  clock(answer.headers.get("Phone-Clock"));
  return answer.status === 200 ? answer.json() : null;
}

async function redraw() {
  const live = document.getElementById("screen").dataset.live === "yes";
  const answer = await fetch(live ? location.href : body.dataset.phone, { cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const colours = document.getElementById("colours");
  const newer = fresh.getElementById("colours");
  if (colours && newer) colours.href = newer.getAttribute("href");
  const focused = document.activeElement?.id;
  const marks = new Set([...document.querySelectorAll("[data-mark]")].map((card) => card.dataset.mark));
  const lines = new Set([...document.querySelectorAll("#did li")].map((line) => line.dataset.n));
  if (live) swap("screen", fresh);
  swap("panel", fresh);
  for (const card of document.querySelectorAll(".card[data-mark]")) {
    card.classList.toggle("fresh", !marks.has(card.dataset.mark));
  }
  for (const line of document.querySelectorAll("#did li")) line.classList.toggle("new", !lines.has(line.dataset.n));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function swap(id, fresh) {
  const newer = fresh.getElementById(id);
  if (newer) document.getElementById(id).replaceChildren(...newer.childNodes);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function banner(notice) {
  const made = document.createElement("a");
  made.className = "banner";
  made.href = notice.href;
  const icon = document.createElement("img");
  icon.alt = "";
  if (notice.icon) icon.src = notice.icon;
  const now = document.documentElement.lang === "de" ? "jetzt" : "now";
  made.append(icon, element("strong", notice.title), element("small", now), element("span", notice.text));
  document.getElementById("banners").append(made);
  leave(made);
}

async function leave(made) {
  await wait(6000);
  made.classList.add("leaving");
  await wait(still.matches ? 0 : 200);
  made.remove();
}

function buzz() {
  navigator.vibrate?.([120, 60, 120]);
  const device = document.getElementById("device");
  device.classList.remove("buzz");
  void device.offsetWidth;
  device.classList.add("buzz");
}

function tell(notices) {
  const news = notices.filter((notice) => notice.n > seen);
  if (news.length === 0) return;
  seen = Math.max(...news.map((notice) => notice.n));
  news.slice(-3).forEach(banner);
  buzz();
}

// The browser's own clock may stand elsewhere: the demo's can be set.
function clock(time) {
  for (const shown of document.querySelectorAll("[data-clock]")) if (time) shown.textContent = time;
}

async function beat() {
  const news = await state();
  if (!news) return;
  version = news.version;
  await redraw();
  tell(news.notices);
}

async function follow() {
  for (;;) {
    // A sandbox that is being started again is no reason to stop asking.
    await beat().catch(() => wait(2 * BEAT));
    await wait(BEAT);
  }
}

function takeFiles() {
  const device = document.getElementById("device");
  device.addEventListener("dragover", (event) => {
    event.preventDefault();
    device.classList.add("dropping");
  });
  device.addEventListener("dragleave", () => device.classList.remove("dropping"));
  device.addEventListener("drop", (event) => {
    event.preventDefault();
    device.classList.remove("dropping");
    if (event.dataTransfer.files.length) send(event.dataTransfer.files);
  });
  device.addEventListener("change", (event) => {
    if (event.target.id === "file") event.target.form.submit();
  });
}

function send(files) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: body.dataset.file, enctype: "multipart/form-data" });
  const input = Object.assign(document.createElement("input"), { type: "file", name: "pass", hidden: true });
  input.files = files;
  form.append(input);
  document.body.append(form);
  form.submit();
}

if (body.dataset.file) takeFiles();
if (version >= 0) {
  seen = version;
  follow();
}
