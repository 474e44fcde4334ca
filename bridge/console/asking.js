/** The quiz: a cue sounds in this page alone, and a person says what it was. */

import { chosen, offer } from "./choices.js";
import { byId, put } from "./dom.js";
import { KINDS, judge, performance, question, singers } from "./quiz.js";
import { Score } from "./score.js";
import { Solo } from "./solo.js";
import { texts } from "./texts.js";

export class Quiz {
  #solo;
  #random;
  #score = new Score();
  #services = singers([]);
  #asked = null;
  #open = false;

  /** @param {import("./stage.js").Stage} stage @param {Function} random from 0 to less than 1 */
  constructor(stage, random) {
    this.#solo = new Solo(stage, () => {});
    this.#random = random;
    byId("quiz-play").addEventListener("click", () => this.#begin());
    byId("quiz-again").addEventListener("click", () => this.#play(() => this.#asked));
    byId("quiz").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#answer();
    });
  }

  shown() {
    this.#score.shown();
  }

  hidden() {
    this.#solo.stop();
  }

  state({ who }) {
    this.#services = singers(who);
  }

  #begin() {
    return this.#play(() => this.#ask());
  }

  /** Sound what `asked()` gives. Call it in the press. */
  async #play(asked) {
    put(byId("quiz-state"), "");
    try {
      const why = await this.#solo.play(() => performance(asked()));
      if (why !== "ended" && why !== "stopped") put(byId("quiz-state"), texts.aloneEnded(why));
    } catch (error) {
      put(byId("quiz-state"), texts.quizFailed(error.message));
    }
  }

  /** A new question; it is asked only once it can be heard. */
  #ask() {
    this.#asked = question(this.#services, this.#random);
    this.#open = true;
    offer(byId("quiz-kinds"), "kind", KINDS.map((kind) => [kind, texts.quizKind(kind)]));
    offer(byId("quiz-services"), "service", this.#asked.services.map((service) => [service, service]));
    byId("quiz-whose").hidden = !this.#asked.service;
    byId("quiz").hidden = false;
    byId("quiz-again").disabled = false;
    byId("quiz-answer").disabled = false;
    this.#told("", false);
    put(byId("quiz-state"), texts.quizNow);
    return this.#asked;
  }

  #answer() {
    if (!this.#open) return;
    const answer = { kind: chosen(byId("quiz-kinds")), service: chosen(byId("quiz-services")) };
    if (!answer.kind || (this.#asked.service && !answer.service)) {
      this.#told(texts.quizIncomplete, false);
      return;
    }
    const marks = judge(this.#asked, answer);
    this.#open = false;
    this.#score.count(this.#asked, marks);
    this.#told(texts.quizTold(this.#asked, marks), marks.kind && marks.service !== false);
    put(byId("quiz-state"), "");
    byId("quiz-answer").disabled = true;
    byId("quiz-play").focus();
  }

  #told(words, right) {
    put(byId("quiz-told"), words);
    byId("quiz-told").dataset.right = String(right);
  }
}
