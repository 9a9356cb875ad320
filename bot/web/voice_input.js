// Asking by voice: the record button, and while it records the bar with time, level, cancel and send.

import { Recording, RecordingFailed } from "./recording.js";
import { silence } from "./speech_player.js";

const EARLY_MS = 500; // the second click of a double click is no wish to send
const LAST_MOMENT_MS = 500; // of the time allowed: a hidden tab looks at the clock once a second
const TICK_MS = 100;

const clock = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

export class VoiceInput {
  /**
   * @param {HTMLFormElement} composer holds the button and the bar
   * @param {(sound: Blob) => void} send is given each recording once
   * @param {(words: string) => void} complain is told why there is none; "" takes it back
   */
  constructor({ composer, send, complain }) {
    Object.assign(this, { composer, send, complain });
    const part = (name) => composer.querySelector(`#${name}`);
    Object.assign(this, { button: part("record"), bar: part("recording"), meter: part("recording-level") });
    Object.assign(this, { time: part("recording-time"), sendButton: part("recording-send") });
    this.recording = null;
    this.button.addEventListener("click", () => this.start());
    this.sendButton.addEventListener("click", () => this.stop());
    part("recording-cancel").addEventListener("click", () => this.cancel());
    this.bar.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.cancel();
    });
    window.addEventListener("pagehide", () => this.cancel());
  }

  /** Shows the button. @param {number|null} maxSeconds null: nobody would hear it */
  offer(maxSeconds) {
    this.maxMs = (maxSeconds ?? 0) * 1000;
    this.button.hidden = maxSeconds === null;
  }

  async start() {
    if (this.recording) return; // being asked for, or under way
    const recording = new Recording();
    this.recording = recording;
    this.complain("");
    this.button.setAttribute("aria-busy", "true");
    recording.start().then((records) => records && this.show());
    try {
      const sound = await recording.result;
      this.leave();
      if (sound) this.send(sound);
    } catch (error) {
      this.leave();
      if (!(error instanceof RecordingFailed)) throw error;
      this.complain(error.message);
    }
  }

  stop() {
    if (performance.now() - this.startedAt >= EARLY_MS) this.recording?.stop();
  }

  cancel() {
    this.recording?.cancel();
  }

  show() {
    silence();
    this.startedAt = performance.now();
    this.bar.hidden = false;
    this.composer.classList.add("is-recording");
    this.sendButton.focus();
    this.tick();
    this.ticking = setInterval(() => this.tick(), TICK_MS);
  }

  tick() {
    const passed = performance.now() - this.startedAt;
    const time = `${clock(passed)} / ${clock(this.maxMs)}`;
    if (this.time.textContent !== time) this.time.textContent = time;
    this.meter.value = this.recording?.level() ?? 0;
    if (passed >= this.maxMs - LAST_MOMENT_MS) this.recording?.stop();
  }

  leave() {
    clearInterval(this.ticking);
    const hadFocus = this.bar.contains(document.activeElement);
    this.recording = null;
    this.bar.hidden = true;
    this.composer.classList.remove("is-recording");
    this.button.removeAttribute("aria-busy");
    if (hadFocus) this.button.focus();
  }
}
