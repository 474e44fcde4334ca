/** Hear a cue and say what it was; and the drills. */

export class Learn {
  #stage;

  /** @param {import("./stage.js").Stage} stage for what sounds in this page alone */
  constructor(stage) {
    this.#stage = stage;
  }
}
