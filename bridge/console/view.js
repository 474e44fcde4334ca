/** The page itself: puts words into elements and tells what was pressed. Only textContent, never markup. */

import { AlertList } from "./alerts.js";
import { byId, element, keepFocus, put, show } from "./dom.js";
import { clock, texts } from "./texts.js";
import { total } from "./firing.js";
import { VoiceList } from "./voices.js";
import { WatchCard } from "./watch.js";
import { showWho } from "./who.js";

const LINK = {
  connecting: texts.connecting,
  up: texts.connected,
  reconnecting: texts.reconnecting,
  lost: texts.lost,
};

const LAYERS = ["cues", "bed"];

/** A row of the facts that is there only while it says something. */
function fact(id, text) {
  put(byId(id), text ?? "");
  byId(id).parentElement.hidden = text === null;
}

function bedWords({ level, chord }) {
  if (chord > 0) return texts.bedChord(chord);
  return level < 1 ? texts.bedSunk : null;
}

export class View {
  #alerts = null;
  #voices = null;
  #watch = new WatchCard();
  #state = null;
  #solo = { service: null, voice: null };

  constructor() {
    for (const node of document.querySelectorAll("[data-text]")) node.textContent = texts[node.dataset.text];
  }

  /**
   * What a person does: `on.listen()`, `on.quiet()`, `on.sayHow()`, `on.takeOver()`, `on.stop()`, `on.volume(0..1)`, `on.layer(word, 0..1)`, `on.level(word)`, `on.name(text)`, `on.fire(severity)`,
   * `on.severities(the least one)`, `on.solo(service or null)`, `on.acknowledgeAll()`, and as of AlertList and VoiceList, `on.flatline(its acknowledgement or null)`, `on.watch(on)`.
   */
  wire(on) {
    this.#alerts = new AlertList(byId("alerts"), byId("more"), byId("unfold"), on);
    this.#voices = new VoiceList(on);
    byId("solo-end").addEventListener("click", () => on.solo(null));
    byId("severities").addEventListener("change", ({ target }) => on.severities(target.value));
    this.#watch.wire(on);
    byId("level").addEventListener("change", ({ target }) => on.level(target.value));
    byId("name").addEventListener("change", ({ target }) => on.name(target.value));
    byId("acknowledge-all").addEventListener("click", on.acknowledgeAll);
    byId("listen").addEventListener("click", on.listen);
    byId("volume").addEventListener("input", ({ target }) => on.volume(target.valueAsNumber / 100));
    byId("quiet-here").addEventListener("click", on.quiet);
    byId("say-how").addEventListener("click", on.sayHow);
    byId("alone-stop").addEventListener("click", on.stop);
    byId("take-over").addEventListener("click", on.takeOver);
    for (const layer of LAYERS) {
      byId(`volume-${layer}`).addEventListener("input", ({ target }) => on.layer(layer, target.valueAsNumber / 100));
    }
    byId("test").addEventListener("submit", (event) => {
      event.preventDefault();
      on.fire(byId("severity").value);
    });
  }

  volume(volume) {
    const percent = Math.round(volume * 100);
    byId("volume").value = String(percent);
    show("volume-shown", texts.percent(percent));
  }

  /** The volume of a layer, `cues` or `bed`. */
  layer(layer, level) {
    const percent = Math.round(level * 100);
    byId(`volume-${layer}`).value = String(percent);
    show(`volume-${layer}-shown`, texts.percent(percent));
  }

  /** Without scsynth there is no bed and no motif, and one volume is enough. */
  full(full) {
    byId("level-note").hidden = full;
    byId("who-reduced").hidden = full;
    for (const layer of LAYERS) byId(`volume-${layer}`).parentElement.hidden = !full;
  }

  /** The second control: `wanted` as of `listening`, `quiet` while it is pressed. */
  quiet(wanted, quiet, length) {
    show("quiet-here", quiet ? texts.quietEnd : texts.quietHere(length), !wanted);
  }

  /** Whether something sounds here alone, because a person wants to hear it. */
  alone(playing) {
    keepFocus(byId("listen"), () => (byId("alone").hidden = !playing));
    show("alone-words", texts.aloneNow);
  }

  /** Whether another tab of this browser sounds instead of this one. */
  elsewhere(elsewhere) {
    byId("take-over").hidden = !elsewhere;
  }

