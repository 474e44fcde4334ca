/** The control of the voice: whether this page speaks, and how loud. Remembers both. */

import { remember, remembered, rememberedLevel } from "./browser.js";
import { byId, show } from "./dom.js";
import { Speech } from "./speech.js";
import { texts } from "./texts.js";

export class SpeechPanel {
  #most = 1; // What the volume of all, Quiet and other tabs leave.
  #level = rememberedLevel("speech");

  #changed;

  speech = new Speech(() => {
    this.#show();
    this.#changed();
  });

  /** @param {Function} changed called when whether it speaks may be another */
  constructor(changed) {
    this.#changed = changed;
  }

  begin() {
    this.speech.on = remembered("speak") === "yes";
    byId("speak").addEventListener("change", ({ target }) => this.#switch(target.checked));
    byId("volume-speech").addEventListener("input", ({ target }) => this.#louder(target.valueAsNumber / 100));
    addEventListener("pagehide", () => this.speech.stop()); // Some browsers go on speaking without the page.
    this.#bring();
    this.#show();
  }

  /** How loud the voice may be at most, from 0 to 1. */
  limit(most) {
    this.#most = most;
    this.#bring();
  }

  #bring() {
    this.speech.volume = this.#most * this.#level;
  }

  #switch(on) {
    remember("speak", on ? "yes" : "no");
    // What a screen reader was told before is old once the voice tells.
    if (on) for (const id of ["say", "say-now"]) byId(id).replaceChildren();
    this.speech.on = on;
  }

  #louder(level) {
    this.#level = level;
    remember("speech", String(level));
    this.#bring();
    this.#show();
  }

  #show() {
    const { can, on } = this.speech;
    byId("speak").disabled = !can;
    byId("speak").checked = can && on;
    show("speak-note", this.#note());
    const percent = Math.round(this.#level * 100);
    byId("volume-speech").value = String(percent);
    show("volume-speech-shown", texts.percent(percent));
    byId("volume-speech").parentElement.hidden = !(can && on);
  }

  #note() {
    const { why, on, speaks } = this.speech;
    if (why && (on || why !== "refused")) return texts.speakCannot(why);
    return on && !speaks ? texts.speakSilent : texts.speakNote;
  }
}
