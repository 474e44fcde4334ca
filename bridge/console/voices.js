/** The voices that sound in the bed: whose they are, what they say, and what a person may do with them. */

import { byId, element, put } from "./dom.js";
import { More, described } from "./more.js";
import { clock, texts } from "./texts.js";

/** The matchers that take exactly the labels of a sample. */
export function matchers(labels = {}) {
  return Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`);
}

class Row {
  #on;
  #more = new More();

  constructor(on) {
    this.#on = on;
    this.node = element("li", "voice");
    this.sound = element("strong", "name");
    this.service = element("span", "service");
    this.value = element("span", "value");
    this.node.append(this.sound, " ", this.service, " ", this.value, this.#more.node);
  }

  show(voice, solo, now) {
    const { sound, service, value, rule, since, sample = {} } = voice;
    put(this.sound, sample.type ?? sound);
    put(this.service, service || "");
    put(this.value, Number.isFinite(value) ? texts.value(value) : "");
    this.#more.facts([
      [texts.factLabels, described(sample.labels)],
      [texts.factSound, sound],
      [texts.factRule, rule],
      [texts.factSince, Number.isFinite(since) ? clock(since, now) : ""],
    ]);
    this.#more.links({});
    this.#more.act("play", texts.playHere, () => this.#on.playVoice(voice));
    this.#more.act("solo", solo ? texts.soloEnd : texts.soloVoice, () => this.#on.soloVoice(solo ? null : voice), { pressed: solo });
    const labels = matchers(sample.labels);
    if (labels.length) this.#more.act("mute", texts.muteVoice, () => this.#on.muteVoice(labels), { remote: true });
    this.#more.title([sample.type ?? sound, service].filter(Boolean).join(", "));
  }

  usable(on) {
    this.#more.usable(on);
  }
}

export class VoiceList {
  #rows = new Map();
  #usable = true;
  #on;

  /** `on.playVoice(voice)`, `on.soloVoice(voice or null)`, `on.muteVoice(matchers)`: what a person does. */
  constructor(on) {
    this.#on = on;
  }

  /** Bring the list to `voices`, the longest first; `total` sound in all, `solo` is the id of the one heard alone. */
  show(voices, total, solo, now) {
    const ordered = [...voices].sort((one, other) => one.since - other.since);
    const rows = new Map(ordered.map(({ id }) => [id, this.#rows.get(id) ?? new Row(this.#on)]));
    for (const [id, row] of this.#rows) if (!rows.has(id)) row.node.remove();
    this.#rows = rows;
    const list = byId("voices");
    ordered.forEach((voice, i) => {
      const row = rows.get(voice.id);
      row.show(voice, voice.id === solo, now);
      row.usable(this.#usable);
      if (list.children[i] !== row.node) list.insertBefore(row.node, list.children[i] ?? null);
    });
    byId("voices-none").hidden = total > 0;
    byId("voices-more").hidden = total <= ordered.length;
    put(byId("voices-more"), texts.more(total - ordered.length));
  }

  usable(on) {
    this.#usable = on;
    for (const row of this.#rows.values()) row.usable(on);
  }
}
