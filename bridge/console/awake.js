/** Keeps the screen on while the page is seen, and says where the browser does not let it. */

import { texts } from "./texts.js";

export class Awake {
  #say;

  /** `say(words)`: why the screen may go dark, or "" where it may not. */
  constructor(say) {
    this.#say = say;
  }

  /** Ask now, and again whenever the page is seen again: the browser takes it away with the page. */
  begin() {
    document.addEventListener("visibilitychange", () => this.#ask());
    this.#ask();
  }

  async #ask() {
    if (document.visibilityState !== "visible") return;
    if (!navigator.wakeLock) return this.#say(texts.wallMayDarken);
    try {
      await navigator.wakeLock.request("screen");
      this.#say("");
    } catch {
      this.#say(texts.wallMayDarken);
    }
  }
}
