/**
 * When "link lost" sounds: at once, every minute for ten minutes, then every ten minutes. A person who was out of
 * the room when it happened must not take the silence for health. Pure: the owner calls `tick`.
 */

const OFTEN = 60;
const OFTEN_FOR = 600;
const SELDOM = 600;

export class Reminder {
  #remind;
  #began = null;
  #next = Infinity;

  constructor(remind) {
    this.#remind = remind;
  }

  get running() {
    return this.#began !== null;
  }

  start(now) {
    this.#began = now;
    this.#next = now;
    this.tick(now);
  }

  stop() {
    this.#began = null;
    this.#next = Infinity;
  }

  tick(now) {
    if (now < this.#next) return;
    this.#next = now + (now - this.#began < OFTEN_FOR ? OFTEN : SELDOM);
    this.#remind();
  }
}
