/** The last hour and day: what came and how it ended, as a picture and as a table; a stretch of it can be heard. */

export class Timeline {
  #stage;

  /** @param {import("./stage.js").Stage} stage for what sounds in this page alone */
  constructor(stage) {
    this.#stage = stage;
  }
}
