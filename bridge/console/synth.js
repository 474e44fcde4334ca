/**
 * The full player: the bridge's own scsynth messages, played by scsynth in this page. No DOM.
 *
 * It promises what the reduced player (player.js) promises, and more: a play is `played` once scsynth has said that its
 * node began. Chain: scsynth → volume → meter → loudspeaker.
 */

import { Booth } from "./booth.js";
import { Engine } from "./engine.js";

const ANSWERS_WITHIN = 2;
const STALLED_AFTER = 2;
const STARTS_WITHIN = 2;
const RETRY_EVERY = 5;
const FADE = 0.02;
const AHEAD = 1; // Seconds: what claims to be later than that was sent under another clock, and sounds at once.
const UNIX_IN_NTP = 2208988800;
const BUNDLE = 0x23; // "#"

const clamp = (value) => (Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 1);

export class Synth {
  #on;
  #now;
  #engine = null;
  #context = null;
  #volume = null;
  #levels = { all: 1, cues: 1, bed: 1 };
  #ready = false;
  #next = 1;
  #offset = null;
  #waiting = new Map();
  #clock = { at: 0, moved: 0 };
  #begun = 0;
  #retried = 0;
  #told = "off";
  #ran = false;

  /**
   * @param {{changed: Function, whole: Function}} on `changed()` when `status` may be another, `whole()` when the bridge
   *   is to send everything
   * @param {Function} now seconds that never go back
   */
  constructor(on, now) {
    this.#on = on;
    this.#now = now;
  }

  /** `off`, `starting`, `paused` (by the browser), `silent` (volume) or `on`. */
  get status() {
    if (!this.#context) return "off";
    if (!this.#ready || this.#starts()) return "starting";
    if (!this.#runs()) return "paused";
    return this.#levels.all > 0 && this.#levels.cues > 0 ? "on" : "silent";
  }

  get audible() {
    return this.status === "on";
  }

  get running() {
    return this.#context !== null && this.#runs();
  }

  get missing() {
    return [];
  }

  /** For a meter: what goes to the loudspeaker; null while there is nothing. */
  meter = null;

  /** Begin, or begin again after the browser paused it. Call it in a click. Throws why it cannot, unless stopped since. */
  async listen() {
    this.#begun = this.#now();
    if (this.#context) return this.#resume();
    const context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    this.#context = context;
    this.#clock = { at: context.currentTime, moved: this.#now() };
    context.onstatechange = () => context === this.#context && this.#tell();
    this.#resume();
    this.#tell();
    try {
      await this.#boot(context);
    } catch (error) {
      if (context !== this.#context) return;
      this.#drop();
      throw error;
    }
  }

  async #boot(context) {
    const engine = new Engine((node) => this.#answer(node, "played"));
    this.#engine = engine;
    await engine.boot(context, this.#levels);
    if (context !== this.#context) return;
    this.#volume = new GainNode(context, { gain: this.#levels.all });
    this.meter = new AnalyserNode(context, { fftSize: 2048 });
    engine.node.connect(this.#volume);
    this.#volume.connect(this.meter).connect(context.destination);
    if (this.#offset !== null) engine.clock(this.#offset);
    this.#ready = true;
    this.#on.whole();
    this.#tell();
  }

  /** Fade out and give the audio device back. */
  stop() {
    if (!this.#context) return;
    this.#volume?.gain.setTargetAtTime(0, this.#context.currentTime, FADE / 3);
    this.#drop();
  }

  #drop() {
    const context = this.#context;
    const engine = this.#engine;
    this.#context = this.#engine = this.#volume = this.meter = null;
    this.#ready = this.#ran = false;
    for (const node of [...this.#waiting.keys()]) this.#answer(node, "failed");
    setTimeout(async () => {
      await engine?.end().catch(() => {});
      if (context.state !== "closed") await context.close();
    }, 3 * FADE * 1000);
    this.#tell();
  }

  /** `volume` from 0 (silent) to 1. */
  setVolume(volume) {
    this.#levels.all = clamp(volume);
    this.#volume?.gain.setTargetAtTime(this.#levels.all, this.#context.currentTime, FADE);
    this.#tell();
  }

  /** The level of a layer, `cues` or `bed`, from 0 to 1. */
  setLayer(layer, level) {
    this.#levels[layer] = clamp(level);
    if (this.#ready) this.#engine.level(layer, this.#levels[layer]);
    this.#tell();
  }

  /** A cue's words; its packet follows. A promise of `played`, `muted` or `failed`. */
  play(frame) {
    if (!this.#context || this.status === "silent") return Promise.resolve("muted");
    if (!this.#ready || !this.#runs() || !Number.isFinite(frame.node)) return Promise.resolve("failed");
    return new Promise((told) => this.#waiting.set(frame.node, { told, until: this.#now() + ANSWERS_WITHIN }));
  }

  #answer(node, status) {
    this.#waiting.get(node)?.told(status);
    this.#waiting.delete(node);
  }

  /** A packet of the stream: its number and its OSC. */
  packet(number, bytes) {
    const expected = this.#next;
    this.#next = number + 1;
    if (number !== expected && this.#ready) this.#on.whole();
    if (!this.#ready) return;
    if (bytes[0] === BUNDLE) this.#timely(bytes);
    this.#engine.packet(bytes);
  }

  /** A time that cannot be meant becomes "at once". */
  #timely(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
    const at = view.getUint32(8) - UNIX_IN_NTP;
    const now = Date.now() / 1000 + (this.#offset ?? 0);
    if (this.#offset !== null && Math.abs(at - now) < AHEAD + 1) return;
    view.setUint32(8, 0);
    view.setUint32(12, 1);
  }

  /** A new connection: its packets are counted from 1, and it is told everything anew. */
  connected() {
    this.#next = 1;
    if (this.#ready) this.#on.whole();
  }

  /** Nobody says any more what should sound. */
  disconnected() {
    this.#engine?.fadeBed();
  }

  /** How far the bridge's clock is ahead, in seconds. */
  setClock(offset) {
    this.#offset = offset;
    if (this.#ready) this.#engine.clock(offset);
  }

  /** Sound a cue that nobody sent. */
  local(sound, params = {}) {
    if (this.#ready && this.#runs()) this.#engine.begin(sound, params);
  }

  /** Where this page sounds something of its own. Only while it is `on`. */
  booth() {
    return new Booth(this.#engine);
  }

  /** Call it about once a second. */
  tick(now) {
    for (const [node, { until }] of this.#waiting) if (now >= until) this.#answer(node, "failed");
    if (!this.#context) return;
    const at = this.#context.currentTime;
    if (at !== this.#clock.at) this.#clock = { at, moved: now };
    if (this.#ready) this.#looked();
    if (this.status !== this.#told) this.#tell();
    if (now - this.#retried >= RETRY_EVERY && this.#context.state !== "running") this.#resume(now);
  }

  /** After a pause by the browser, what was sent meanwhile is lost or late. */
  #looked() {
    const runs = this.#runs();
    if (runs && !this.#ran && this.#told === "paused") {
      this.#engine.clearCues();
      this.#on.whole();
    }
    this.#ran = runs;
  }

  #tell() {
    this.#told = this.status;
    this.#on.changed();
  }

  #starts() {
    return this.#context.state === "suspended" && this.#now() - this.#begun < STARTS_WITHIN;
  }

  #runs() {
    return this.#context.state === "running" && this.#now() - this.#clock.moved < STALLED_AFTER;
  }

  #resume() {
    this.#retried = this.#now();
    // Without a click this may be refused, or stay undecided; the state then tells, and the page says so.
    this.#context.resume().catch(() => this.#tell());
  }
}
