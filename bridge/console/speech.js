/**
 * The browser's voice: the only module that knows speechSynthesis. No DOM, no clock.
 *
 * Only voices of this device speak: another would send the names of what fails to somebody's server.
 */

const LANGUAGE = "en"; // Of texts.js.

/** The voice that is to speak, of those that the browser has; null where none is of this device. */
export function chosen(voices) {
  const own = voices.filter(({ localService }) => localService === true);
  const fit = own.filter(({ lang }) => String(lang).toLowerCase().startsWith(LANGUAGE));
  return [fit, own].flatMap((some) => [some.find((voice) => voice.default), some[0]]).find(Boolean) ?? null;
}

export class Speech {
  #synth;
  #Utterance;
  #changed;
  #out = new Map(); // Utterances that have not ended; of each what to do when it fails.
  #on = false;
  #volume = 1;
  #refused = false;

  /** Whether something of what is to be spoken has begun to sound. */
  begun = false;

  /**
   * @param {Function} changed called when `can` or `why` may be another
   * @param {object} [browser] where the two classes of the browser are; a stand-in in tests
   */
  constructor(changed, { speechSynthesis, SpeechSynthesisUtterance } = globalThis) {
    this.#synth = speechSynthesis ?? null;
    this.#Utterance = SpeechSynthesisUtterance;
    this.#changed = changed;
    // Many browsers read their voices late.
    this.#synth?.addEventListener("voiceschanged", () => this.#settle());
  }

  #voices() {
    return this.#synth ? [...this.#synth.getVoices()] : [];
  }

  /** Whether there is a voice to speak with. */
  get can() {
    return chosen(this.#voices()) !== null;
  }

  /** Why it does not speak: `missing`, `none`, `remote`, or `refused` until a press; empty otherwise. */
  get why() {
    if (!this.#synth) return "missing";
    if (this.can) return this.#refused ? "refused" : "";
    return this.#voices().length ? "remote" : "none";
  }

  /** Whether what is told is to be spoken now: it is on, there is a voice, and it can be heard. */
  get speaks() {
    return this.#on && this.#volume > 0 && this.can;
  }

  /** Whether something is being spoken, or waits for it. */
  get busy() {
    return this.#out.size > 0;
  }

  get on() {
    return this.#on;
  }

  set on(on) {
    this.#on = on;
    this.#settle();
  }

  /** From 0 to 1; at 0 nothing is spoken. */
  get volume() {
    return this.#volume;
  }

  set volume(volume) {
    if (volume === this.#volume) return;
    this.#volume = volume;
    this.#settle();
  }

  #settle() {
    if (!this.speaks) this.giveUp();
    this.#changed();
  }

  /** Speak; `urgent` ends what is being spoken. `failed()` where the browser did not speak it to its end. */
  say(words, { urgent = false, failed = () => {} } = {}) {
    if (urgent) this.stop();
    const utterance = new this.#Utterance(words.replaceAll(/[<>]/g, " ")); // Never SSML, whatever a label holds.
    const voice = chosen(this.#voices());
    Object.assign(utterance, { voice, lang: voice?.lang ?? LANGUAGE, volume: this.#volume });
    utterance.onstart = () => this.#began();
    utterance.onend = () => this.#out.delete(utterance);
    utterance.onerror = ({ error }) => this.#failed(utterance, error);
    this.begun = false;
    this.#out.set(utterance, failed);
    this.#synth.speak(utterance);
  }

  #began() {
    this.begun = true;
    this.#refuse(false);
  }

  /** What was stopped here is not out any more, and has not failed. */
  #failed(utterance, error) {
    const failed = this.#out.get(utterance);
    this.#out.delete(utterance);
    if (error === "not-allowed") this.#refuse(true);
    failed?.();
  }

  #refuse(refused) {
    if (refused === this.#refused) return;
    this.#refused = refused;
    this.#changed();
  }

  /** End what is being spoken and what waits for it. */
  stop() {
    if (!this.busy) return;
    this.#out.clear();
    this.#synth.cancel();
  }

  /** As `stop`, where it cannot be heard: it has failed. */
  giveUp() {
    const lost = [...this.#out.values()];
    this.stop();
    for (const failed of lost) failed();
  }
}
