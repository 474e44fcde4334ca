/** One sound of the catalogue, opened: its controls, and what can be done with it. */

import { element, put } from "./dom.js";
import { ruleText } from "./ruletext.js";
import { altered, defaults, position, steps, valueAt } from "./sliders.js";
import { texts } from "./texts.js";

const ROWS = 12;

function button(words, press) {
  const node = element("button", "small", words);
  node.type = "button";
  node.addEventListener("click", press);
  return node;
}

export class SoundPanel {
  #sound;
  #on;
  #values;
  #sliders = [];

  /**
   * @param {object} sound as in /api/v1/catalogue
   * @param {string} why why it cannot be played here; "" where it can
   * @param {{press: Function, change: Function}} on `press()` plays it, or ends it; `change(params)`: a slider moved
   */
  constructor(sound, why, on) {
    this.#sound = sound;
    this.#on = on;
    this.#values = defaults(sound);
    this.node = element("div", "sound-panel");
    this.node.id = "sound-panel";
    this.play = button(texts.soundPlay, () => on.press());
    this.play.hidden = why !== "";
    this.answer = element("p", "answer", why);
    this.answer.setAttribute("role", "status");
    this.node.append(this.#controls(), this.#acts(), this.answer, this.#rule());
  }

  /** What it is to sound with. */
  get values() {
    return { ...this.#values };
  }

  /** Whether it sounds, and can be ended. */
  sounding(on) {
    put(this.play, on ? texts.soundStop : texts.soundPlay);
  }

  say(words) {
    put(this.answer, words);
  }

  #controls() {
    const list = element("div", "sliders");
    this.#sliders = this.#sound.controls.map((control, i) => this.#slider(control, i));
    list.append(...this.#sliders.map(({ node }) => node));
    return list;
  }

  #slider(control, i) {
    const node = element("div", "field");
    const label = element("label", "", texts.soundControl(control.name, control.text));
    const input = element("input");
    const output = element("output");
    input.id = label.htmlFor = `sound-control-${i}`;
    input.type = "range";
    input.min = "0";
    input.max = String(steps(control));
    input.addEventListener("input", () => this.#move(control, input.valueAsNumber));
    node.append(label, input, output);
    const show = () => {
      const words = texts.soundValue(this.#values[control.name], control.unit);
      input.value = String(position(control, this.#values[control.name]));
      input.setAttribute("aria-valuetext", words);
      put(output, words);
    };
    show();
    return { node, show };
  }

  #move(control, at) {
    this.#values[control.name] = valueAt(control, at);
    this.#moved({ [control.name]: this.#values[control.name] });
  }

  #moved(params) {
    for (const { show } of this.#sliders) show();
    this.#write();
    this.#on.change(params);
  }

  #acts() {
    const acts = element("div", "sound-acts");
    const reset = button(texts.soundReset, () => {
      this.#values = defaults(this.#sound);
      this.#moved(this.values);
      this.say(texts.soundResetDone);
    });
    acts.append(this.play, reset);
    if (ruleText(this.#sound, this.#values)) acts.append(button(texts.soundCopy, () => this.#copy()));
    return acts;
  }

  /** The rule, to be read and copied; it is there once somebody asked for it. */
  #rule() {
    const rule = element("div", "rule-text");
    const fixed = ruleText(this.#sound, this.#values) === null;
    const label = element("label", "", fixed ? texts.soundFixed : texts.soundRule(this.#sound.kind === "cue"));
    this.area = element("textarea");
    this.area.id = label.htmlFor = "sound-rule";
    this.area.readOnly = true;
    this.area.spellcheck = false;
    if (fixed) return element("p", "soft", texts.soundFixed);
    rule.append(label, this.area);
    rule.hidden = true;
    this.rule = rule;
    this.#write();
    return rule;
  }

  #write() {
    const lines = ruleText(this.#sound, this.#values);
    if (lines === null) return;
    this.area.value = `${lines}\n`;
    this.area.rows = Math.min(ROWS, lines.split("\n").length + 1);
  }

  async #copy() {
    this.rule.hidden = false;
    const many = Object.keys(altered(this.#sound, this.#values)).length;
    try {
      await navigator.clipboard.writeText(this.area.value);
      this.say(texts.soundCopied(many));
    } catch {
      // No clipboard without https or localhost, or the person forbids it.
      this.area.focus();
      this.area.select();
      this.say(texts.soundSelected);
    }
  }
}
