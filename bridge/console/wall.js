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
import { showRows } from "./wallrows.js";

const BAR_FOR = 10; // Seconds after the last input.
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
  show("headline", words);
  byId("headline").dataset.state = state;
}

/** What moves with the clock and with the size of the screen. */
function draw() {
  if (!shown) return;
  const now = listener.now();
  const total = numbers(shown).reduce((sum, [, n]) => sum + n, 0);
  put(byId("flat-words"), texts.flat(shown.watch.flatline, now));
  const left = total - showRows(byId("rows"), shown.firing, now, shows);
  show("more", texts.more(left), left <= 0);
  show("updated", texts.wallUpdated(clock(shown.now, now)));
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
function onInput({ target }) {
  touched = seconds();
  byId("bar").hidden = false;
  draw();
  const { wanted } = listener.describe();
  if (!wanted && !listener.ears.elsewhere && target.id !== "listen") listener.press();
}

function onFocus() {
  touched = seconds();
}

async function askWhetherItMayRead(now) {
  if (now - askedAt < ASK_EVERY) return;
  askedAt = now;
  const { may } = await get("/api/v1/session").catch(() => ({}));
  if (Array.isArray(may)) byId("way-in").hidden = may.includes("read");
}

function tick(now) {
  crier.tick();
  if (listener.stream.link === "up") draw();
  else askWhetherItMayRead(now);
  if (now - touched >= BAR_FOR) byId("bar").hidden = true;
}

function begin() {
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = texts[node.dataset.text];
  byId("volume").value = String(Math.round(listener.volume * 100));
  byId("volume").addEventListener("input", ({ target }) => listener.setVolume(target.valueAsNumber / 100));
  byId("listen").addEventListener("click", () => listener.press());
  byId("take-over").addEventListener("click", () => listener.press(true));
  byId("quiet-here").addEventListener("click", () => listener.pressQuiet());
  byId("acknowledge-all").addEventListener("click", () => duty.acknowledgeAll());
  for (const what of ["keydown", "pointerdown"]) addEventListener(what, onInput);
  byId("bar").addEventListener("focusin", onFocus);
  addEventListener("resize", draw);
  listener.begin(true);
  awake.begin();
}

begin();
