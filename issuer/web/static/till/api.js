/** One POST to the server. An answer is JSON of ours; anything else (a proxy's page, 5xx, silence) is none. */

export class NoAnswer extends Error {
  /** @param {number} wait seconds the server asks for, 0 if it said nothing */
  constructor(wait = 0) {
    super("no answer");
    this.wait = wait;
  }
}

/** The session or the page's token is no longer good: the way out is the sign-in page. */
export class SignedOut extends Error {}

export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // randomUUID exists in secure contexts only; a till on plain http must still make keys.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * @returns {Promise<{ok: boolean, data: object}>} what the server said, yes or no
 * @throws {NoAnswer} send it again with the same key
 * @throws {SignedOut} sign in, then send it again with the same key
 */
export async function call(path, body, { key, patience = 10000 }) {
  const response = await reach(path, body, key, patience);
  if (response.status === 401 || response.redirected) throw new SignedOut();
  const data = await response.json().catch(() => null);
  if (isStalePage(response, data)) throw new SignedOut();
  if (!isAnswer(response, data)) throw new NoAnswer(Number(response.headers.get("Retry-After")) || 0);
  return { ok: response.ok, data };
}

async function reach(path, body, key, patience) {
  try {
    return await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Idempotency-Key": key,
        "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
  } catch {
    throw new NoAnswer();
  }
}

function isAnswer(response, data) {
  if (data === null || typeof data !== "object") return false;
  if (response.ok) return true;
  if (response.status >= 500 || response.status === 429 || response.status === 408) return false;
  return Boolean(data.code) && data.code !== "request_in_flight";
}

function isStalePage(response, data) {
  const refused = response.status === 400 && (!data?.code || data.code.startsWith("csrf"));
  // A page that is refused as soon as it is loaded would otherwise load itself again for ever.
  return refused && performance.now() > 5000;
}
