/** The drills: an incident is heard in this page alone, then there is a question, and then its story. */

import { get } from "./ask.js";
import { chosen, offer } from "./choices.js";
import { byId, element, put } from "./dom.js";
import { Solo } from "./solo.js";
import { texts } from "./texts.js";

const path = (id) => `/api/v1/drills/${encodeURIComponent(id)}`;

export class Drills {
  #solo;
  #known = false;
  #buttons = new Map();
  #current = null;
  #drill = null;
  #answered = new Set();

  /** @param {import("./stage.js").Stage} stage */
  constructor(stage) {
    this.#solo = new Solo(stage, () => this.#showPlaying());
    byId("drill").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#answer();
    });
  }

  async shown() {
    if (this.#known) return;
    try {
      const { drills } = await get("/api/v1/drills");
      this.#known = true;
      this.#say("");
      byId("drills").replaceChildren(...drills.map((drill) => this.#row(drill)));
    } catch (error) {
      this.#say(texts.drillsFailed(error.message));
    }
  }

  hidden() {
    this.#solo.stop();
  }

  tick() {
    const position = this.#solo.position;
    if (position) byId("drill-progress").value = position.at / position.length;
  }

  #row({ id, title, about, seconds }) {
    const node = element("li", "");
    const words = element("div", "");
    words.append(element("h4", "", title), element("p", "", about), element("p", "", texts.drillLength(seconds)));
    const button = element("button", "small");
    button.type = "button";
    button.addEventListener("click", () => this.#press(id, title));
    this.#buttons.set(id, { button, title });
    this.#label(id);
    node.append(words, button);
    return node;
  }

  async #press(id, title) {
    if (this.#solo.playing && this.#current === id) {
      this.#solo.stop();
      return;
    }
    this.#solo.stop();
    this.#current = id;
    put(byId("drill-caption"), "");
    try {
      const why = await this.#solo.play(() => this.#fetch(id, title), (text) => this.#caption(text));
      if (this.#current === id && !this.#solo.playing) this.#say(texts.aloneEnded(why));
    } catch (error) {
      this.#say(texts.drillFailed(error.message));
    }
  }

  async #fetch(id, title) {
    const drill = await get(path(id));
    if (this.#current !== id) return drill;
    this.#drill = drill;
    put(byId("drill-question"), drill.question);
    offer(byId("drill-choices"), "drill", drill.choices.map((words, i) => [i, words]));
    byId("drill").hidden = false;
    byId("drill-told").replaceChildren();
    this.#say(texts.drillNow(title));
    return drill;
  }

  /** What happens is told only to who has answered: before, it would be the answer. */
  #caption(text) {
    if (this.#answered.has(this.#current)) put(byId("drill-caption"), text);
  }

  #answer() {
    const answer = chosen(byId("drill-choices"));
    if (answer === null) {
      byId("drill-told").replaceChildren(element("p", "", texts.drillIncomplete));
      return;
    }
    this.#answered.add(this.#current);
    const { answer: right, choices, story } = this.#drill;
    const words = Number(answer) === right ? texts.drillRight : texts.drillWrong(choices[right]);
    byId("drill-told").replaceChildren(element("p", "", words), element("p", "", story), this.#captions());
  }

  #captions() {
    const list = element("ol", "story");
    list.append(...this.#drill.captions.map(({ at, text }) => element("li", "", texts.drillCaption(at, text))));
    return list;
  }

  #say(words) {
    put(byId("drill-state"), words);
  }

  #label(id) {
    const { button, title } = this.#buttons.get(id);
    const playing = this.#solo.playing && this.#current === id;
    put(button, playing ? texts.drillStop : texts.drillPlay);
    button.setAttribute("aria-label", texts.drillPlayWhat(button.textContent, title));
  }

  #showPlaying() {
    for (const id of this.#buttons.keys()) this.#label(id);
    byId("drill-progress").hidden = !this.#solo.playing;
    if (!this.#solo.playing) byId("drill-progress").value = 0;
  }
}
