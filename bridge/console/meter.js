/** How loud it is here, and of which pitches: read from what really goes to the loudspeaker. */

import { byId, put } from "./dom.js";
import { texts } from "./texts.js";

const FLOOR = -60; // dB of full scale: below it is silence for a person in a room.
const LOW = 40; // Hz
const HIGH = 12000;
const BARS = 48;

/** The level in dB of full scale, root mean square; `samples` run from -1 to 1. */
export function level(samples) {
  const sum = samples.reduce((total, x) => total + x * x, 0);
  return Math.max(FLOOR, 10 * Math.log10(sum / samples.length + 1e-12));
}

/** The loudest of `bins` (dB, from 0 Hz to half of `rate`) in each of `count` bands of equal width to an ear. */
export function bands(bins, rate, count = BARS) {
  const width = rate / 2 / bins.length;
  const edge = (i) => (LOW * (HIGH / LOW) ** (i / count)) / width;
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor(edge(i));
    return Math.max(...bins.slice(from, Math.max(from + 1, Math.floor(edge(i + 1)))));
  });
}

export class Meter {
  #source;
  #drawing = false;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {Function} source the AnalyserNode of what sounds, or null while nothing can */
  constructor(source) {
    this.#source = source;
    byId("spectrum").setAttribute("aria-label", texts.spectrum);
  }

  /** Call it about twice a second: the number; and the picture, where nothing else draws it. */
  tick() {
    const source = this.#source();
    byId("out").hidden = source === null;
    if (source === null) return;
    const samples = new Float32Array(source.fftSize);
    source.getFloatTimeDomainData(samples);
    const db = level(samples);
    byId("meter").value = db;
    put(byId("meter-shown"), texts.meterShown(db));
    if (this.#still.matches) this.#draw(source);
    else if (!this.#drawing) this.#frame();
  }

  #frame() {
    const source = this.#source();
    this.#drawing = source !== null && !this.#still.matches;
    if (!this.#drawing) return;
    this.#draw(source);
    requestAnimationFrame(() => this.#frame()); // Not called in a hidden tab, which is as it should be.
  }

  #draw(source) {
    const canvas = byId("spectrum");
    const bins = new Float32Array(source.frequencyBinCount);
    source.getFloatFrequencyData(bins);
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = getComputedStyle(canvas).color;
    const width = canvas.width / BARS;
    bands(bins, source.context.sampleRate).forEach((db, i) => {
      const height = canvas.height * Math.min(1, Math.max(0, (db - source.minDecibels) / -source.minDecibels));
      pen.fillRect(i * width, canvas.height - height, width - 1, height);
    });
  }
}
