/** Glue: the stream's frames to the player and to the view, the person's presses back. */

import { announcements, watchAnnouncements } from "./announce.js";
import { post } from "./ask.js";
import { Catalogue } from "./catalogue.js";
import { seconds } from "./clock.js";
import { Duty } from "./duty.js";
import { Ears } from "./ears.js";
import { numbers, readState } from "./firing.js";
import { Health } from "./health.js";
import { Learn } from "./learn.js";
import { Login } from "./login.js";
import { Reminder } from "./reminder.js";
import { Remote } from "./remote.js";
import { Rules } from "./rules.js";
import { Stage } from "./stage.js";
import { texts } from "./texts.js";
import { Timeline } from "./timeline.js";
import { View } from "./view.js";
import { Views } from "./views.js";
import { browserName, remembered, remember } from "./browser.js";

const TEST_LENGTH = "10s";
const TEST_WORDS = "10 s";
const GONE_AFTER = 6; // Seconds after the loss, which is known 4 s after the last word.
const RESTARTED_WITHIN = 26; // As that, for a bridge that said it restarts.
const GRACE_MS = 1500; // Shorter than the player waits before it calls a refusal a pause.
const QUIET = 600;
const QUIET_WORDS = "10 min";
const LEVELS = ["cues", "heartbeat", "everything"];
const NOTES = {
  off: texts.notListening,
  starting: texts.starting,
  paused: texts.paused,
  incomplete: texts.incomplete,
  silent: texts.silentVolume,
  on: texts.listening,
};

const view = new View();
const ears = new Ears({ changed: () => showListening(), whole: () => stream.whole() }, seconds);
const stream = new Remote({
  state: onState,
  play: onPlay,
  link: onLink,
  packet: (number, bytes) => ears.packet(number, bytes),
  clock: (offset) => ears.setClock(offset),
  tick: () => tick(seconds()),
});
const stage = new Stage({ ears, listen: () => pressListen(), now: seconds, changed: () => view.alone(stage.playing) });
const views = new Views({
  timeline: new Timeline(stage),
  sounds: new Catalogue(stage, () => ears.full),
  rules: new Rules(stage, () => ears.full),
  health: new Health(),
  learn: new Learn(stage),
});
const login = new Login(() => stream.again());
const lost = new Reminder(() => ears.player.local("linklost"));
const gone = new Reminder(() => ears.player.local("flatline"));
// Who presses: the name of the settings, or at least which browser it was.
const duty = new Duty(() => name.trim() || browserName(), (why) => view.refused(why));

let shown = null; // The last state, as firing.js reads it.
let offset = 0; // The bridge's clock minus this machine's, in seconds.
let freshLink = true;
let noAudio = "";
let playerWas = "off";
let level = LEVELS.find((word) => word === remembered("level")) ?? "everything"; // Until somebody chooses, all.
let name = remembered("name") ?? "";
let volume = 1;
let quietUntil = Number(remembered("quiet")) || 0; // Unix seconds of this machine's clock.
let quietWas = false;
let heard = null; // What the bridge was told last.

const bridgeNow = () => Date.now() / 1000 + offset;

function onState(frame) {
  const state = readState(frame);
  const before = freshLink ? null : shown;
  const said = announcements(before && before.firing, state.firing);
  said.push(...watchAnnouncements(before && before.watch, state.watch));
  for (const { words, now } of said) view.say(words, { now });
  freshLink = false;
  shown = state;
  offset = state.now - Date.now() / 1000;
  view.state(state, numbers(state));
  views.state(state);
  view.tick(bridgeNow());
}

async function onPlay(frame) {
  if (stage.playing && frame.severity === "critical") {
    stage.stop("critical");
    view.say(texts.aloneEnded("critical"), { now: true });
  }
  const status = await ears.player.play(frame);
  stream.ack(frame.id, status);
  if (status === "played") view.sounding(frame.fingerprint);
}

function onLink(link, why, restarting) {
  view.link(link, why, shown?.now ?? null, bridgeNow());
  if (link !== "reconnecting") ears.linked(link === "up");
  if (link === "up") {
    if (lost.running) view.say(texts.back);
    lost.stop();
    gone.stop();
  } else freshLink = true;
  showListening();
  if (link !== "lost") return;
  lost.start(seconds());
  // Where this device is offline nobody knows how the bridge is.
  if (navigator.onLine) gone.start(seconds(), restarting ? RESTARTED_WITHIN : GONE_AFTER);
  view.say(texts.lostSaid, { now: true });
}

function note(status) {
  if (noAudio) return texts.noAudio(noAudio);
  if (ears.elsewhere) return texts.elsewhere;
  if (status === "silent" && quietLeft() > 0) return texts.quietNow(quietLeft());
  return status === "on" && stream.link === "lost" ? texts.listeningNoLink : NOTES[status];
}

