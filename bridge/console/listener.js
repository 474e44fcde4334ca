/**
 * What a page of the bridge listens with: the sound, the stream, what this device is to sound, and what the page alone
 * can say. No DOM. What the person sees and is told is the page's own.
 */

import { browserName, remember, remembered, rememberedLevel } from "./browser.js";
import { seconds } from "./clock.js";
import { Ears } from "./ears.js";
import { readState } from "./firing.js";
import { Reminder } from "./reminder.js";
import { Remote } from "./remote.js";
import { texts } from "./texts.js";

const GONE_AFTER = 6; // Seconds after the loss, which is known 4 s after the last word.
const RESTARTED_WITHIN = 26; // As that, for a bridge that said it restarts.
const GRACE_MS = 1500; // Shorter than the player waits before it calls a refusal a pause.
const PATIENT_MS = 6000; // For a machine that has just been switched on; shorter than the engine waits.
const QUIET = 600;
const KEPT = 20; // Seconds after a trial: who tries one sound tries another, and an engine takes a second to begin.
const LEVELS = ["cues", "heartbeat", "everything"];
const SEVERITIES = ["critical", "warning", "info"];
const LAYERS = ["cues", "bed"];
const NOTES = {
  off: texts.notListening,
  starting: texts.starting,
  paused: texts.paused,
  incomplete: texts.incomplete,
  silent: texts.silentVolume,
  on: texts.listening,
};

export class Listener {
  #on;
  #noAudio = "";
  #offset = 0;
  #quietUntil = Number(remembered("quiet")) || 0; // Unix seconds of this machine's clock.
  #quietWas = false;
  #heard = null; // What the bridge was told last.
  #trial = null; // While the player runs for the stage alone: until when it is kept, in seconds.
  #lost = new Reminder(() => this.ears.player.local("linklost"));
  #gone = new Reminder(() => this.ears.player.local("flatline"));

  ears = new Ears({ changed: () => this.#changed(), whole: () => this.stream.whole() }, seconds);
  stream = new Remote({
    state: (frame) => this.#state(readState(frame)),
    play: (frame) => this.#play(frame),
    link: (...values) => this.#link(...values),
    packet: (number, bytes) => this.ears.packet(number, bytes),
    clock: (offset) => this.ears.setClock(offset),
    tick: () => this.#tick(seconds()),
  });
  level = LEVELS.find((word) => word === remembered("level")) ?? "everything"; // Until somebody chooses, all.
  /** The least severity that sounds here. */
  least = SEVERITIES.find((word) => word === remembered("severities")) ?? "info";
  /** The service, or the voice (its id), that alone sounds here. Until a reload: nobody is to hear but a part for days. */
  solo = { service: null, voice: null };
  volume = rememberedLevel("volume");
  layers = Object.fromEntries(LAYERS.map((layer) => [layer, rememberedLevel(layer)]));

  /**
   * @param {Object<string, Function>} on `state(state)` as firing.js reads it; `play(frame)` before a cue sounds and
   *   `played(frame)` once it has; `link(link, why, wasLost)`; `changed()` when what `describe` says may be another;
   *   `tick(now)` about twice a second
   */
  constructor(on) {
    this.#on = on;
  }

  /**
   * Begin, once the page can show what comes. It sounds by itself where the browser lets it, if this person listened
   * before. `always`: also if not, and it waits longer for the device.
   */
  begin(always = false) {
    this.#bringVolume();
    for (const layer of LAYERS) this.ears.setLayer(layer, this.layers[layer]);
    this.#link("connecting", "");
    this.stream.start();
    if (always || remembered("listen") === "yes") this.#listenAgain(always ? PATIENT_MS : GRACE_MS);
    addEventListener("offline", () => this.#gone.stop());
    addEventListener("online", () => {
      this.stream.hurry();
      if (this.#lost.running && !this.#gone.running) this.#gone.start(seconds(), GONE_AFTER);
    });
  }

  /** A browser that may play without a click listens by itself; in others it stays off. */
  #listenAgain(grace) {
    this.ears.listen().catch(() => this.ears.stop());
    setTimeout(() => this.ears.elsewhere || this.ears.player.running || this.ears.stop(), grace);
  }

  /** The bridge's clock in unix seconds. */
  now() {
    return Date.now() / 1000 + this.#offset;
  }

  #state(state) {
    this.#offset = state.now - Date.now() / 1000;
    this.#on.state(state);
  }

  async #play(frame) {
    this.#on.play?.(frame);
    const status = await this.ears.player.play(frame);
    this.stream.ack(frame.id, status);
    if (status === "played") this.#on.played?.(frame);
  }

  #link(link, why, restarting) {
    const wasLost = this.#lost.running;
    if (link !== "reconnecting") this.ears.linked(link === "up");
    if (link === "up") {
      this.#lost.stop();
      this.#gone.stop();
    } else if (link === "lost") {
      this.#lost.start(seconds());
      // Where this device is offline nobody knows how the bridge is.
      if (navigator.onLine) this.#gone.start(seconds(), restarting ? RESTARTED_WITHIN : GONE_AFTER);
    }
    this.#on.link(link, why, wasLost);
    this.#on.changed();
  }

