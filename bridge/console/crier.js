/**
 * Tells who cannot look what changes, one announcement in five seconds: by the page's own voice where it speaks, else by
 * the live regions, never by both.
 */

import { announcements, watchAnnouncements } from "./announce.js";
import { byId, element } from "./dom.js";
import { numbers, total } from "./firing.js";
import { Herald } from "./herald.js";
import { texts } from "./texts.js";

const LINES = 5;
const BEGINS = 5; // Seconds within which a voice begins, or it is not to be had.
const LONGEST = 40; // Seconds for what is longest; some browsers never tell that it has ended.

/** To a screen reader; each time a new line, so that the same words are said again. */
function tell(words, urgent) {
  const region = byId(urgent ? "say-now" : "say");
  region.append(element("p", "", words));
  while (region.children.length > LINES) region.firstElementChild.remove();
}

export class Crier {
  #now;
  #speech;
  #before = null;
  #spokenAt = -Infinity;
  #speaking = []; // How what is being spoken counts.
  #herald = new Herald((...told) => this.#tell(...told));

  /**
   * @param {Function} now seconds that never go back
   * @param {import("./speech.js").Speech} [speech] where the page has a voice of its own
   */
  constructor(now, speech = null) {
    this.#now = now;
    this.#speech = speech;
  }

  #tell(words, spoken, urgent, counts) {
    if (!this.#speech?.speaks) return tell(words, urgent);
    const cut = urgent && this.#speech.busy ? this.#speaking : [];
    this.#spokenAt = this.#now();
    this.#speaking = counts;
    this.#speech.say(spoken, { urgent, failed: () => tell(words, urgent) });
    if (cut.length) this.#herald.say({ words: texts.saidCut(cut), counts: cut });
  }

  /** What is new in a state, as of firing.js. */
  state(state) {
    const before = this.#before;
    this.#before = state;
    for (const one of watchAnnouncements(before && before.watch, state.watch)) this.#herald.say(one);
    const counts = numbers(state);
    const totals = [before ? total(numbers(before)) : 0, total(counts)];
    const { firing, now } = state;
    for (const one of announcements(before && before.firing, firing, now, { totals, counts })) this.#herald.say(one);
    this.tick();
  }

  /** The next state is summed up, because the link was away. */
  afresh() {
    this.#before = null;
  }

  /** Say this, in its turn; `now` where it interrupts. */
  say(words, { now = false } = {}) {
    this.#herald.say({ words, now });
    this.tick();
  }

  /** A person asks: say it at once. */
  answer(words) {
    this.#herald.saidAside(this.#now());
    if (this.#speech?.speaks) this.#tell(words, words, true, []);
    else tell(words, false);
  }

  /** Call it about twice a second. */
  tick() {
    const now = this.#now();
    const speech = this.#speech;
    if (speech?.busy && now - this.#spokenAt >= (speech.begun ? LONGEST : BEGINS)) speech.giveUp();
    this.#herald.tick(now, speech?.busy ?? false);
  }
}
