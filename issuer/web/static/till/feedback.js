/** What the ear and the hand learn: yes, reward, no and kept differ without looking. */

// [frequency in Hz, start in s, length in s]
const TUNES = {
  seen: [[1568, 0, 0.05]],
  yes: [[659, 0, 0.09], [988, 0.1, 0.18]],
  reward: [[659, 0, 0.1], [831, 0.11, 0.1], [988, 0.22, 0.1], [1319, 0.33, 0.35]],
  undone: [[659, 0, 0.1], [494, 0.11, 0.18]],
  wait: [[440, 0, 0.09], [440, 0.18, 0.09]],
  no: [[185, 0, 0.16], [139, 0.2, 0.34]],
};
const BUZZES = { seen: 15, yes: 60, reward: [60, 60, 60, 60, 200], undone: [40, 60, 40], wait: [30, 120, 30], no: [260, 90, 260] };

let audio = null;

/** Browsers let a page sound only after a touch or a key. */
export function unlockSound() {
  const unlock = () => {
    audio ??= makeAudio();
    audio?.resume().catch(() => {});
  };
  addEventListener("pointerdown", unlock, { capture: true });
  addEventListener("keydown", unlock, { capture: true });
}

export function feel(kind) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(BUZZES[kind]);
  if (audio?.state !== "running") return;
  for (const [frequency, start, length] of TUNES[kind]) play(frequency, audio.currentTime + start, length, kind === "no");
}

function makeAudio() {
  return typeof AudioContext === "undefined" ? null : new AudioContext();
}

function play(frequency, start, length, harsh) {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.type = harsh ? "sawtooth" : "triangle";
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, start);
  volume.gain.exponentialRampToValueAtTime(harsh ? 0.2 : 0.35, start + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + length);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + length + 0.02);
}
