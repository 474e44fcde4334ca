/**
 * The reduced player: pre-rendered cues through plain Web Audio, so that it works on http too. No DOM.
 *
 * It promises one thing: `audible` is true, and a play is `played`, only while the browser's audio clock really
 * moves and the files are there. Chain: source → level → pan → master (volume) → limiter → loudspeaker.
 */

import { Bank } from "./bank.js";
import { CUES, cueOf } from "./cues.js";

const AT_ONCE = 16;
const STALLED_AFTER = 2;
const STARTS_WITHIN = 2;
const RETRY_EVERY = 5;
const FADE = 0.02;
const LIMIT = { threshold: -3, knee: 0, ratio: 20, attack: 0.001, release: 0.1 };

const clamp = (value, low, high, otherwise) =>
  Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : otherwise;

/** A DynamicsCompressor adds make-up gain (0.6 of what it takes at full scale); this takes it off again. */
function limiter(context) {
  const limit = context.createDynamicsCompressor();
  for (const [name, value] of Object.entries(LIMIT)) limit[name].value = value;
  const trim = context.createGain();
  trim.gain.value = 10 ** ((0.6 * LIMIT.threshold * (1 - 1 / LIMIT.ratio)) / 20);
  limit.connect(trim).connect(context.destination);
  return { limit, trim };
}

export class Player {
  #bank = new Bank();
  #context = null;
  #master = null;
  #sources = new Set();
  #volume = 1;
  #loading = false;
  #clock = { at: 0, moved: 0 };
  #retried = 0;
  #begun = 0;
  #changed;
  #now;
  #told = "off";

  /**
   * @param {Function} changed called without arguments whenever `status` may have changed
   * @param {Function} now seconds that never go back
   */
  constructor(changed, now) {
    this.#changed = changed;
    this.#now = now;
  }

  /** `off`, `starting` (getting the files), `paused` (by the browser), `incomplete`, `silent` (volume) or `on`. */
  get status() {
    if (!this.#context) return "off";
    if (this.#starts()) return "starting";
    if (!this.#runs()) return "paused";
    if (!this.#bank.complete) return "incomplete";
    return this.#volume > 0 ? "on" : "silent";
  }

  get audible() {
    return this.status === "on";
  }

  /** Whether the browser lets sound out, whatever else is missing. */
  get running() {
    return this.#context !== null && this.#runs();
  }

  get missing() {
    return this.#bank.missing;
  }

  /** For a meter: what goes to the loudspeaker; null while there is nothing. */
  meter = null;

  /** Begin, or begin again after the browser paused it. Call it in a click. Throws what the browser throws. */
  async listen() {
    this.#context ??= this.#open();
    const context = this.#context;
    this.#begun = this.#now();
    this.#resume();
    await this.#load(context);
  }

  /** Fade out and give the audio device back. */
  stop() {
    const context = this.#context;
    if (!context) return;
    this.#master.gain.setTargetAtTime(0, context.currentTime, FADE / 3);
    this.#context = this.meter = null;
    this.#sources.clear();
    setTimeout(() => context.close(), 3 * FADE * 1000);
    this.#tell();
  }

  /** `volume` from 0 (silent) to 1 (as rendered). */
  setVolume(volume) {
    this.#volume = clamp(volume, 0, 1, 1);
    this.#master?.gain.setTargetAtTime(this.#volume, this.#context?.currentTime ?? 0, FADE);
    this.#tell();
  }

  /** Sound a cue now: `played`, `muted` (the person does not want to hear) or `failed`. */
  play(frame) {
    if (!this.#context || this.#volume === 0) return "muted";
    return this.#cue(frame, 0) ? "played" : "failed";
  }

  /** Its source, or null where it cannot sound. */
  #cue(frame, after) {
    const cue = cueOf(frame);
    const buffer = cue && this.#bank.get(cue.file);
    if (!buffer || !this.#runs() || this.#sources.size >= AT_ONCE) return null;
    const { vol, pan } = frame.params ?? {};
    return this.#start(buffer, clamp(vol / cue.vol, 0, 2, 1), clamp(pan, -1, 1, 0), after);
  }

  /** Sound a cue that nobody sent. */
  local(sound) {
    this.play({ sound, params: { vol: CUES[sound] } });
  }

  /** Where this page sounds something of its own: cues alone. Only while it is `on`. */
  booth() {
    const sources = [];
    const carry = ({ do: what, sound, severity, params }, after = 0) => {
      if (what === "play") sources.push(this.#cue({ sound, severity, params }, after));
    };
    return { carry, close: () => sources.forEach((source) => source?.stop()) };
  }

  /** Call it about once a second: looks whether the audio clock moves, and tries again what failed. */
  tick(now) {
    if (!this.#context) return;
    const at = this.#context.currentTime;
    if (at !== this.#clock.at) this.#clock = { at, moved: now };
    if (this.status !== this.#told) this.#tell();
    if (now - this.#retried >= RETRY_EVERY) this.#retry(now);
  }

  #tell() {
    this.#told = this.status;
    this.#changed();
  }

  #open() {
    const context = new AudioContext({ latencyHint: "interactive" });
    this.#master = context.createGain();
    this.#master.gain.value = this.#volume;
    const { limit, trim } = limiter(context);
    this.#master.connect(limit);
    this.meter = new AnalyserNode(context, { fftSize: 2048 });
    trim.connect(this.meter);
    this.#clock = { at: context.currentTime, moved: this.#now() };
    context.onstatechange = () => context === this.#context && this.#tell();
    return context;
  }

  #starts() {
    if (this.#context.state === "suspended" && this.#now() - this.#begun < STARTS_WITHIN) return true;
    return this.#loading && !this.#bank.complete;
  }

  #runs() {
    return this.#context.state === "running" && this.#now() - this.#clock.moved < STALLED_AFTER;
  }

  #resume() {
    // Without a click this may be refused, or stay undecided; the state then tells, and the page says so.
    this.#context.resume().catch(() => this.#tell());
  }

  #retry(now) {
    this.#retried = now;
    if (this.#context.state !== "running") this.#resume();
    if (this.#bank.missing.length > 0) this.#load(this.#context);
  }

  async #load(context) {
    if (this.#loading) return;
    this.#loading = true;
    this.#tell();
    await this.#bank.load(context);
    this.#loading = false;
    this.#tell();
  }

  #start(buffer, level, pan, after) {
    const context = this.#context;
    const source = new AudioBufferSourceNode(context, { buffer });
    const gain = new GainNode(context, { gain: level });
    const place = new StereoPannerNode(context, { pan });
    source.connect(gain).connect(place).connect(this.#master);
    this.#sources.add(source);
    source.onended = () => {
      this.#sources.delete(source);
      place.disconnect();
    };
    source.start(context.currentTime + after);
    return source;
  }
}
