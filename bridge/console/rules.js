/** The rule book, and which rule a label set would take. */

import { get } from "./ask.js";
import { byId, element, put, show } from "./dom.js";
import { readLabels } from "./labels.js";
import { texts } from "./texts.js";

const SILENT = ["silent", "sign_of_life"];
const DIES_AWAY_MS = 3500;

export class Rules {
  #stage;
  #full;
  #taken = null;
  #run = null;
  #ending;
  #asked = 0;

  /**
   * @param {import("./stage.js").Stage} stage for what sounds in this page alone
   * @param {Function} full whether this page has scsynth, and not the files of the cues alone
   */
  constructor(stage, full) {
    this.#stage = stage;
    this.#full = full;
    byId("rules-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    byId("rules-play").addEventListener("click", () => this.#press());
  }

  shown() {
    this.#get({});
  }

  hidden() {
    this.#end();
  }

  /** Somebody else may have ended it, or a critical. */
  tick() {
    if (this.#run && !this.#stage.playing) this.#end();
  }

  #ask() {
    const { labels, wrong } = readLabels(byId("rules-labels").value);
    if (wrong !== undefined) {
      this.#say(texts.rulesNoLabel(wrong));
      return;
    }
    const type = byId("rules-type").value.trim();
    const value = byId("rules-value").value.trim();
    this.#get({ labels: JSON.stringify(labels), ...(type && { type }), ...(value && { value }) });
  }

  async #get(asked) {
    this.#asked += 1;
    const question = this.#asked;
    try {
      const { alerts, metrics, taken } = await get("/api/v1/rules", asked);
      if (question !== this.#asked) return;
      this.#show(alerts, metrics, taken ?? null, "type" in asked);
    } catch (error) {
      if (question === this.#asked) this.#say(texts.rulesFailed(error.message));
    }
  }

  #say(words) {
    this.#end();
    this.#taken = null;
    byId("rules-play").hidden = true;
    show("rules-answer", words);
  }

  #show(alerts, metrics, taken, sample) {
    this.#say(taken ? texts.rulesTaken(taken, sample) : "");
    this.#taken = taken && { ...taken, kind: sample ? "voice" : "cue" };
    byId("rules-play").hidden = !taken || !taken.sound || SILENT.includes(taken.sound);
    this.#table("alerts", alerts, taken && !sample ? taken.rule : null);
    this.#table("metrics", metrics, taken && sample ? taken.rule : null);
  }

  #table(name, rules, taken) {
    byId(`rules-${name}`).replaceChildren(...rules.map((rule) => row(rule, rule.name === taken)));
  }

  async #press() {
    if (this.#run) {
      this.#end();
      return;
    }
    const taken = this.#taken;
    const why = await this.#stage.ready();
    if (taken !== this.#taken || byId("view-rules").hidden) return;
    const cannot = why ? texts.aloneEnded(why) : await this.#cannot(taken);
    if (cannot) show("rules-played", cannot);
    else this.#begin(taken);
  }

  async #cannot({ sound, kind }) {
    if (kind === "voice" && !this.#full()) return texts.soundVoiceReduced;
    const { sounds } = await get("/api/v1/catalogue").catch(() => ({ sounds: [] }));
    return sounds.some(({ id, own }) => own && id === sound) ? texts.soundOwn : "";
  }

  #begin({ sound, kind, params }) {
    const run = this.#stage.preview({ id: sound, kind, params });
    show("rules-played", run.why ? texts.aloneEnded(run.why) : "");
    if (run.why) return;
    this.#run = run;
    put(byId("rules-play"), texts.soundStop);
    if (kind === "cue") this.#ending = setTimeout(() => this.#end(), DIES_AWAY_MS);
  }

  #end() {
    clearTimeout(this.#ending);
    this.#run?.end();
    this.#run = null;
    put(byId("rules-play"), texts.rulesPlay);
  }
}

/** One rule, in the words of the rule book; the one that was asked for says so. */
function row(rule, taken) {
  const node = element("tr");
  const head = element("th", "", rule.name);
  head.scope = "row";
  if (taken) {
    node.setAttribute("aria-current", "true");
    head.append(" ", element("span", "mark", texts.rulesThis));
  }
  const takes = element("td", "", texts.rulesMatch(rule));
  const follows = element("td", "", texts.rulesFollows(rule));
  node.append(head, takes, follows);
  return node;
}
