/**
 * The list of what fires. Rows are kept by fingerprint, so that a change elsewhere moves neither the reader's
 * place nor a screen reader's. Everything that came from a label goes in as text, never as markup.
 */

import { element, put } from "./dom.js";
import { acknowledgement, clock, standing, texts } from "./texts.js";

const FIRST = 20;
const SHOWN = 200;
const SOUNDING_MS = 2500;

class Row {
  #press;
  #alert;

  /** `press(alert)`: the alert's button is pressed. */
  constructor(press) {
    this.#press = press;
    this.node = element("li", "alert");
    this.severity = element("span", "severity");
    this.name = element("strong", "name");
    this.test = element("span", "test", texts.test);
    this.service = element("span", "service");
    this.age = element("time", "age");
    this.summary = element("p", "summary");
    this.sounding = element("span", "sounding", texts.sounding);
    const who = element("div", "who");
    who.append(this.name, " ", this.test, " ", this.service);
    this.node.append(this.severity, " ", who, " ", this.sounding, " ", this.age, this.summary);
    this.sounding.hidden = true;
    this.node.append(this.#acts());
  }

  #acts() {
    const acts = element("div", "acts");
    this.flapping = element("span", "flapping", texts.flapping);
    this.taken = element("span", "taken");
    this.standing = element("span", "standing");
    this.button = element("button", "small");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.#press(this.#alert));
    acts.append(this.flapping, " ", this.standing, " ", this.taken, " ", this.button);
    return acts;
  }

  show(alert, now) {
    this.#alert = alert;
    this.since = alert.since;
    this.node.dataset.severity = alert.severity;
    put(this.severity, texts.severity(String(alert.severity)));
    put(this.name, alert.name || texts.unnamed);
    put(this.service, alert.service || "");
    put(this.summary, alert.summary || "");
    this.test.hidden = !alert.test;
    this.service.hidden = !alert.service;
    this.summary.hidden = !alert.summary;
    this.flapping.hidden = !alert.flapping;
    this.taken.hidden = !alert.acknowledged;
    this.node.dataset.taken = String(Boolean(alert.acknowledged));
    put(this.button, alert.acknowledged ? texts.unacknowledge : texts.acknowledge);
    this.button.setAttribute("aria-label", `${this.button.textContent}: ${this.name.textContent}`);
    this.tick(now);
  }

  tick(now) {
    if (this.#alert.acknowledged) put(this.taken, acknowledgement(this.#alert.acknowledged, now));
    const notes = standing(this.#alert, now);
    this.standing.hidden = !notes;
    put(this.standing, notes);
    this.age.hidden = !Number.isFinite(this.since);
    if (this.age.hidden) return;
    put(this.age, texts.age(now - this.since));
    this.age.title = texts.since(clock(this.since, now));
    this.age.dateTime = new Date(this.since * 1000).toISOString();
  }

  sound() {
    this.sounding.hidden = false;
    clearTimeout(this.ending);
    this.ending = setTimeout(() => {
      this.sounding.hidden = true;
    }, SOUNDING_MS);
  }
}

export class AlertList {
  #list;
  #more;
  #unfold;
  #press;
  #rows = new Map();
  #whole = false;
  #usable = true;
  #last = [[], 0, 0];

  /**
   * `more` says how many are not in the list, `unfold` is the button for all that the page can show.
   * `press(alert)`: somebody wants to acknowledge that alert, or no longer, if it is.
   */
  constructor(list, more, unfold, press) {
    this.#list = list;
    this.#more = more;
    this.#unfold = unfold;
    this.#press = press;
    unfold.addEventListener("click", () => {
      this.#whole = !this.#whole;
      this.show(...this.#last);
    });
  }

  /** Bring the list to `firing`, in its order; `total` fire in all. `now` is unix seconds of the bridge's clock. */
  show(firing, now, total) {
    this.#last = [firing, now, total];
    const shown = firing.slice(0, this.#whole ? SHOWN : FIRST);
    const rows = new Map(shown.map((alert) => [alert.fingerprint, this.#row(alert.fingerprint)]));
    for (const [fingerprint, row] of this.#rows) if (!rows.has(fingerprint)) row.node.remove();
    this.#rows = rows;
    for (const alert of shown) rows.get(alert.fingerprint).show(alert, now);
    [...rows.values()].forEach((row, i) => {
      const there = this.#list.children[i];
      if (there !== row.node) this.#list.insertBefore(row.node, there ?? null);
    });
    for (const row of rows.values()) row.button.disabled = !this.#usable;
    this.#more.hidden = total <= shown.length;
    put(this.#more, texts.more(total - shown.length));
    this.#fold(Math.min(firing.length, SHOWN), total);
  }

  #fold(most, total) {
    this.#unfold.hidden = most <= FIRST;
    this.#unfold.setAttribute("aria-expanded", String(this.#whole));
    put(this.#unfold, this.#whole ? texts.showFewer(FIRST) : texts.showAll(most, most === total));
  }

  /** Without a link nothing can be acknowledged. */
  usable(on) {
    this.#usable = on;
    for (const row of this.#rows.values()) row.button.disabled = !on;
  }

  tick(now) {
    for (const row of this.#rows.values()) row.tick(now);
  }

  #row(fingerprint) {
    return this.#rows.get(fingerprint) ?? new Row(this.#press);
  }

  /** Mark the alert whose cue sounds now. */
  sound(fingerprint) {
    this.#rows.get(fingerprint)?.sound();
  }
}
