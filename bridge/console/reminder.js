/**
 * When what only the page can say sounds, that its link is lost or its bridge gone: at first, every minute for ten
 * minutes, then every ten. It stops only when it is over, for a person who looked away must not take the silence for
 * health. Pure: the owner calls `tick`.
 */

const EVERY = 60;
const OFTEN = 600; // Seconds for which it is said so often.
const LATER = 600;

export class Reminder {
  #remind;
  #first = 0;
  #next = Infinity;

  constructor(remind) {
    this.#remind = remind;
  }

  get running() {
    return this.#next !== Infinity;
  }

  /** Begin, `after` so many seconds. */
  start(now, after = 0) {
    this.#first = now + after;
    this.#next = this.#first;
    this.tick(now);
  }

  stop() {
    this.#next = Infinity;
  }

  tick(now) {
    if (now < this.#next) return;
    this.#next = now + (now - this.#first < OFTEN ? EVERY : LATER);
    this.#remind();
  }
}
