/** The table of the quiz's score, and what can be done with it. It is kept in this browser alone. */

import { remember, remembered } from "./browser.js";
import { byId, element } from "./dom.js";
import { counted, csv, readScore } from "./quiz.js";
import { texts } from "./texts.js";

const KEY = "score";

export class Score {
  #score = readScore(remembered(KEY));

  constructor() {
    byId("score-csv").addEventListener("click", () => this.#save());
    byId("score-reset").addEventListener("click", () => this.#ask(true));
    byId("score-no").addEventListener("click", () => this.#ask(false));
    byId("score-yes").addEventListener("click", () => this.#forget());
    this.#show();
  }

  /** Another tab may have counted meanwhile. */
  shown() {
    this.#score = readScore(remembered(KEY));
    this.#show();
  }

  /** Count one answer; `asked` and `marks` as of quiz.js. */
  count(asked, marks) {
    this.#keep(counted(readScore(remembered(KEY)), asked, marks));
  }

  #keep(score) {
    this.#score = score;
    remember(KEY, JSON.stringify(score));
    this.#show();
  }

  #forget() {
    this.#keep([]);
    this.#ask(false);
    byId("quiz-play").focus();
  }

  /** Show the question whether to forget it, or no longer; the focus stays with whoever asked. */
  #ask(on) {
    byId("score-sure").hidden = !on;
    byId("score-reset").hidden = on;
    byId(on ? "score-no" : "score-reset").focus();
  }

  #show() {
    const some = this.#score.length > 0;
    byId("score-none").hidden = some;
    byId("score-table").hidden = !some;
    byId("score-acts").hidden = !some;
    byId("score-rows").replaceChildren(...this.#score.map(row));
  }

  #save() {
    const address = URL.createObjectURL(new Blob([csv(this.#score)], { type: "text/csv" }));
    const link = element("a", "");
    link.href = address;
    link.download = texts.scoreFile;
    link.click();
    URL.revokeObjectURL(address);
  }
}

function row({ group, name, right, asked }) {
  const node = element("tr", "");
  const head = element("th", "", texts.scoreName(group, name));
  head.scope = "row";
  node.append(head, element("td", "", String(right)), element("td", "", String(asked)));
  return node;
}
