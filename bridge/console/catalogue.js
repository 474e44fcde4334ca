/** Every sound, to be tried with its controls and copied as a rule. */

import { get } from "./ask.js";
import { byId, element, show } from "./dom.js";
import { SoundPanel } from "./soundpanel.js";
import { texts } from "./texts.js";

const GROUPS = ["cue", "voice", "own"];
const DIES_AWAY_MS = 1500; // The room of a cue, after its last pulse.

const group = (sound) => (sound.own ? "own" : sound.kind);

export class Catalogue {
  #stage;
  #full;
  #known = "";
  #open = null;
  #run = null;
  #ending;
  #presses = 0;

  /**
   * @param {import("./stage.js").Stage} stage for what sounds in this page alone
   * @param {Function} full whether this page has scsynth, and not the files of the cues alone
   */
  constructor(stage, full) {
    this.#stage = stage;
    this.#full = full;
  }

  async shown() {
    try {
      const { sounds } = await get("/api/v1/catalogue");
      show("sounds-answer", "", true);
      this.#list(sounds);
    } catch (error) {
      show("sounds-answer", texts.soundsFailed(error.message));
    }
  }

  /** Its controls are out of sight: what sounds here ends. */
  hidden() {
    this.#end();
  }

  /** Somebody else may have ended it, or a critical. */
  tick() {
    if (this.#run && !this.#stage.playing) this.#ended();
  }

  #list(sounds) {
    const now = JSON.stringify([sounds, this.#full()]);
    if (now === this.#known) return;
    this.#known = now;
    this.#close();
    for (const name of GROUPS) {
      const found = sounds.filter((sound) => group(sound) === name);
      byId(`sounds-${name}`).replaceChildren(...found.map((sound) => this.#row(sound)));
      byId(`sounds-${name}`).parentElement.hidden = found.length === 0;
    }
    byId("sounds-reduced").hidden = this.#full();
  }

  #row(sound) {
    const node = element("li", "sound");
    const button = element("button", "small", sound.id);
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => this.#turn(sound, node, button));
    node.append(button, " ", element("p", "", sound.text));
    return node;
  }

  #turn(sound, node, button) {
    const was = this.#open?.button;
    this.#close();
    if (was === button) return;
    const on = { press: () => this.#press(), change: (params) => this.#run?.change(params) };
    const panel = new SoundPanel(sound, this.#cannot(sound), on);
    this.#open = { sound, button, panel };
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", panel.node.id);
    node.append(panel.node);
  }

  #close() {
    this.#end();
    if (!this.#open) return;
    this.#open.panel.node.remove();
    this.#open.button.setAttribute("aria-expanded", "false");
    this.#open.button.removeAttribute("aria-controls");
    this.#open = null;
  }

  #cannot({ own, kind }) {
    if (own) return texts.soundOwn;
    return kind === "voice" && !this.#full() ? texts.soundVoiceReduced : "";
  }

  async #press() {
    if (this.#run?.held) {
      this.#end();
      return;
    }
    const { sound, panel } = this.#open;
    this.#presses += 1;
    const press = this.#presses;
    panel.say("");
    const why = await this.#stage.ready();
    // Whoever waited for the engine may have gone on meanwhile.
    if (press !== this.#presses || this.#open?.panel !== panel) return;
    if (why) panel.say(texts.aloneEnded(why));
    else this.#begin(sound, panel);
  }

  #begin(sound, panel) {
    const cannot = this.#cannot(sound);
    if (cannot) {
      panel.say(cannot);
      return;
    }
    clearTimeout(this.#ending);
    const held = sound.kind === "voice";
    const params = panel.values;
    const { why, change, end } = this.#stage.preview({ id: sound.id, kind: sound.kind, params });
    panel.say(why ? texts.aloneEnded(why) : held ? texts.soundHeld : "");
    if (why) return;
    this.#run = { held, end, change: held ? change : () => {} };
    panel.sounding(held);
    if (!held) this.#ending = setTimeout(() => this.#end(), params.dur * 1000 + DIES_AWAY_MS);
  }

  #end() {
    this.#presses += 1;
    this.#run?.end();
    this.#ended();
  }

  #ended() {
    clearTimeout(this.#ending);
    if (this.#run?.held) this.#open?.panel.say("");
    this.#run = null;
    this.#open?.panel.sounding(false);
  }
}
