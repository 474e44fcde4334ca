/** A button that plays something here alone and, while it does, stops it. */

export class Solo {
  #stage;
  #changed;
  #turn = 0;
  #performing = false;

  /** Whether it was pressed and has not ended. */
  playing = false;

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {Function} changed called when `playing` is another
   */
  constructor(stage, changed) {
    this.#stage = stage;
    this.#changed = changed;
  }

  /** Where it is, as of the stage; null while it does not sound. */
  get position() {
    return this.#performing ? this.#stage.position : null;
  }

  /**
   * Call it in the press itself. `fetched()` brings the performance, or null where there is nothing to play.
   *
   * @returns {Promise<string>} how it ended, as of the stage; throws what `fetched` throws
   */
  async play(fetched, caption) {
    this.stop();
    const turn = this.#turn;
    this.#set(true);
    try {
      const why = await this.#stage.ready();
      if (turn !== this.#turn) return "stopped";
      if (why) return why;
      const performance = await fetched();
      if (turn !== this.#turn || !performance) return "stopped";
      this.#performing = true;
      return await this.#stage.perform(performance, (text) => turn === this.#turn && caption?.(text));
    } finally {
      if (turn === this.#turn) this.#ended();
    }
  }

  /** End it, where it sounds or is about to. */
  stop() {
    this.#turn += 1;
    if (this.#performing) this.#stage.stop();
    this.#ended();
  }

  #ended() {
    this.#performing = false;
    this.#set(false);
  }

  #set(playing) {
    if (this.playing === playing) return;
    this.playing = playing;
    this.#changed();
  }
}
