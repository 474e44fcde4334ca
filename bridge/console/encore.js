/** What sounds now, once more and here alone: an alert's cue with the controls that the rule book gives it, or a voice. */

import { get } from "./ask.js";
import { texts } from "./texts.js";

const LENGTH = 6; // Seconds: a critical lasts 4.
const FADES = 1;

export class Encore {
  #stage;
  #refused;

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {Function} refused called with why it cannot be played
   */
  constructor(stage, refused) {
    this.#stage = stage;
    this.#refused = refused;
  }

  async alert({ fingerprint }) {
    const why = await this.#stage.ready();
    if (why) return this.#refused(texts.aloneEnded(why));
    try {
      const { cue } = await get("/api/v1/explain", { fingerprint });
      if (cue) await this.#perform([{ at: 0, do: "play", ...cue }]);
      else this.#refused(texts.playFailed(texts.noCue));
    } catch (error) {
      this.#refused(texts.playFailed(error.message));
    }
  }

  async voice({ id, sound, controls }) {
    const why = await this.#stage.ready();
    if (why) return this.#refused(texts.aloneEnded(why));
    const command = { id, sound, params: controls };
    await this.#perform([
      { at: 0, do: "set", ...command },
      { at: LENGTH - FADES, do: "release", ...command },
    ]);
  }

  #perform(commands) {
    this.#refused("");
    return this.#stage.perform({ length: LENGTH, commands });
  }
}
