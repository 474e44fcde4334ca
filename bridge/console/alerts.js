/**
 * The list of what fires. Rows are kept by fingerprint, so that a change elsewhere moves neither the reader's
 * place nor a screen reader's. Everything that came from a label goes in as text, never as markup.
 */

import { byId, element, keepFocus, put } from "./dom.js";
import { More, described } from "./more.js";
import { acknowledgement, clock, standing, texts } from "./texts.js";

const FIRST = 20;
const SHOWN = 200;
const SOUNDING_MS = 2500;

class Row {
  #on;
  #alert;
  #more = new More();
  #asked = {};

  constructor(on) {
    this.#on = on;
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
    this.node.append(this.#acts(), this.#more.node);
    this.#more.node.addEventListener("toggle", () => this.#more.node.open && this.#ask());
  }

  #acts() {
    const acts = element("div", "acts");
    this.flapping = element("span", "flapping", texts.flapping);
    this.taken = element("span", "taken");
    this.standing = element("span", "standing");
    this.button = element("button", "small");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.#on.acknowledge(this.#alert));
    acts.append(this.flapping, " ", this.standing, " ", this.taken, " ", this.button);
    return acts;
  }

  show(alert, solo, now) {
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
    this.button.setAttribute("aria-label", `${this.button.textContent}: ${this.#called()}`);
    this.#fold(alert, solo);
    this.tick(now);
  }

  /** What is too much for every state: labels and links. */
  async #ask() {
    this.#asked = (await this.#on.unfold(this.#alert)) ?? this.#asked;
    this.#told();
  }

  #told() {
    const alert = this.#alert;
    this.#more.facts([
      [texts.factLabels, described(this.#asked.labels)],
      [texts.factValue, Number.isFinite(alert.value) ? texts.value(alert.value) : ""],
      [texts.factRule, alert.rule],
      [texts.factSource, texts.sources[alert.source] ?? alert.source],
    ]);
    this.#more.links(this.#asked.links);
  }

  #fold(alert, solo) {
    const { severity, service, muted, silenced } = alert;
    this.#told();
    this.#more.act("play", texts.playHere, () => this.#on.playAlert(alert));
    if (service) this.#more.act("solo", solo ? texts.soloEnd : texts.soloService(service), () => this.#on.solo(solo ? null : service), { pressed: solo });
    const mute = severity === "critical" ? texts.muteCritical : texts.mute;
    this.#more.act("mute", muted ? texts.unmute : mute, () => this.#on.mute(alert), { remote: true });
    this.#more.act("silence", silenced?.id ? texts.unsilence : texts.silence, () => this.#on.silence(alert), { remote: true });
    this.#more.title(this.#called());
  }

  /** For who hears the button alone: many alerts have one name. */
  #called() {
    return [this.name.textContent, this.service.textContent].filter(Boolean).join(", ");
  }

  /** Whether somebody has opened it, or is in it. */
  get used() {
    return this.#more.node.open || this.node.contains(document.activeElement);
  }

  usable(on) {
    this.button.disabled = !on;
    this.#more.usable(on);
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
  #on;
  #rows = new Map();
  #whole = false;
  #usable = true;
  #last = [[], null, 0, 0];

  /**
   * `more` says how many are not in the list, `unfold` is the button for all that the page can show.
   * What a person does: `on.acknowledge(alert)`, `on.mute(alert)`, `on.silence(alert)`, each also to take it back;
   * `on.playAlert(alert)`, `on.solo(service or null)`; `on.unfold(alert)` is asked for all `links` and `labels` of one
   * that is looked at, or null where nobody can tell.
   */
  constructor(list, more, unfold, on) {
    this.#list = list;
    this.#more = more;
    this.#unfold = unfold;
    this.#on = on;
    unfold.addEventListener("click", () => {
      this.#whole = !this.#whole;
      this.show(...this.#last);
    });
  }

  /**
   * Bring the list to `firing`, in its order; `total` fire in all, of `solo` alone is heard here (a service, or null).
   * `now` is unix seconds of the bridge's clock.
   */
  show(firing, solo, now, total) {
    this.#last = [firing, solo, now, total];
    keepFocus(byId("headline"), () => this.#show(firing, solo, now, total));
  }

  #show(firing, solo, now, total) {
    const most = this.#whole ? SHOWN : FIRST;
    // What somebody looks at stays, also when worse comes.
    const shown = firing.filter(({ fingerprint }, i) => i < most || this.#rows.get(fingerprint)?.used);
    const rows = new Map(shown.map((alert) => [alert.fingerprint, this.#row(alert.fingerprint)]));
    for (const [fingerprint, row] of this.#rows) if (!rows.has(fingerprint)) row.node.remove();
    this.#rows = rows;
    for (const alert of shown) rows.get(alert.fingerprint).show(alert, solo !== null && alert.service === solo, now);
    [...rows.values()].forEach((row, i) => {
      const there = this.#list.children[i];
      if (there !== row.node) this.#list.insertBefore(row.node, there ?? null);
    });
    for (const row of rows.values()) row.usable(this.#usable);
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
    for (const row of this.#rows.values()) row.usable(on);
  }

  tick(now) {
    for (const row of this.#rows.values()) row.tick(now);
  }

  #row(fingerprint) {
    return this.#rows.get(fingerprint) ?? new Row(this.#on);
  }

  /** Mark the alert whose cue sounds now. */
  sound(fingerprint) {
    this.#rows.get(fingerprint)?.sound();
  }
}
