/** Hear a cue and say what it was; and the drills. */

import { Quiz } from "./asking.js";
import { Drills } from "./drills.js";

export class Learn {
  #quiz;
  #drills;

  /** @param {import("./stage.js").Stage} stage for what sounds in this page alone */
  constructor(stage) {
    this.#quiz = new Quiz(stage, Math.random);
    this.#drills = new Drills(stage);
  }

  shown() {
    this.#quiz.shown();
    this.#drills.shown();
  }

  hidden() {
    this.#quiz.hidden();
    this.#drills.hidden();
  }

  state(state) {
    this.#quiz.state(state);
  }

  tick() {
    this.#drills.tick();
  }
}
