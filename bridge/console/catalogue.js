/** Every sound, to be tried with its controls and copied as a rule. */

export class Catalogue {
  #stage;

  /** @param {import("./stage.js").Stage} stage for what sounds in this page alone */
  constructor(stage) {
    this.#stage = stage;
  }
}
