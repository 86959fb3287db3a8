// Keeps the web card true while somebody looks at it: asks what changed, moves only what moved, lets a new stamp land.

const EVERY = 2000;
const SLOWEST = 30000;
const STAGGER = 90;

const pass = document.getElementById("pass");
const offline = document.getElementById("offline");
let timer;
let wait = EVERY;
let asking = false;

async function ask() {
  const seen = new URLSearchParams({ version: pass.dataset.version, brand: pass.dataset.brand });
  const answer = await fetch(`${pass.dataset.state}?${seen}`, {
    headers: { Accept: "application/json" },
    cache: "no-store",
    signal: AbortSignal.timeout(10000),
  });
  if (answer.status === 204) return;
  if (answer.status === 404 || answer.status === 410) return location.reload();
  if (!answer.ok) throw new Error(`the card's state was answered ${answer.status}`);
  const card = await answer.json();
  if (isDrawnAnew(card)) return location.reload();
  show(card);
  await showRest();
  // Only now: a page of which a part got lost asks for all of it again.
  pass.dataset.version = card.version;
}

async function look() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    await ask();
    wait = EVERY;
    offline.hidden = true;
  } catch {
    wait = Math.min(wait * 2, SLOWEST);
    // One lost answer is nothing to tell; two in a row are.
    offline.hidden = wait <= EVERY * 2;
  } finally {
    asking = false;
    timer = setTimeout(look, wait);
  }
}

// Another number of places, design or language is another page, and the server already knows how to draw it.
function isDrawnAnew(card) {
  return (
    String(card.needed ?? "") !== pass.dataset.needed ||
    card.brand_css_url !== pass.dataset.brand ||
    card.language !== document.documentElement.lang
  );
}

function show(card) {
  const before = Number(pass.dataset.stamps);
  pass.dataset.stamps = card.stamps;
  let moved = false;
  for (const place of pass.querySelectorAll("[data-show]")) {
    const text = String(card[place.dataset.show]);
    if (place.textContent === text) continue;
    place.textContent = text;
    moved = true;
  }
  document.title = `${card.header_value} · ${card.organization}`;
  if (card.needed) showStamps(card, before);
  else if (moved) thump();
  showRewards(card.rewards);
}

function showStamps(card, before) {
  const grid = pass.querySelector(".stamps");
  grid.setAttribute("aria-label", pass.dataset.sentence.replace("{stamps}", card.stamps).replace("{needed}", card.needed));
  // After a full grid the next stamp opens a new round, so it lands on the first place again.
  const fresh = before === card.needed && card.stamps < before ? 0 : before;
  [...grid.children].forEach((stamp, place) => {
    stamp.classList.remove("is-landing");
    stamp.classList.toggle("is-filled", place < card.stamps);
    if (place >= fresh && place < card.stamps) land(stamp, place - fresh);
  });
  if (card.stamps > fresh) thump();
}

function land(stamp, turn) {
  void stamp.offsetWidth;
  stamp.style.animationDelay = `${turn * STAGGER}ms`;
  stamp.style.setProperty("--lands-after", `${turn * STAGGER}ms`);
  stamp.classList.add("is-landing");
}

function thump() {
  pass.classList.remove("is-thumped");
  void pass.offsetWidth;
  pass.classList.add("is-thumped");
  navigator.vibrate?.(40);
}

function showRewards(rewards) {
  const list = pass.querySelector(".pass-rewards");
  const old = new Map([...list.children].map((line) => [part(line, "name"), part(line, "count")]));
  list.hidden = rewards.length === 0;
  list.replaceChildren(...rewards.map((reward) => {
    const line = document.getElementById("reward-template").content.firstElementChild.cloneNode(true);
    line.querySelector(".pass-reward-name").textContent = reward.name;
    line.querySelector(".pass-reward-count").textContent = `${reward.count}\u2009×`;
    if (parseInt(old.get(reward.name) ?? "0", 10) < reward.count) line.classList.add("is-new");
    return line;
  }));
}

function part(line, name) {
  return line.querySelector(`.pass-reward-${name}`).textContent;
}

// What is only read is taken from the page as the server draws it now.
async function showRest() {
  const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
  if (!answer.ok) throw new Error(`the card's page was answered ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["pass-more", "offers", "theirs", "history"]) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (old && now && old.innerHTML !== now.innerHTML) old.replaceWith(document.adoptNode(now));
  }
}

document.addEventListener("visibilitychange", look);
addEventListener("online", look);
addEventListener("pageshow", look);
look();
