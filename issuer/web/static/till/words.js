/** The page's sentences in its language; the template lists them. */

const list = document.getElementById("words");

// Plain "en" would tell the time of a European shop with am and pm.
export const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

/** @param {string} name @param {object} values for the {places} in the sentence */
export function word(name, values = {}) {
  const text = list.querySelector(`[data-word="${name}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (place, key) => values[key] ?? place);
}

export function counted(one, many, count) {
  return word(count === 1 ? one : many, { count });
}

/** Whether a text has a word too long for the biggest letters. */
export function hasLongWord(text) {
  return text.split(/\s/).some((part) => part.length > 9);
}
