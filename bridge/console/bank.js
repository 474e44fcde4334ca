/** The cue files, fetched and decoded once. A file that failed is tried again with the next `load`. */

import { CUES, ESSENTIAL, address } from "./cues.js";

const PATIENCE_MS = 15000;

export class Bank {
  #buffers = new Map();
  #missing = [];

  /** Names of the cues that could not be had. */
  get missing() {
    return this.#missing;
  }

  /** Whether every cue is there that an alert needs. */
  get complete() {
    return ESSENTIAL.every((sound) => this.#buffers.has(sound));
  }

  /** The decoded cue, or undefined. */
  get(sound) {
    return this.#buffers.get(sound);
  }

  /** Fetch and decode what is not there yet. Never throws: what failed is in `missing`. */
  async load(context) {
    const wanted = Object.keys(CUES).filter((sound) => !this.#buffers.has(sound));
    const results = await Promise.allSettled(wanted.map((sound) => this.#one(context, sound)));
    this.#missing = wanted.filter((_, i) => results[i].status === "rejected");
  }

  async #one(context, sound) {
    const response = await fetch(address(sound), { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`${sound}: ${response.status}`);
    this.#buffers.set(sound, await context.decodeAudioData(await response.arrayBuffer()));
  }
}
