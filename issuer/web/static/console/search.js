// Finds cards while somebody types: fetches the page that the form leads to, and swaps its list for this one's.

const PAUSE = 150;

const form = document.getElementById("search");
const field = document.getElementById("q");
const announcement = document.getElementById("announcement");
const failed = document.getElementById("search-failed");
let timer;
let running;
let shown = field?.value.trim() ?? "";

function address(query) {
  const url = new URL(form.action);
  if (query) url.searchParams.set("q", query);
  return url.href;
}

async function find() {
  clearTimeout(timer);
  running?.abort();
  const query = field.value.trim();
  if (query === shown) return;
  running = new AbortController();
  try {
    const answer = await fetch(address(query), { signal: running.signal, cache: "no-store" });
    if (!answer.ok) throw new Error(`the search was answered ${answer.status}`);
    show(query, new DOMParser().parseFromString(await answer.text(), "text/html"));
    failed.hidden = true;
  } catch (error) {
    failed.hidden = error.name === "AbortError";
  }
}

function show(query, page) {
  const fresh = page.getElementById("results");
  // Signed out meanwhile: the way in leads back to here.
  if (!fresh) return location.assign(address(query));
  document.getElementById("results").replaceWith(document.adoptNode(fresh));
  announcement.textContent = fresh.dataset.found;
  shown = query;
  history.replaceState(null, "", address(query));
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
field?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, PAUSE);
});
