/** The wall: what fires, to be read across a room; it listens by itself, and its controls come with a key or a touch. */

import { get } from "./ask.js";
import { Awake } from "./awake.js";
import { browserName, remembered } from "./browser.js";
import { seconds } from "./clock.js";
import { Crier } from "./crier.js";
import { byId, put, show } from "./dom.js";
import { Duty } from "./duty.js";
import { numbers } from "./firing.js";
import { Listener } from "./listener.js";
import { clock, texts } from "./texts.js";
import { fit, showRows } from "./wallrows.js";

const BAR_FOR = 10; // Seconds after the last input.
const BAR_FOCUSED = 30; // As that, while the focus is in the bar: who listens to a screen reader is slower.
const ASK_EVERY = 5;
const QUIET_WORDS = "10 min";
const LINK = { connecting: texts.connecting, up: texts.connected, reconnecting: texts.reconnecting, lost: texts.lost };

const asked = new URLSearchParams(location.search).get("show")?.split(",") ?? [];
const shows = { name: asked.includes("name"), summary: asked.includes("summary") };
const crier = new Crier(seconds);
const listener = new Listener({ state: onState, link: onLink, changed: showListening, tick });
const duty = new Duty(() => remembered("name")?.trim() || browserName(), (why) => show("act-answer", why));
const awake = new Awake((words) => show("awake", words, !words));

let shown = null;
let touched = -Infinity;
let askedAt = -Infinity;

function onState(state) {
  crier.state(state);
  shown = state;
  const pairs = numbers(state);
  const flat = state.watch.flatline.length > 0;
  headline(pairs.length ? texts.firing(pairs) : flat ? texts.flatNothing : texts.nothing, pairs[0]?.[0] ?? (flat ? "unknown" : "nothing"));
  byId("flat").hidden = !flat;
  const open = state.firing.filter(({ acknowledged }) => !acknowledged).length;
  show("acknowledge-all", texts.acknowledgeAll(open), open === 0);
  draw();
}

function headline(words, state) {
  show("headline", words.replaceAll(/(\d) /g, "$1\u00a0")); // A number stays with its word.
  byId("headline").dataset.state = state;
}

/** What moves with the clock and with the size of the screen. */
function draw() {
  if (!shown) return;
  const now = listener.now();
  put(byId("flat-words"), texts.flat(shown.watch.flatline, now));
  showRows(byId("rows"), shown.firing, now, shows);
  show("updated", texts.wallUpdated(clock(shown.now, now)));
  layOut();
}

/** As many rows as fit whole; what counts the others needs room too. */
function layOut() {
  if (!shown) return;
  const total = numbers(shown).reduce((sum, [, n]) => sum + n, 0);
  byId("more").hidden = true;
  if (fit(byId("rows")) === total) return;
  show("more", texts.more(total));
  show("more", texts.more(total - fit(byId("rows"))));
}

function onLink(link, why, wasLost) {
  document.body.dataset.link = link;
  show("link", LINK[link]);
  const since = shown ? texts.stale(clock(shown.now, listener.now())) : texts.lostSaid;
  show("stale", why ? `${since} ${texts.staleWhy(why)}` : since, link !== "lost");
  byId("acknowledge-all").disabled = link === "lost";
  if (link !== "up") crier.afresh();
  else if (wasLost) crier.say(texts.back);
  if (link === "up") byId("way-in").hidden = true;
  if (link === "lost") {
    crier.say(texts.lostSaid, { now: true });
    headline(texts.unknownLost, "unknown");
  } else if (!shown) headline(texts.unknown, "unknown");
  layOut();
}

function showListening() {
  const { status, wanted, audible, note } = listener.describe();
  document.body.dataset.listening = audible ? "on" : "off";
  show("listen-note", status === "off" || status === "paused" ? texts.wallSilent : note);
  byId("listen").hidden = wanted;
  byId("take-over").hidden = !listener.ears.elsewhere;
  show("quiet-here", listener.quietLeft() > 0 ? texts.quietEnd : texts.quietHere(QUIET_WORDS), !wanted);
}

/** A key, a click or a touch: the controls are there, and where the sound waited for one it begins. */
function onInput({ type, target }) {
  touched = seconds();
  byId("bar").hidden = false;
  layOut();
  // A touch that has only begun does not yet let a browser sound.
  if (type === "pointerdown" || target.id === "listen") return;
  if (listener.ears.elsewhere) return;
  if (!listener.describe().wanted) listener.press();
  else if (!listener.ears.player.running) listener.ears.listen().catch(() => listener.ears.stop()); // Still trying.
}

/** The focus came into the bar, or something in it was moved, also where no key told of it. */
function onUse() {
  touched = seconds();
}

function hideBar(now) {
  const stays = byId("bar").contains(document.activeElement) ? BAR_FOCUSED : BAR_FOR;
  if (now - touched >= stays) byId("bar").hidden = true;
}

async function askWhetherItMayRead(now) {
  if (now - askedAt < ASK_EVERY) return;
  askedAt = now;
  const { may } = await get("/api/v1/session").catch(() => ({}));
  if (Array.isArray(may)) byId("way-in").hidden = may.includes("read");
}

function tick(now) {
  crier.tick();
  awake.tick(now);
  hideBar(now);
  if (listener.stream.link === "up") return draw();
  askWhetherItMayRead(now);
  layOut();
}

function begin() {
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = texts[node.dataset.text];
  byId("volume").value = String(Math.round(listener.volume * 100));
  byId("volume").addEventListener("input", ({ target }) => listener.setVolume(target.valueAsNumber / 100));
  byId("listen").addEventListener("click", () => listener.press());
  byId("take-over").addEventListener("click", () => listener.press(true));
  byId("quiet-here").addEventListener("click", () => listener.pressQuiet());
  byId("acknowledge-all").addEventListener("click", () => duty.acknowledgeAll());
  for (const what of ["keydown", "pointerdown", "pointerup", "click"]) addEventListener(what, onInput);
  for (const what of ["focusin", "input"]) byId("bar").addEventListener(what, onUse);
  addEventListener("resize", layOut);
  listener.begin(true);
  awake.begin();
}

begin();