function showListening() {
  const { status, audible, missing } = ears.player;
  const problems = status !== "off" && missing.length ? [texts.soundsMissing(missing)] : [];
  if (ears.reduced) problems.push(texts.reduced(ears.reduced));
  const wanted = status !== "off" && status !== "paused";
  view.full(ears.full);
  view.quiet(status !== "off", quietLeft() > 0, QUIET_WORDS);
  view.elsewhere(ears.elsewhere);
  view.listening({ wanted, audible, note: note(status), problems });
  if (status === "paused" && playerWas !== "paused") view.say(texts.paused, { now: true });
  playerWas = status;
  if (heard === audible) return;
  heard = audible;
  tellListening();
}

function tellListening() {
  stream.listening(ears.player.audible, browserName(), level);
}

function setLevel(wanted) {
  level = wanted;
  remember("level", level);
  tellListening();
}

async function pressListen(over = false) {
  const { status } = ears.player;
  const wanted = over || status === "off" || status === "paused";
  remember("listen", wanted ? "yes" : "no");
  noAudio = "";
  try {
    if (wanted) await ears.listen(over);
    else ears.stop();
  } catch (error) {
    noAudio = error.message;
  }
  showListening();
}

function setVolume(wanted) {
  volume = wanted;
  remember("volume", String(volume));
  bringVolume();
  view.volume(volume);
}

/** Seconds for which this device shall still be quiet. A clock that was set back makes it no longer than it was. */
function quietLeft() {
  const left = quietUntil - Date.now() / 1000;
  return left > QUIET ? 0 : Math.max(0, left);
}

function bringVolume() {
  quietWas = quietLeft() > 0;
  ears.setVolume(quietWas ? 0 : volume);
}

/** Nothing sounds here for a while; the bridge knows that nobody hears here, and tells what stands when it is over. */
function pressQuiet() {
  quietUntil = quietLeft() > 0 ? 0 : Date.now() / 1000 + QUIET;
  remember("quiet", String(quietUntil));
  bringVolume();
  showListening();
}

function setLayer(layer, level) {
  remember(layer, String(level));
  ears.setLayer(layer, level);
  view.layer(layer, level);
}

function setName(wanted) {
  name = wanted;
  remember("name", name);
}

async function fire(severity) {
  view.answer(texts.testSending);
  try {
    const { suppressed } = await post("/api/v1/fire", { severity, for: TEST_LENGTH });
    if (suppressed) view.answer(texts.testSuppressed(suppressed, TEST_WORDS));
    else view.answer(ears.player.audible ? texts.testSent(TEST_WORDS) : texts.testSentSilent(TEST_WORDS));
  } catch (error) {
    view.answer(texts.testFailed(error.message));
  }
}

function tick(now) {
  login.tick(now, stream.link);
  ears.player.tick(now);
  stage.tick();
  views.tick();
  if (quietWas !== quietLeft() > 0) bringVolume();
  if (quietWas) showListening();
  lost.tick(now);
  gone.tick(now);
  if (shown && stream.link === "up") view.tick(bridgeNow());
}

/** A wall whose browser may play without a click listens again by itself after a restart; others wait. */
function listenAgain() {
  if (remembered("listen") !== "yes") return;
  ears.listen().catch(() => ears.stop());
  setTimeout(() => ears.elsewhere || ears.player.running || ears.stop(), GRACE_MS);
}

function begin() {
  const kept = (key) => {
    const level = Number.parseFloat(remembered(key) ?? "1");
    return Number.isFinite(level) ? level : 1;
  };
  setVolume(kept("volume"));
  for (const layer of ["cues", "bed"]) setLayer(layer, kept(layer));
  view.settings(level, name);
  view.wire({
    listen: () => pressListen(),
    quiet: pressQuiet,
    takeOver: () => pressListen(true),
    stop: () => stage.stop(),
    layer: setLayer,
    volume: setVolume,
    level: setLevel,
    name: setName,
    fire,
    acknowledge: (alert) => duty.acknowledge(alert.fingerprint, alert.acknowledged),
    acknowledgeAll: () => duty.acknowledgeAll(),
    flatline: (already) => duty.acknowledge("flatline", already),
    watch: (on) => duty.watch(on),
  });
  onLink("connecting", "");
  showListening();
  views.begin();
  stream.start();
  login.ask(seconds());
  listenAgain();
  addEventListener("offline", () => gone.stop());
  addEventListener("online", () => {
    stream.hurry();
    if (lost.running && !gone.running) gone.start(seconds(), GONE_AFTER);
  });
}

begin();
