/** Tells who cannot look what changes, by the live regions, one announcement in five seconds. */

import { announcements, watchAnnouncements } from "./announce.js";
import { byId, element } from "./dom.js";
import { Herald } from "./herald.js";

const LINES = 5;

/** To a screen reader; each time a new line, so that the same words are said again. */
function tell(words, urgent) {
  const region = byId(urgent ? "say-now" : "say");
  region.append(element("p", "", words));
  while (region.children.length > LINES) region.firstElementChild.remove();
}

export class Crier {
  #now;
  #before = null;
  #herald = new Herald((words, _, urgent) => tell(words, urgent));

  /** @param {Function} now seconds that never go back */
  constructor(now) {
    this.#now = now;
  }

  /** What is new in a state, as of firing.js. */
  state(state) {
    const before = this.#before;
    this.#before = state;
    for (const one of watchAnnouncements(before && before.watch, state.watch)) this.#herald.say(one);
    for (const one of announcements(before && before.firing, state.firing, state.now)) this.#herald.say(one);
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

  /** Call it about twice a second. */
  tick() {
    this.#herald.tick(this.#now());
  }
}
