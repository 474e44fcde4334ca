/**
 * The link to the bridge (docs/stream.md): connects, pings, notices silence, comes back. No DOM, no sound.
 *
 * Nothing in here waits by itself: whoever owns it calls `tick` about once a second. So a throttled tab, a
 * laptop that slept and a test all go the same way.
 *
 * Link: connecting → up → reconnecting → up, and from any but `connecting` to `lost` once SILENCE has passed without
 * a frame (GRACE after the machine slept), from `connecting` after PATIENCE. An open connection that is silent for as long is taken for dead.
 */

export const PING_EVERY = 1.5;
export const SILENCE = 4; // With a tick twice a second a loss is known within 5 s.
const GRACE = 10; // A machine that wakes has its network back only after some seconds; that is not the bridge's silence.
const PATIENCE = 15; // A first connection, and every attempt at one, may take longer over a slow network.
const LONGEST_WAIT = 10;
const SOON = 60; // For so long after the last word a bridge that restarts is not missed by more than SHORT_WAIT.
const SHORT_WAIT = 2;
const RESTARTING = 1012; // The close code of a bridge that says it will be back.
const NUMBER = 4; // Bytes of a packet's number, in front of its OSC.
const STEADY = 10; // A connection that lived this long was a good one: the next wait is short again.

export class Stream {
  #address;
  #on;
  #socket = null;
  #opened = 0;
  #heard = 0;
  #pinged = 0;
  #ticked = 0;
  #retryAt = Infinity;
  #failures = 0;
  #listening = { on: false, name: "", level: "everything", filter: null };
  #slept = false;
  #limit = SILENCE;
  #asked = 0;
  #trip = Infinity;
  /** Stays the same over a new connection, so that the bridge takes this page for no newcomer. */
  #page = Math.random().toString(36).slice(2);
  #link = "connecting";
  #why = "";
  #restarting = false;

  /**
   * @param {string} address ws: or wss: address of the stream
   * @param {{state: Function, play: Function, link: Function, packet: Function, clock: Function}} on `state(frame)`,
   *   `play(frame)`, `link(link, why, restarting)`, `packet(number, bytes)` with OSC, `clock(offset)` in seconds
   */
  constructor(address, on) {
    this.#address = address;
    this.#on = on;
  }

  get link() {
    return this.#link;
  }

  /** Connect. `now` is in seconds, as for `tick`. */
  start(now) {
    this.#heard = now;
    this.#ticked = now;
    this.#connect(now);
  }

  /** Say whether cues are heard here, and which (`filter` as in docs/stream.md); said again on every new connection. */
  listening(on, name, level, filter = null) {
    this.#listening = { on, name, level, filter };
    this.#send(this.#intent());
  }

  #intent() {
    const slept = this.#slept;
    this.#slept = false;
    return { type: "listening", page: this.#page, ...this.#listening, ...(slept && { slept }) };
  }

  /** Ask for everything that sounds, as OSC. */
  whole() {
    this.#send({ type: "whole" });
  }

  /** Answer a `play`: status is `played`, `muted` or `failed`. */
  ack(id, status) {
    this.#send({ type: "ack", id, status });
  }

  tick(now) {
    if (now - this.#ticked > SILENCE) this.#woke(now);
    this.#ticked = now;
    if (now - this.#heard >= (this.#link === "connecting" ? PATIENCE : this.#limit)) this.#silent(now);
    if (now >= this.#retryAt) this.#connect(now);
    if (now - this.#pinged < PING_EVERY) return;
    this.#pinged = now;
    this.#asked = Date.now();
    this.#send({ type: "ping" });
  }

  /** Do not wait for the back-off: something says that a connection could work now. */
  hurry(now) {
    if (this.#retryAt !== Infinity) this.#connect(now);
  }

  /** Connect anew: who this browser is has changed. */
  again(now) {
    this.#failures = 0;
    this.#drop();
    this.#connect(now);
  }

  /** The machine slept. What stands in the old connection is stale, and the silence was not the bridge's. */
  #woke(now) {
    this.#heard = now;
    this.#slept = true;
    this.#limit = GRACE;
    this.#drop();
    this.#connect(now);
  }

  #silent(now) {
    if (this.#socket && (this.#link === "up" || now - this.#opened >= PATIENCE)) this.#fail(now);
    this.#become("lost");
  }

  #connect(now) {
    this.#retryAt = Infinity;
    this.#opened = now;
    const socket = new WebSocket(this.#address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#trip = Infinity;
    socket.onopen = () => socket === this.#socket && this.#send(this.#intent());
    socket.onmessage = ({ data }) => socket === this.#socket && this.#frame(data);
    socket.onclose = ({ reason, code }) => {
      if (socket !== this.#socket) return;
      if (code === RESTARTING) this.#restarting = true;
      if (reason) this.#why = reason;
      this.#fail(this.#ticked);
    };
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #fail(now) {
    this.#drop();
    if (now - this.#opened >= STEADY && this.#link === "up") this.#failures = 0;
    const longest = now - this.#heard < SOON ? SHORT_WAIT : LONGEST_WAIT;
    const wait = Math.min(longest, 0.5 * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAt = now + wait * (0.75 + 0.5 * Math.random());
    if (this.#link === "up") this.#become("reconnecting");
  }

  #frame(data) {
    if (typeof data === "string") this.#words(data);
    else if (data.byteLength > NUMBER) {
      this.#heard = this.#ticked;
      this.#on.packet(new DataView(data).getUint32(0), new Uint8Array(data, NUMBER));
    }
  }

  /** The answer that was quickest on its way tells the bridge's clock best. */
  #clock(now) {
    const trip = Date.now() - this.#asked;
    if (!Number.isFinite(now) || trip > this.#trip) return;
    this.#trip = trip;
    this.#on.clock(now - (Date.now() - trip / 2) / 1000);
  }

  #words(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return; // What cannot be read is no sign of life either.
    }
    this.#heard = this.#ticked;
    if (frame.type === "state") {
      this.#why = "";
      this.#restarting = false;
      this.#limit = SILENCE;
      this.#become("up");
      this.#on.state(frame);
    } else if (frame.type === "play") this.#on.play(frame);
    else if (frame.type === "pong") this.#clock(frame.now);
    else if (frame.type === "bye") this.#why = String(frame.why ?? "");
  }

  #become(link) {
    if (link === this.#link) return;
    this.#link = link;
    this.#on.link(link, this.#why, this.#restarting);
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}
