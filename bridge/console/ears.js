/**
 * What this page hears with: scsynth where the browser can, else the cues from files; one sounding tab per browser.
 *
 * Whoever listens holds a lock that all tabs of this browser share (Web Locks; they need a secure context). A tab that
 * finds it taken does not sound until it is free again; `listen(true)` takes it away, and the tab that had it is told.
 */

import { impossible } from "./engine.js";
import { Player } from "./player.js";
import { Synth } from "./synth.js";

const LOCK = "singing-pager.sound";
const LOOK_EVERY_MS = 50;

export class Ears {
  #on;
  #now;
  #player = null;
  #volume = 1;
  #bed = 1;
  #free = null;
  #queued = null;
  #taking = null;

  /** Why only the reduced player is there: "" where it is not, else a key of the texts or the library's words. */
  reduced = "";
  /** Whether another tab of this browser sounds instead. */
  elsewhere = false;

  /**
   * @param {{changed: Function, whole: Function}} on as of Synth
   * @param {Function} now seconds that never go back
   */
  constructor(on, now) {
    this.#on = on;
    this.#now = now;
    const why = impossible();
    if (why) this.#reduce(why);
    else this.#player = new Synth(on, now);
  }

  #reduce(why) {
    this.reduced = why;
    this.#player = new Player(this.#on.changed, this.#now);
  }

  get player() {
    return this.#player;
  }

  /** Whether the player is scsynth. */
  get full() {
    return this.#player instanceof Synth;
  }

  /**
   * Begin to listen, in a click; `over`: also where another tab does, else it waits for that one to stop, unless it is
   * not `patient`. Throws why this browser cannot sound at all.
   */
  async listen(over = false, patient = true) {
    this.#queued?.abort();
    this.elsewhere = !(await this.#allowed(over));
    if (!this.elsewhere) return this.#begin();
    if (patient) this.#queue();
    this.#on.changed();
  }

  async #begin() {
    try {
      await this.#player.listen();
    } catch (error) {
      if (!this.full) throw error;
      this.#reduce(error.message);
      this.#player.setVolume(this.#volume);
      await this.#player.listen();
    }
  }

  stop() {
    this.#queued?.abort();
    this.elsewhere = false;
    this.#player.stop();
    this.#free?.();
    this.#free = null;
    this.#on.changed();
  }

  /** Whether this tab may sound. Who asks while it is asked gets the same answer, or it would find its own lock taken. */
  #allowed(over) {
    if (over) return this.#take(true);
    this.#taking ??= this.#take(false).finally(() => (this.#taking = null));
    return this.#taking;
  }

  #take(over) {
    if (!navigator.locks || this.#free) return Promise.resolve(true);
    const how = over ? { steal: true } : { ifAvailable: true };
    return new Promise((told) => {
      const held = (lock) => {
        told(lock !== null);
        return lock && new Promise((free) => (this.#free = free));
      };
      navigator.locks.request(LOCK, how, held).catch(() => this.#taken());
    });
  }

  /** Another tab has taken over. */
  #taken() {
    this.#free = null;
    this.#player.stop();
    this.elsewhere = true;
    this.#queue();
    this.#on.changed();
  }

  /** Once the tab that sounds is closed or stops, this one does, for somebody wanted to hear here. */
  #queue() {
    this.#queued?.abort();
    const queued = new AbortController();
    this.#queued = queued;
    const held = () =>
      new Promise((free) => {
        this.#free = free;
        this.elsewhere = false;
        this.#begin().catch(() => this.stop());
      });
    navigator.locks.request(LOCK, { signal: queued.signal }, held).catch(() => queued.signal.aborted || this.#taken());
  }

  setVolume(volume) {
    this.#volume = volume;
    this.#player.setVolume(volume);
  }

  /** The level of `cues` or `bed`; the reduced player has cues alone. */
  setLayer(layer, level) {
    if (layer === "bed") this.#bed = level;
    if (this.full) this.#player.setLayer(layer, level);
  }

  /** Whether the live bed is silent, because something of this page's own sounds. */
  alone(on) {
    if (this.full) this.#player.setLayer("bed", on ? 0 : this.#bed);
  }

  /** Once the player no longer starts. */
  async started() {
    while (this.#player.status === "starting") await new Promise((told) => setTimeout(told, LOOK_EVERY_MS));
  }

  setClock(offset) {
    if (this.full) this.#player.setClock(offset);
  }

  packet(number, bytes) {
    if (this.full) this.#player.packet(number, bytes);
  }

  /** The link is there, or is lost. */
  linked(up) {
    if (!this.full) return;
    if (up) this.#player.connected();
    else this.#player.disconnected();
  }
}
