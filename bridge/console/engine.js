/**
 * scsynth in this page, as WebAssembly. Everything that knows the library is in here; it is under active change.
 *
 * What is built, in this order: group of the cues, group of the bed, a fader for each, reverb, master. The bridge's
 * messages (docs/stream.md) fill the groups.
 */

const BOOT_WITHIN_MS = 8000; // Without a gesture or a device the library waits for ever.
const CUES = 1;
const BED = 2;
const NODES = { cues: 2000001, bed: 2000002, reverb: 2000003, master: 2000004 };
const BUSES = { cues: { in: 20, send: 24 }, bed: { in: 22, send: 26 }, own: { in: 28, send: 30 } };
const LIVE = { group: CUES, buses: BUSES.cues };
const UNIX_IN_NTP = 2208988800;
const FIRST_OWN = 3000000; // The bridge's nodes have smaller numbers.
const OPTIONS = {
  mode: "postMessage",
  workerBaseURL: "/engine/workers/",
  coreBaseURL: "/engine/core/",
  wasmBaseURL: "/engine/core/wasm/",
  autoConnect: false,
  scsynthOptions: { maxNodes: 1024, realTimeMemorySize: 12288 },
};
const SYNTHDEFS = [
  ...["critical", "warning", "info", "resolved", "storm", "flapping", "flatline", "linklost", "digest", "heartbeat"],
  ...["cpu", "memory", "network", "disk", "temperature", "metric", "ambient", "fader", "reverb", "master"],
];

/** Why there can be no scsynth in this browser: a key of the texts, or null where there can. */
export function impossible() {
  if (!globalThis.isSecureContext) return "reducedInsecure";
  return globalThis.AudioWorkletNode && globalThis.WebAssembly ? null : "reducedOld";
}

const flat = (params) => Object.entries(params).flatMap(([name, value]) => [name, value]);

/** A synthdef's bytes. The library would ask for each twice, and not before it runs. */
async function fetched(name) {
  const answer = await fetch(`/synthdefs/${name}.scsyndef`);
  if (!answer.ok) throw new Error(`the sound ${name} did not load (${answer.status})`);
  return answer.arrayBuffer();
}

const within = (promise, ms, words) =>
  Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error(words)), ms))]);

export class Engine {
  #sonic = null;
  #osc = null;
  #own = FIRST_OWN;
  #offset = 0;
  #begun;

  /** `begun(node)`: scsynth says that this node has begun to sound. */
  constructor(begun) {
    this.#begun = begun;
  }

  get context() {
    return this.#sonic?.audioContext ?? null;
  }

  get node() {
    return this.#sonic.node;
  }

  /** Load and build everything; `levels` are those of the faders. Throws why it cannot. */
  async boot(context, levels) {
    const synthdefs = Promise.all(SYNTHDEFS.map(fetched)); // While the engine is compiled, which takes longer.
    synthdefs.catch(() => {}); // Where the engine fails first, that is what is told.
    const { SuperSonic } = await import("/engine/supersonic.js");
    const sonic = new SuperSonic({ ...OPTIONS, audioContext: context });
    this.#sonic = sonic;
    this.#osc = SuperSonic.osc;
    sonic.on("in", ([address, node]) => address === "/n_go" && this.#begun(node));
    await within(sonic.init(), BOOT_WITHIN_MS, "the sound engine did not start");
    await Promise.all((await synthdefs).map((bytes) => sonic.loadSynthDef(bytes)));
    sonic.send("/notify", 1);
    this.#build(levels);
    await within(sonic.sync(), BOOT_WITHIN_MS, "the sound engine does not answer");
  }

  #build(levels) {
    const sonic = this.#sonic;
    sonic.send("/g_new", CUES, 0, 0);
    sonic.send("/g_new", BED, 3, CUES);
    for (const layer of ["cues", "bed"]) {
      sonic.send("/s_new", "fader", NODES[layer], 1, 0, ...flat({ ...BUSES[layer], level: levels[layer] }));
    }
    sonic.send("/s_new", "reverb", NODES.reverb, 1, 0);
    sonic.send("/s_new", "master", NODES.master, 1, 0);
  }

  /** A layer's level, 0 to 1; `layer` is `cues` or `bed`. */
  level(layer, value) {
    this.#sonic?.send("/n_set", NODES[layer], "level", value);
  }

  /** One packet of the bridge as it came. */
  packet(bytes) {
    this.#sonic.sendOSC(bytes);
  }

  /** How far the bridge's clock is ahead of this machine's, in seconds. */
  clock(offset) {
    this.#offset = offset;
    this.#sonic?.setClockOffset(offset);
  }

  /** A place for sounds of this page's own: `{group, fader, buses}`. */
  open() {
    const place = { group: this.#number(), fader: this.#number(), buses: BUSES.own };
    this.#sonic.send("/g_new", place.group, 0, 0);
    this.#sonic.send("/s_new", "fader", place.fader, 3, place.group, ...flat({ ...place.buses, level: 1 }));
    return place;
  }

  /** Fade it out, and free it `after` so many seconds. */
  close({ group, fader }, after) {
    this.#sonic?.send("/n_set", fader, "level", 0);
    this.#send(after, "/n_free", group, fader);
  }

  /** Begin a sound of this page's own, `after` so many seconds: the node's number. */
  begin(sound, params, { group, buses } = LIVE, after = 0) {
    const node = this.#number();
    this.#send(after, "/s_new", sound, node, 0, group, ...flat({ out: buses.in, fx: buses.send, ...params }));
    return node;
  }

  change(node, params, after = 0) {
    this.#send(after, "/n_set", node, ...flat(params));
  }

  #number() {
    this.#own += 1;
    return this.#own;
  }

  #send(after, address, ...values) {
    if (after <= 0) this.#sonic?.send(address, ...values);
    else this.#sonic?.sendOSC(this.#osc.encodeSingleBundle(this.#ntp() + after, address, values));
  }

  /** Seconds of the bridge's clock, which timed packets are on, from 1900. */
  #ntp() {
    return Date.now() / 1000 + this.#offset + UNIX_IN_NTP;
  }

  /** The voices fade out: nobody vouches for them any more. */
  fadeBed() {
    this.#sonic?.send("/n_set", BED, "gate", 0);
  }

  /** What stood in the queue while the machine slept shall not sound now. */
  clearCues() {
    this.#sonic.send("/g_freeAll", CUES);
  }

  async end() {
    const sonic = this.#sonic;
    this.#sonic = null;
    await sonic?.destroy();
  }
}
