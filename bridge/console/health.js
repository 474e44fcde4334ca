/** Every part of the bridge, how old each input is, and who listens where. */

import { get, post } from "./ask.js";
import { browserName } from "./browser.js";
import { seconds } from "./clock.js";
import { byId, element, put, show } from "./dom.js";
import { inputs, listeners, parts } from "./parts.js";
import { texts } from "./texts.js";

const LEAST = 2; // Seconds between two questions.
const MOST = 10; // So old is what is shown at most.
const QUIET = "10m";

/** Rows are kept by their place, so that a screen reader and the focus stay where they are. */
function rows(list, found, make, fill) {
  while (list.children.length > found.length) list.lastElementChild.remove();
  while (list.children.length < found.length) list.append(make());
  found.forEach((one, i) => fill(list.children[i], one));
}

function line() {
  const node = element("li", "part");
  node.append(element("strong"), " ", element("span", "verdict"), " ", element("span", "part-words"));
  return node;
}

function fill(node, { name, good, words }) {
  const [head, verdict, text] = node.children;
  put(head, name);
  put(verdict, texts.healthVerdict(good));
  verdict.dataset.good = String(good);
  put(text, words);
}

export class Health {
  #visible = false;
  #status = null;
  #asked = Number.NEGATIVE_INFINITY;
  #got = 0;
  #news = false;
  #asking = false;

  shown() {
    this.#visible = true;
    this.#ask();
  }

  hidden() {
    this.#visible = false;
  }

  state() {
    this.#news = true;
  }

  /** Ages go on; what is new, or old, is asked for. */
  tick() {
    const since = seconds() - this.#asked;
    if (since >= (this.#news ? LEAST : MOST)) this.#ask();
    this.#show();
  }

  async #ask() {
    if (this.#asking) return;
    this.#asking = true;
    this.#asked = seconds();
    this.#news = false;
    try {
      this.#status = await get("/api/v1/status");
      this.#got = seconds();
      show("health-answer", "", true);
    } catch (error) {
      // What was known says nothing about now.
      this.#status = null;
      show("health-answer", texts.healthFailed(error.message));
    }
    this.#asking = false;
    if (this.#visible) this.#show();
  }

  #show() {
    const status = this.#status;
    byId("health-known").hidden = status === null;
    if (!status) return;
    const now = status.now + seconds() - this.#got;
    rows(byId("health-parts"), parts(status, now), line, fill);
    const found = inputs(status.watch, now);
    rows(byId("health-inputs"), found, line, fill);
    show("health-watch", texts.healthWatch(status.watch, found.length));
    rows(byId("health-players"), listeners(status.players, now), () => this.#player(), (node, one) => this.#fill(node, one));
    byId("health-nobody").hidden = status.players.length > 0;
  }

  #player() {
    const node = line();
    const button = element("button", "small");
    button.type = "button";
    button.addEventListener("click", () => this.#quiet(node.dataset.player, node.dataset.quiet === "true"));
    node.append(" ", button);
    return node;
  }

  #fill(node, one) {
    fill(node, one);
    node.dataset.player = one.name;
    node.dataset.quiet = String(one.quiet);
    put(node.children[1], texts.healthHeard(one.good));
    const button = node.lastElementChild;
    put(button, one.quiet ? texts.healthSound : texts.healthQuiet);
    button.setAttribute("aria-label", `${button.textContent}: ${one.name}`);
  }

  async #quiet(player, already) {
    const body = { player, by: browserName() };
    try {
      if (already) await post("/api/v1/unquiet", body);
      else await post("/api/v1/quiet", { ...body, for: QUIET });
      show("health-done", already ? texts.healthSounds(player) : texts.healthQuieted(player));
    } catch (error) {
      show("health-done", texts.actFailed(error.message));
    }
    this.#ask();
  }
}
