/**
 * Where this page sounds something that nobody sent: a preview, a drill, a replay. It has a group and a fader of its own,
 * so that all of it can end at once and the live sound never notices.
 */

const ENDS_AFTER = 0.2; // Seconds in which the fader is down before its group is freed.

export class Booth {
  #engine;
  #place;
  #voices = new Map();

  /** @param {import("./engine.js").Engine} engine one that has booted */
  constructor(engine) {
    this.#engine = engine;
    this.#place = engine.open();
  }

  /**
   * Carry out a command as of /api/v1/replay, `after` so many seconds.
   *
   * @param {{do: string, id: string, sound: string, params: Object<string, number>}} command
   */
  carry({ do: what, id, sound, params = {} }, after = 0) {
    if (what === "play") this.#begin(sound, params, after);
    else if (what === "release") this.#release(id, after);
    else this.#set(id, sound, params, after);
  }

  #begin(sound, params, after) {
    return this.#engine.begin(sound, params, this.#place, after);
  }

  #set(id, sound, params, after) {
    const held = this.#voices.get(id);
    if (held?.sound === sound) {
      this.#engine.change(held.node, params, after);
      return;
    }
    if (held) this.#release(id, after);
    this.#voices.set(id, { sound, node: this.#begin(sound, params, after) });
  }

  #release(id, after) {
    const held = this.#voices.get(id);
    if (held) this.#engine.change(held.node, { gate: 0 }, after);
    this.#voices.delete(id);
  }

  /** Everything of it ends now, also what was carried out for later. */
  close() {
    this.#engine.close(this.#place, ENDS_AFTER);
  }
}
