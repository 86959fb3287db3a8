/** The camera's picture, and the sentence that says how it stands. */

import { Camera } from "./camera.js";
import { word } from "./words.js";

const part = (name) => document.getElementById(name);
const RETRY = ["denied", "busy", "broken"];

let state = "starting";
let camera = null;

/** @param {(text: string) => void} saw called for every sighting of a code */
export function startFinder(saw) {
  camera = new Camera(part("video"), { saw, state: show });
  part("camera-retry").addEventListener("click", () => camera.start());
  part("camera-turn").addEventListener("click", () => camera.turn());
  addEventListener("online", () => show(state));
  addEventListener("offline", () => show(state));
  camera.start();
  keepAwake();
}

async function show(name) {
  state = name;
  part("finder").dataset.camera = name;
  part("camera-note").textContent = navigator.onLine ? word(`camera-${name}`) : word("offline");
  part("camera-retry").hidden = !RETRY.includes(name);
  part("camera-turn").hidden = name !== "on" || !(await camera.hasSeveral());
}

/** A till that falls asleep costs the next customer ten seconds. */
async function keepAwake() {
  const ask = () => document.hidden || navigator.wakeLock?.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", ask);
  ask();
}
