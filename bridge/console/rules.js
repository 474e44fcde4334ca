/** The rule book, and which rule a label set would take. */

export class Rules {
  #stage;

  /** @param {import("./stage.js").Stage} stage for what sounds in this page alone */
  constructor(stage) {
    this.#stage = stage;
  }
}
