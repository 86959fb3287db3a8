/** Requests that change a card: written down before they are sent, forgotten only when they are answered. */

import { NoAnswer, SignedOut, call, newKey } from "./api.js";

const PREFIX = "treuepass.kept.";
const LONGEST_WAIT = 30;
// The server forgets keys one day; a request older than this could be booked a second time.
const STALE_AFTER = 20 * 60 * 60 * 1000;

export class Queue {
  #sending = new Set();
  #timers = new Map();
  #tries = new Map();
  #memory = new Map();

  /** @param listener {{changed(), answered(request, outcome), unanswered(request), signedOut()}} */
  constructor(listener) {
    this.listener = listener;
    addEventListener("online", () => this.resume());
    document.addEventListener("visibilitychange", () => document.hidden || this.resume());
    addEventListener("storage", (event) => event.key?.startsWith(PREFIX) && listener.changed());
  }

  /** @returns {object} the request, already kept and on its way */
  send(kind, path, body, about) {
    const request = { key: newKey(), kind, path, body, about, at: Date.now() };
    this.#write(request);
    this.#try(request);
    return request;
  }

  /** Sends everything that is kept again, at once, each with its own key. */
  resume() {
    this.#tries.clear();
    for (const request of this.kept()) if (!isStale(request)) this.#try(request);
  }

  /** @returns {object[]} unanswered requests, oldest first */
  kept() {
    const texts = [...this.#memory.values()];
    for (const name of storedNames()) texts.push(localStorage.getItem(name));
    const requests = texts.map(parse).filter(Boolean);
    return requests.sort((one, other) => one.at - other.at);
  }

  forget(key) {
    this.#memory.delete(key);
    clearTimeout(this.#timers.get(key));
    try {
      localStorage.removeItem(PREFIX + key);
    } catch { /* storage is switched off: it was kept in memory */ }
    this.listener.changed();
  }

  #write(request) {
    try {
      localStorage.setItem(PREFIX + request.key, JSON.stringify(request));
    } catch {
      this.#memory.set(request.key, JSON.stringify(request));
    }
    this.listener.changed();
  }

  async #try(request) {
    if (this.#sending.has(request.key)) return;
    this.#sending.add(request.key);
    clearTimeout(this.#timers.get(request.key));
    try {
      const outcome = await call(request.path, request.body, { key: request.key });
      this.forget(request.key);
      this.listener.answered(request, outcome);
    } catch (error) {
      this.#failed(request, error);
    } finally {
      this.#sending.delete(request.key);
    }
  }

  #failed(request, error) {
    if (error instanceof SignedOut) return this.listener.signedOut();
    if (!(error instanceof NoAnswer)) throw error;
    const tries = (this.#tries.get(request.key) ?? 0) + 1;
    this.#tries.set(request.key, tries);
    const wait = error.wait || Math.min(LONGEST_WAIT, 2 ** tries);
    this.#timers.set(request.key, setTimeout(() => this.#try(request), wait * 1000));
    this.listener.unanswered(request, error.wait);
  }
}

export function isStale(request) {
  return Date.now() - request.at > STALE_AFTER;
}

/** How many requests this device keeps; the sign-in page says so. */
export function keptCount() {
  return storedNames().length;
}

function storedNames() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
