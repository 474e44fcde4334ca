/** Keeps the screen on while the page is seen, and says where the browser does not let it. */

import { texts } from "./texts.js";

const AGAIN = 5; // Seconds before the next try.

export class Awake {
  #say;
  #lock = null;
  #asking = false;
  #asked = -Infinity;

  /** `say(words)`: why the screen may go dark, or "" where it may not. */
  constructor(say) {
    this.#say = say;
  }

  /** Ask now, and again whenever the page is seen again: the browser takes it away with the page. */
  begin() {
    document.addEventListener("visibilitychange", () => this.#ask());
    this.#ask();
  }

  /** Ask again where the browser took it away (to spare its battery) or has refused it; `now` in seconds. */
  tick(now) {
    if (!this.#may() || now - this.#asked < AGAIN) return;
    this.#asked = now;
    this.#ask();
  }

  #may() {
    return document.visibilityState === "visible" && !this.#lock && !this.#asking;
  }

  async #ask() {
    if (!this.#may()) return;
    if (!navigator.wakeLock) return this.#say(texts.wallMayDarken);
    this.#asking = true;
    try {
      this.#hold(await navigator.wakeLock.request("screen"));
    } catch {
      this.#say(texts.wallMayDarken);
    }
    this.#asking = false;
  }

  #hold(lock) {
    this.#lock = lock;
    this.#say("");
    lock.addEventListener("release", () => {
      this.#lock = null;
      if (document.visibilityState === "visible") this.#say(texts.wallMayDarken);
    });
  }
}
