/** The link as the page has it: the worker of link.js, spoken to by messages. */

export class Remote {
  #worker;
  #link = "connecting";

  /**
   * @param {Object<string, Function>} on as of Stream in stream.js, and `tick()` about twice a second, also in a
   *   hidden tab
   */
  constructor(on) {
    this.#worker = new Worker("/console/link.js", { type: "module" });
    this.#worker.onmessage = ({ data: [what, ...values] }) => {
      if (what === "link") [this.#link] = values;
      on[what](...values);
    };
  }

  get link() {
    return this.#link;
  }

  start() {
    this.#tell("start");
  }

  /** Connect anew: who this browser is has changed. */
  again() {
    this.#tell("again");
  }

  /** Do not wait for the back-off. */
  hurry() {
    this.#tell("hurry");
  }

  /** Say whether cues are heard here, under which name, and which: a level, and a filter or null. */
  listening(on, name, level, filter = null) {
    this.#tell("listening", on, name, level, filter);
  }

  ack(id, status) {
    this.#tell("ack", id, status);
  }

  /** Ask for everything that sounds. */
  whole() {
    this.#tell("whole");
  }

  #tell(...command) {
    this.#worker.postMessage(command);
  }
}
