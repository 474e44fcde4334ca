/**
 * When "link lost" sounds: at once, and again every 30 s, five times at most. A person who looked away for a moment
 * must not take the silence for health; one who is away for long sees it on the page. Pure: the owner calls `tick`.
 */

const EVERY = 30;
const AGAIN = 5;

export class Reminder {
  #remind;
  #left = 0;
  #next = Infinity;
  #running = false;

  constructor(remind) {
    this.#remind = remind;
  }

  get running() {
    return this.#running;
  }

  start(now) {
    this.#running = true;
    this.#left = AGAIN;
    this.#next = now;
    this.tick(now);
  }

  stop() {
    this.#running = false;
    this.#next = Infinity;
  }

  tick(now) {
    if (now < this.#next) return;
    this.#next = this.#left > 0 ? now + EVERY : Infinity;
    this.#left -= 1;
    this.#remind();
  }
}
