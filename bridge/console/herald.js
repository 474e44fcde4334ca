/**
 * When a screen reader, or the voice, is told what: one announcement in five seconds, so that each can be heard out.
 *
 * What comes sooner gathers. Up to three are told in their words, urgent ones first; of more the first, and the rest as
 * counts. Pure: the owner gives the clock and calls `tick`.
 */

import { texts } from "./texts.js";

const EVERY = 5; // Seconds.
const TOLD = 3; // As many are told in their words; of more only the first.
const KINDS = ["critical", "warning", "info", "other"];

export class Herald {
  #told;
  #last = -Infinity;
  #urgent = [];
  #rest = [];

  /** `told(words, spoken, urgent, counts)`: the time to say it has come. */
  constructor(told) {
    this.#told = told;
  }

  /**
   * Something to say with the next `tick` that may.
   *
   * @param {{words: string, spoken?: string, now?: boolean, counts?: [string, number][]}} what `words` for a screen
   *   reader and `spoken` for the voice, where that says something else; `now` for a critical, the flatline and the lost
   *   link; `counts` for how it counts where there is no time for the words
   */
  say({ words, spoken = words, now = false, counts = [["other", 1]] }) {
    (now ? this.#urgent : this.#rest).push({ words, spoken, counts });
  }

  /**
   * Call it after what came at once was all said, and about once a second. `now` in seconds that never go back; `busy`
   * while the voice still speaks: only what is urgent cuts it short.
   */
  tick(now, busy = false) {
    if (now - this.#last < EVERY || (busy && !this.#urgent.length)) return;
    const waiting = [...this.#urgent, ...this.#rest];
    if (!waiting.length) return;
    const urgent = this.#urgent.length > 0;
    this.#last = now;
    this.#urgent = [];
    this.#rest = [];
    this.#told(gathered(waiting, "words"), gathered(waiting, "spoken"), urgent, summed(waiting));
  }

  /** Something else was said, because a person asked for it: what waits is to let it be heard out. */
  saidAside(now) {
    this.#last = now;
  }
}

function gathered(waiting, how) {
  if (waiting.length <= TOLD) return waiting.map((one) => one[how]).join(" ");
  const [first, ...rest] = waiting;
  return `${first[how]} ${texts.saidMore(summed(rest))}`;
}

/** How many of each kind, worst first. */
function summed(waiting) {
  const found = new Map(KINDS.map((kind) => [kind, 0]));
  for (const [kind, n] of waiting.flatMap(({ counts }) => counts)) {
    const known = KINDS.includes(kind) ? kind : "other";
    found.set(known, found.get(known) + n);
  }
  return [...found].filter(([, n]) => n > 0);
}
