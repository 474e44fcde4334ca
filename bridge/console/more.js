/** What folds out below an alert or a voice: cause, rule and links, and what a person may do with it. */

import { element, put } from "./dom.js";
import { texts } from "./texts.js";

const SAFE = new Set(["http:", "https:"]);

/** A link to somewhere else, or null where its address is none that a browser may follow. */
function link(name, address) {
  if (!SAFE.has(URL.canParse(address) ? new URL(address).protocol : "")) return null;
  const node = element("a", "", texts.links[name] ?? name);
  node.href = address;
  node.target = "_blank";
  node.rel = "noreferrer noopener";
  return node;
}

/** Labels in one line. */
export const described = (labels = {}) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");

export class More {
  #facts = element("dl", "facts-of");
  #links = element("p", "links");
  #acts = element("p", "acts-of");
  #buttons = new Map();
  #linked = "";

  constructor() {
    this.node = element("details", "more-of");
    this.summary = element("summary", "");
    this.node.append(this.summary, this.#facts, this.#links, this.#acts);
  }

  /** `name` is whose it is, for who does not see the row above. */
  title(name) {
    put(this.summary, texts.moreOf);
    this.summary.setAttribute("aria-label", `${texts.moreOf}: ${name}`);
    for (const button of this.#buttons.values()) button.setAttribute("aria-label", `${button.textContent}: ${name}`);
  }

  /** `rows` are pairs of words; one without a second is left out. */
  facts(rows) {
    const told = rows.filter(([, value]) => value !== "" && value !== null && value !== undefined);
    while (this.#facts.children.length > told.length) this.#facts.lastElementChild.remove();
    while (this.#facts.children.length < told.length) {
      const row = element("div");
      row.append(element("dt"), element("dd"));
      this.#facts.append(row);
    }
    told.forEach(([word, value], i) => {
      put(this.#facts.children[i].firstElementChild, word);
      put(this.#facts.children[i].lastElementChild, String(value));
    });
  }

  links(links = {}) {
    const is = JSON.stringify(links);
    if (is === this.#linked) return;
    this.#linked = is;
    const nodes = Object.entries(links).map(([name, address]) => link(name, String(address))).filter(Boolean);
    this.#links.replaceChildren(...nodes.flatMap((node) => [node, " "]));
    this.#links.hidden = nodes.length === 0;
  }

  /** The button called `name`, with these words; `press()` when it is pressed. `remote`: it needs the bridge. */
  act(name, words, press, { remote = false, pressed = null } = {}) {
    let button = this.#buttons.get(name);
    if (!button) {
      button = element("button", "small");
      button.type = "button";
      button.addEventListener("click", () => button.press());
      this.#buttons.set(name, button);
      this.#acts.append(button, " ");
    }
    button.press = press;
    button.dataset.remote = String(remote);
    put(button, words);
    if (pressed !== null) button.setAttribute("aria-pressed", String(pressed));
  }

  /** Without a link to the bridge what needs it cannot be done. */
  usable(on) {
    for (const button of this.#buttons.values()) button.disabled = !on && button.dataset.remote === "true";
  }
}
