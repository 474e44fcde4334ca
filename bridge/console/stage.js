/**
 * What sounds in this page alone, because a person here wants to hear it: one thing at a time. No DOM.
 *
 * While it sounds the live bed is silent, so that nobody takes one for the other; live cues sound as ever, and a critical
 * ends it. What stands in the future is handed to the player a little ahead, so that its onsets need no timer.
 */

const AHEAD = 1.5; // Seconds; the ticks come twice a second, also in a hidden tab.
const LEAD = 0.1; // Seconds from the press to the first sound, so that all of it can be on time.

export class Stage {
  #ears;
  #listen;
  #now;
  #changed;
  #booth = null;
  #run = null;

  /**
   * @param {{ears: import("./ears.js").Ears, listen: Function, now: Function, changed: Function}} wiring `listen()` gets
   *   the player going for this alone; `now()` is in seconds and never goes back; `changed()` when `playing` is another
   */
  constructor({ ears, listen, now, changed }) {
    this.#ears = ears;
    this.#listen = listen;
    this.#now = now;
    this.#changed = changed;
  }

  /** Whether anything of this page's own sounds. */
  get playing() {
    return this.#booth !== null;
  }

  /** Where the performance is, in seconds of it: `{at, length}`; null where there is none. */
  get position() {
    if (!this.#run) return null;
    const { began, length } = this.#run;
    return { at: Math.min(length, Math.max(0, this.#now() - began)), length };
  }

  /** Get the sound going. Call it in the press itself, before anything is awaited: "", or why nothing can sound. */
  async ready() {
    if (this.#ears.player.status === "off" && !this.#ears.elsewhere) {
      const why = await this.#listen();
      if (why) return why;
    }
    if (this.#ears.player.status === "starting") await this.#ears.started();
    return this.#why();
  }

  /** "" where something can sound, else `elsewhere`, `silent` or `failed`. */
  #why() {
    const { status } = this.#ears.player;
    if (status === "on") return "";
    if (this.#ears.elsewhere) return "elsewhere";
    return status === "silent" ? "silent" : "failed";
  }

  /**
   * Play a performance as of /api/v1/replay, and end what played before.
   *
   * @param {{length: number, commands: object[], captions: {at: number, text: string}[]}} performance
   * @param {Function} [caption] called with each caption's text when it is due
   * @returns {Promise<string>} how it ended: `ended`, `stopped`, `critical`, or as `ready()` why it could not begin
   */
  perform({ length, commands, captions = [] }, caption = () => {}) {
    const why = this.#open();
    if (why) return Promise.resolve(why);
    return new Promise((told) => {
      this.#run = { began: this.#now() + LEAD, length, told, caption, commands: [...commands], captions: [...captions] };
      this.tick();
    });
  }

  /**
   * Sound one thing, and end what played before.
   *
   * @returns {{why: string, change: Function, end: Function}} `why` as of `ready()`; `change(params)` moves a held
   *   voice, `end()` lets it go
   */
  preview({ id, kind, params }) {
    const why = this.#open();
    const booth = this.#booth;
    const carry = (what, values) => booth && booth === this.#booth && booth.carry({ do: what, id, sound: id, params: values });
    if (!why) carry(kind === "cue" ? "play" : "set", params);
    return { why, change: (values) => carry("set", values), end: () => booth === this.#booth && this.stop() };
  }

  #open() {
    this.#end("stopped");
    const why = this.#why();
    if (why) {
      this.#changed();
      return why;
    }
    this.#booth = this.#ears.player.booth();
    this.#ears.alone(true);
    this.#changed();
    return "";
  }

  /** End it; `why` as `perform` tells it. */
  stop(why = "stopped") {
    this.#end(why);
    this.#changed();
  }

  #end(why) {
    const run = this.#run;
    this.#run = null;
    if (this.#booth) {
      this.#booth.close();
      this.#booth = null;
      this.#ears.alone(false);
    }
    run?.told(why);
  }

  /** Call it about twice a second. */
  tick() {
    if (this.#booth && this.#why()) this.stop(this.#why());
    const run = this.#run;
    if (!run) return;
    const at = this.#now() - run.began;
    while (run.commands.length && run.commands[0].at <= at + AHEAD) {
      const command = run.commands.shift();
      this.#booth.carry(command, Math.max(0, command.at - at));
    }
    while (run.captions.length && run.captions[0].at <= at) run.caption(run.captions.shift().text);
    if (at >= run.length) this.stop("ended");
  }
}
