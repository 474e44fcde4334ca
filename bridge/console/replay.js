/** Hear a stretch of the past again, faster than it was, in this page alone. */

import { get } from "./ask.js";
import { byId, put, show } from "./dom.js";
import { speed, stretch } from "./history.js";
import { Solo } from "./solo.js";
import { texts } from "./texts.js";

const AROUND = 300; // Seconds: what a press on a row plays, with its event in the middle.
const AROUND_IN = "30";

/** What a field for a time of day with its date shows of unix seconds, in local time. */
function localTime(unix) {
  const date = new Date(unix * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

export class Replay {
  #solo;
  #now;
  #changed;
  #from = null;

  /** @param {Function} now unix seconds of the bridge's clock @param {Function} changed another stretch is chosen */
  constructor(stage, now, changed) {
    this.#now = now;
    this.#changed = changed;
    this.#solo = new Solo(stage, () => this.#showPlaying());
    byId("replay").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#press();
    });
    byId("replay-from").addEventListener("change", ({ target }) => this.#begin(target.value));
    byId("replay-for").addEventListener("change", () => this.#moved());
    this.#showPlaying();
  }

  /** The stretch that is chosen, `{since, until}`. */
  get picked() {
    return stretch(this.#from, Number(byId("replay-for").value), this.#now());
  }

  shown() {
    this.#moved();
  }

  hidden() {
    this.#solo.stop();
  }

  /** Play what was around `unix`. Call it in the press. */
  around(unix) {
    this.#solo.stop();
    this.#from = unix - AROUND / 2;
    byId("replay-for").value = String(AROUND);
    byId("replay-in").value = AROUND_IN;
    this.#moved();
    this.#press();
  }

  tick() {
    const position = this.#solo.position;
    if (position) byId("replay-progress").value = position.at / position.length;
    else if (!this.#solo.playing && this.#from === null) this.#fill();
  }

  /** An empty field means: up to now. */
  #begin(value) {
    const from = new Date(value).getTime() / 1000;
    this.#from = Number.isFinite(from) ? from : null;
    this.#moved();
  }

  #moved() {
    this.#fill();
    this.#changed();
  }

  #fill() {
    const field = byId("replay-from");
    const value = localTime(this.picked.since);
    if (document.activeElement !== field && field.value !== value) field.value = value;
  }

  async #press() {
    if (this.#solo.playing) {
      this.#solo.stop();
      return;
    }
    if (this.picked.since >= this.#now()) {
      this.#say(texts.replayFuture);
      return;
    }
    this.#say("");
    let empty = false;
    const fetched = async () => {
      const performance = await this.#fetch();
      empty = !performance.commands.some((command) => command.do === "play") && !performance.captions.length;
      return empty ? null : performance;
    };
    try {
      const why = await this.#solo.play(fetched, (text) => this.#say(text));
      this.#say(empty ? texts.replayEmpty : texts.aloneEnded(why));
    } catch (error) {
      this.#say(texts.replayFailed(error.message));
    }
  }

  #fetch() {
    const { since, until } = this.picked;
    return get("/api/v1/replay", { since, until, speed: speed(until - since, Number(byId("replay-in").value)) });
  }

  #say(words) {
    put(byId("replay-caption"), words);
  }

  #showPlaying() {
    const { playing } = this.#solo;
    show("replay-play", playing ? texts.replayStop : texts.replayPlay);
    byId("replay-progress").hidden = !playing;
    if (!playing) byId("replay-progress").value = 0;
  }
}
