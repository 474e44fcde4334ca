/** Every part of the bridge, how old each input is, and who listens where. */

export class Health {
  #stage;

  /** @param {import("./stage.js").Stage} stage for what sounds in this page alone */
  constructor(stage) {
    this.#stage = stage;
  }
}