  #changed() {
    this.#on.changed();
    if (this.#heard === this.audible) return;
    this.#heard = this.audible;
    this.#tell();
  }

  /** Whether what the bridge sends would be heard here. */
  get audible() {
    return this.ears.player.audible && this.#trial === null;
  }

  #tell() {
    this.stream.listening(this.audible, browserName(), this.level, this.#filter());
  }

  /** What of it all is to sound here, as docs/stream.md has it; null: all. */
  #filter() {
    const { service, voice } = this.solo;
    const wanted = {
      ...(service !== null && { services: [service] }),
      ...(voice !== null && { voices: [voice] }),
      ...(service === null &&
        this.least !== "info" && { severities: SEVERITIES.slice(0, SEVERITIES.indexOf(this.least) + 1) }),
    };
    return Object.keys(wanted).length ? wanted : null;
  }

  /** How it stands: `status` of the player, `wanted`, `audible`, a `note` in words, and further `problems`. */
  describe() {
    const { missing } = this.ears.player;
    const status = this.#trial === null ? this.ears.player.status : "off";
    const problems = status !== "off" && missing.length ? [texts.soundsMissing(missing)] : [];
    if (this.ears.reduced) problems.push(texts.reduced(this.ears.reduced));
    const wanted = this.ears.elsewhere || (status !== "off" && status !== "paused");
    return { status, wanted, audible: this.audible, note: this.#note(status), problems };
  }

  #note(status) {
    if (this.#noAudio) return texts.noAudio(this.#noAudio);
    if (this.ears.elsewhere) return texts.elsewhere;
    if (this.#trial !== null) return texts.trying;
    if (status === "silent" && this.quietLeft() > 0) return texts.quietNow(this.quietLeft());
    return status === "on" && this.stream.link === "lost" ? texts.listeningNoLink : NOTES[status];
  }

  /** The press on *Listen*, in the press itself; `over`: also where another tab sounds. */
  async press(over = false) {
    const wanted = over || !this.describe().wanted;
    this.#trial = null;
    remember("listen", wanted ? "yes" : "no");
    this.#noAudio = "";
    try {
      if (wanted) await this.ears.listen(over);
      else this.ears.stop();
    } catch (error) {
      this.#noAudio = error.message;
    }
    this.#on.changed();
  }

  /** Get the player going for what a person wants to hear here alone; the bridge is told of no listener. "" or why not. */
  async open() {
    this.#trial = seconds() + KEPT;
    try {
      await this.ears.listen(false, false);
    } catch (error) {
      this.#noAudio = error.message;
    }
    if (!this.ears.elsewhere) return "";
    this.#release();
    return "elsewhere";
  }

  /** Whether the stage uses the player. What was opened for it is closed a while after. */
  use(used) {
    if (this.#trial !== null) this.#trial = used ? Infinity : seconds() + KEPT;
  }

  #release() {
    this.#trial = null;
    this.ears.stop();
  }

  setLevel(level) {
    this.level = level;
    remember("level", level);
    this.#tell();
  }

  setLeast(severity) {
    this.least = severity;
    remember("severities", severity);
    this.#tell();
  }

  setSolo({ service = null, voice = null }) {
    this.solo = { service, voice };
    this.#tell();
  }

  /** `volume` from 0 to 1. */
  setVolume(volume) {
    this.volume = volume;
    remember("volume", String(volume));
    this.#bringVolume();
  }

  /** The level of `cues` or `bed`, from 0 to 1. */
  setLayer(layer, level) {
    this.layers[layer] = level;
    remember(layer, String(level));
    this.ears.setLayer(layer, level);
  }

  /** Seconds for which this device shall still be quiet. A clock that was set back makes it no longer than it was. */
  quietLeft() {
    const left = this.#quietUntil - Date.now() / 1000;
    return left > QUIET ? 0 : Math.max(0, left);
  }

  #bringVolume() {
    this.#quietWas = this.quietLeft() > 0;
    this.ears.setVolume(this.#quietWas ? 0 : this.volume);
  }

  /** Nothing sounds here for a while; the bridge knows that nobody hears here, and tells what stands when it is over. */
  pressQuiet() {
    this.#quietUntil = this.quietLeft() > 0 ? 0 : Date.now() / 1000 + QUIET;
    remember("quiet", String(this.#quietUntil));
    this.#bringVolume();
    this.#on.changed();
  }

  #tick(now) {
    if (this.#trial !== null && now >= this.#trial) this.#release();
    this.ears.player.tick(now);
    this.#on.tick(now);
    if (this.#quietWas !== this.quietLeft() > 0) this.#bringVolume();
    if (this.#quietWas) this.#on.changed();
    this.#lost.tick(now);
    this.#gone.tick(now);
  }
}
