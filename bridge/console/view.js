/** The page itself: puts words into elements and tells what was pressed. Only textContent, never markup. */

import { AlertList } from "./alerts.js";
import { clock, texts } from "./texts.js";

/** Seconds without a Watchdog after which silence proves nothing; the bridge's own limit. */
const WATCHDOG_LATE = 120;
const LINK = {
  connecting: texts.connecting,
  up: texts.connected,
  reconnecting: texts.reconnecting,
  lost: texts.lost,
};

const SAID_LINES = 5;

const byId = (id) => document.getElementById(id);

function put(id, text, hidden = false) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
  node.hidden = hidden;
}

export class View {
  #alerts = new AlertList(byId("alerts"), byId("more"));

  constructor() {
    for (const node of document.querySelectorAll("[data-text]")) node.textContent = texts[node.dataset.text];
  }

  /** `on.listen()`, `on.volume(0..1)`, `on.fire(severity)`: what a person does. */
  wire(on) {
    byId("listen").addEventListener("click", on.listen);
    byId("volume").addEventListener("input", ({ target }) => on.volume(target.valueAsNumber / 100));
    byId("test").addEventListener("submit", (event) => {
      event.preventDefault();
      on.fire(byId("severity").value);
    });
  }

  volume(volume) {
    const percent = Math.round(volume * 100);
    byId("volume").value = String(percent);
    put("volume-shown", texts.percent(percent));
  }

  /** `wanted`: the person has pressed Listen and nothing stands in the way that another press would mend. */
  listening({ wanted, audible, note, problems }) {
    document.body.dataset.listening = audible ? "on" : "off";
    put("listen", wanted ? texts.stop : texts.listen);
    put("listen-note", note);
    this.#problems(problems);
  }

  #problems(problems) {
    const list = byId("problems");
    list.hidden = problems.length === 0;
    list.replaceChildren(
      ...problems.map((problem) => {
        const item = document.createElement("li");
        item.textContent = problem;
        return item;
      }),
    );
  }

  /** What fires, and what is known of the bridge. `now` is unix seconds of the bridge's clock. */
  state(state, pairs) {
    const total = pairs.reduce((sum, [, n]) => sum + n, 0);
    this.#alerts.show(state.firing, state.now, total);
    this.#headline(pairs.length ? texts.firing(pairs) : texts.nothing, pairs.length ? pairs[0][0] : "nothing");
    put("hears", state.hears || texts.hearsUnknown);
    put("mqtt", texts.mqttState[state.mqtt] ?? texts.notKnown);
    byId("mqtt").dataset.good = String(state.mqtt !== "down");
    document.title = texts.title(pairs[0]);
  }

  /** The link's state; while it is not up, what is shown is said to be old. `seen` is unix seconds, or null. */
  link(link, why, seen, now) {
    document.body.dataset.link = link;
    put("link", LINK[link]);
    const reason = why ? ` ${texts.staleWhy(why)}` : "";
    put("stale", seen === null ? reason : texts.stale(clock(seen, now)) + reason, link !== "lost");
    if (link === "lost") {
      document.title = texts.titleLost;
      this.#headline(texts.unknownLost, "unknown");
    } else if (seen === null) this.#headline(texts.unknown, "unknown");
  }

  #headline(words, state) {
    put("headline", words);
    byId("headline").dataset.state = state;
  }

  /** Ages. `now` is unix seconds of the bridge's clock; `watchdog` as in the state. */
  tick(now, watchdog) {
    this.#alerts.tick(now);
    const heard = Number.isFinite(watchdog.last) ? Math.max(0, now - watchdog.last) : null;
    const late = heard !== null && (watchdog.late || heard > WATCHDOG_LATE);
    if (late) put("watchdog", texts.watchdogLate(heard));
    else put("watchdog", watchdog.armed ? texts.watchdogArmed(heard) : texts.watchdogOff);
    byId("watchdog").dataset.good = String(Boolean(watchdog.armed) && !late);
  }

  sounding(fingerprint) {
    this.#alerts.sound(fingerprint);
  }

  answer(words) {
    put("test-answer", words);
  }

  /** Tell a screen reader; `now` interrupts. Each time a new line, so that the same words are said again. */
  say(words, { now = false } = {}) {
    const region = byId(now ? "say-now" : "say");
    const line = document.createElement("p");
    line.textContent = words;
    region.append(line);
    while (region.children.length > SAID_LINES) region.firstElementChild.remove();
  }
}
