/** The camera reads QR codes as long as the page is seen; each sighting is reported, also of the same code. */

const EVERY = 120;
const VENDOR = new URL("../vendor/barcode-detector/", import.meta.url).href;
const FACING = "treuepass.facing";

export class Camera {
  #video;
  #report;
  #detector = null;
  #stream = null;
  #timer = 0;
  #round = 0;

  /** @param {HTMLVideoElement} video @param {{saw(text: string), state(name: string)}} report */
  constructor(video, report) {
    this.#video = video;
    this.#report = report;
    document.addEventListener("visibilitychange", () => this.#seen());
  }

  /** Reports one of: starting, on, insecure, denied, missing, busy, broken. */
  async start() {
    this.stop();
    const round = ++this.#round;
    if (!window.isSecureContext || !navigator.mediaDevices) return this.#report.state("insecure");
    this.#report.state("starting");
    try {
      const [stream, detector] = await Promise.all([openCamera(), this.#detector ?? makeDetector()]);
      if (round !== this.#round) return stopTracks(stream);
      [this.#stream, this.#detector] = [stream, detector];
      await this.#show();
    } catch (error) {
      if (round !== this.#round) return;
      this.stop();
      this.#report.state(nameOf(error));
    }
  }

  stop() {
    clearTimeout(this.#timer);
    if (this.#stream) stopTracks(this.#stream);
    this.#stream = null;
  }

  async turn() {
    remember(facing() === "user" ? "environment" : "user");
    await this.start();
  }

  async hasSeveral() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput").length > 1;
  }

  async #show() {
    const [track] = this.#stream.getVideoTracks();
    this.#video.srcObject = this.#stream;
    this.#video.classList.toggle("mirrored", track.getSettings().facingMode === "user");
    await this.#video.play();
    this.#report.state("on");
    this.#look();
  }

  /** A phone takes the camera away from a page in the background. */
  #seen() {
    if (document.hidden || !this.#stream) return;
    const [track] = this.#stream.getVideoTracks();
    if (track.readyState === "ended") this.start();
    else this.#video.play().catch(() => {});
  }

  async #look() {
    const stream = this.#stream;
    if (!document.hidden && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) await this.#read();
    if (stream && stream === this.#stream) this.#timer = setTimeout(() => this.#look(), EVERY);
  }

  async #read() {
    try {
      const found = await this.#detector.detect(this.#video);
      for (const { rawValue } of found.slice(0, 1)) this.#report.saw(rawValue);
    } catch {
      // Some browsers offer a detector whose service is not installed; ours always works.
      if (this.#detector.isVendored) return;
      this.#detector = await makeVendored();
    }
  }
}

function stopTracks(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

async function openCamera() {
  const video = { facingMode: { ideal: facing() }, width: { ideal: 1280 }, height: { ideal: 720 } };
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

async function makeDetector() {
  const formats = (await window.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
  return formats.includes("qr_code") ? new window.BarcodeDetector({ formats: ["qr_code"] }) : makeVendored();
}

async function makeVendored() {
  const { BarcodeDetector, prepareZXingModule } = await import(VENDOR + "ponyfill.js");
  const locateFile = (path, folder) => (path.endsWith(".wasm") ? VENDOR : folder) + path;
  await prepareZXingModule({ overrides: { locateFile }, fireImmediately: true });
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return { isVendored: true, detect: (video) => detector.detect(video) };
}

function nameOf(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "denied";
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "missing";
  return error.name === "NotReadableError" || error.name === "AbortError" ? "busy" : "broken";
}

let side = null;

function facing() {
  try {
    side ??= localStorage.getItem(FACING);
  } catch { /* storage is switched off */ }
  return side ?? "environment";
}

function remember(chosen) {
  side = chosen;
  try {
    localStorage.setItem(FACING, chosen);
  } catch { /* storage is switched off: the choice lasts as long as the page */ }
}