  /** What alone sounds here: `service` or `voice` (its id), the other is null; `name` is how it is called. */
  solo({ service, voice, name }) {
    this.#solo = { service, voice };
    show("solo-words", voice ? texts.soloNowVoice(name) : texts.soloNow(name));
    byId("solo").hidden = service === null && voice === null;
    if (this.#state) this.#lists(this.#state);
  }

  #lists(state) {
    this.#alerts.show(state.firing, this.#solo.service, state.now, state.total);
    this.#voices.show(state.voices, state.bed.voices, this.#solo.voice, state.now);
  }

  /** What was remembered: the listening level, the least severity and the person's name. */
  settings(level, severities, name) {
    byId("level").value = level;
    byId("severities").value = severities;
    byId("name").value = name;
  }

  /** `wanted`: the person has pressed Listen and nothing stands in the way that another press would mend. */
  listening({ wanted, audible, note, problems }) {
    document.body.dataset.listening = audible ? "on" : "off";
    show("listen", wanted ? texts.stop : texts.listen);
    show("listen-note", note);
    this.#problems(problems);
  }

  #problems(problems) {
    const list = byId("problems");
    list.hidden = problems.length === 0;
    list.replaceChildren(
      ...problems.map((problem) => element("li", "", problem)),
    );
  }

  /** What fires, and what is known of the bridge. `now` is unix seconds of the bridge's clock. */
  state(state, pairs) {
    this.#state = { ...state, total: total(pairs) };
    this.#lists(this.#state);
    this.#watch.show(state.watch, state.now);
    this.#all(state.firing, this.#state.total);
    this.#summary(pairs, state.watch.flatline.length > 0);
    showWho(state.who);
    fact("storm", state.cadence.storm ? texts.stormShown(state.cadence.storm) : null);
    fact("quiet", state.cadence.quiet_hours ? texts.quietShown : null);
    fact("mutes", state.mutes.length ? texts.mutesShown(state.mutes, state.now) : null);
    fact("bed", bedWords(state.bed));
    show("hears", state.hears || texts.hearsUnknown);
    show("mqtt", texts.mqttState[state.mqtt] ?? texts.notKnown);
    byId("mqtt").dataset.good = String(state.mqtt !== "down");
  }

  /** Headline and title. With input missing, no alert does not mean that all is well. */
  #summary(pairs, flat) {
    if (pairs.length) this.#headline(texts.firing(pairs), pairs[0][0]);
    else this.#headline(flat ? texts.flatNothing : texts.nothing, flat ? "unknown" : "nothing");
    document.title = flat && !pairs.length ? texts.titleFlat : texts.title(pairs[0]);
  }

  /** One button for all, where that saves a press. */
  #all(firing, total) {
    const open = firing.filter((alert) => !alert.acknowledged).length;
    const all = total > firing.length ? texts.acknowledgeEverything : texts.acknowledgeAll(open);
    keepFocus(byId("headline"), () => show("acknowledge-all", all, open < 2));
  }

  /** The link's state; while it is not up, what is shown is said to be old. `seen` is unix seconds, or null. */
  link(link, why, seen, now) {
    document.body.dataset.link = link;
    show("link", LINK[link]);
    const reason = why ? ` ${texts.staleWhy(why)}` : "";
    show("stale", seen === null ? reason : texts.stale(clock(seen, now)) + reason, link !== "lost");
    this.#usable(link !== "lost");
    if (link === "lost") {
      show("hears", texts.hearsLost);
      document.title = texts.titleLost;
      this.#headline(texts.unknownLost, "unknown");
    } else if (seen === null) this.#headline(texts.unknown, "unknown");
  }

  /** Whether what a person on duty says could reach the bridge; why not stands above the list. */
  #usable(on) {
    this.#alerts?.usable(on);
    this.#voices?.usable(on);
    this.#watch.usable(on);
    byId("acknowledge-all").disabled = !on;
  }

  #headline(words, state) {
    show("headline", words);
    byId("headline").dataset.state = state;
  }

  /** Ages. `now` is unix seconds of the bridge's clock. */
  tick(now) {
    this.#alerts.tick(now);
    this.#watch.tick(now);
    const next = this.#state.cadence.next_reminder;
    fact("reminder", Number.isFinite(next) ? texts.reminderShown(next - now) : null);
  }

  sounding(fingerprint) {
    this.#alerts.sound(fingerprint);
  }

  answer(words) {
    show("test-answer", words);
  }

  /** What went wrong with an acknowledgement or the watch; empty once it went well. */
  refused(words) {
    show("act-answer", words);
  }
}
