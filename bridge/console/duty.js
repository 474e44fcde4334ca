/** What a person on duty tells the bridge. What comes of it is in the next state. */

import { post } from "./ask.js";
import { texts } from "./texts.js";

export class Duty {
  #by;
  #refused;

  /**
   * @param {Function} by who presses, for others to read
   * @param {Function} refused called with why the bridge did not take it, or with "" once it took something
   */
  constructor(by, refused) {
    this.#by = by;
    this.#refused = refused;
  }

  /** Take on an alert (`flatline` is the flatline), or no longer, where it is `already` taken. */
  acknowledge(fingerprint, already) {
    if (already) this.#tell("/api/v1/unack", { fingerprint });
    else this.#tell("/api/v1/ack", { fingerprint, by: this.#by() });
  }

  acknowledgeAll() {
    this.#tell("/api/v1/ack", { by: this.#by() });
  }

  watch(on) {
    this.#tell("/api/v1/watch", { on, by: this.#by() });
  }

  async #tell(path, body) {
    try {
      await post(path, body);
      this.#refused("");
    } catch (error) {
      this.#refused(texts.actFailed(error.message));
    }
  }
}
