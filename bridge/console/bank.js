/** The cue files, fetched and decoded once. A file that failed is tried again with the next `load`. */

import { ESSENTIAL, FILES, address } from "./cues.js";

const PATIENCE_MS = 15000;

export class Bank {
  #buffers = new Map();
  #missing = [];

  /** Names of the files that could not be had. */
  get missing() {
    return this.#missing;
  }

  /** Whether every cue is there that an alert needs. */
  get complete() {
    return ESSENTIAL.every((sound) => this.#buffers.has(sound));
  }

  /** The decoded file, or undefined. */
  get(file) {
    return this.#buffers.get(file);
  }

  /** Fetch and decode what is not there yet. Never throws: what failed is in `missing`. */
  async load(context) {
    const wanted = FILES.filter((file) => !this.#buffers.has(file));
    const results = await Promise.allSettled(wanted.map((file) => this.#one(context, file)));
    this.#missing = wanted.filter((_, i) => results[i].status === "rejected");
  }

  async #one(context, file) {
    const response = await fetch(address(file), { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    this.#buffers.set(file, await context.decodeAudioData(await response.arrayBuffer()));
  }
}
