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

  /** Keep an alert from everyone's ears for a while, or no longer. The button says that it is a critical, where it is one. */
  mute({ fingerprint, severity, muted }) {
    if (muted) this.#tell("/api/v1/unmute", { id: muted.id, by: this.#by() });
    else this.#tell("/api/v1/mute", { fingerprint, by: this.#by(), include_critical: severity === "critical" });
  }

  /** Keep the voices that these matchers take from everyone's ears for a while. */
  muteMatching(match) {
    this.#tell("/api/v1/mute", { match, by: this.#by() });
  }

  /** Silence an alert in Alertmanager for a while, or no longer. */
  silence({ fingerprint, silenced }) {
    if (silenced?.id) this.#tell("/api/v1/unsilence", { id: silenced.id, by: this.#by() });
    else this.#tell("/api/v1/silence", { fingerprint, by: this.#by() });
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
