/** Glue: the stream's frames to the player and to the view, the person's presses back. */

import { announcements, watchAnnouncements } from "./announce.js";
import { everyTick, seconds } from "./clock.js";
import { Duty, post } from "./duty.js";
import { numbers, readState } from "./firing.js";
import { Login } from "./login.js";
import { Player } from "./player.js";
import { Reminder } from "./reminder.js";
import { Stream } from "./stream.js";
import { texts } from "./texts.js";
import { View } from "./view.js";
import { browserName, remembered, remember } from "./browser.js";

const TEST_LENGTH = "10s";
const TEST_WORDS = "10 s";
const GRACE_MS = 1500; // Shorter than the player waits before it calls a refusal a pause.
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
const player = new Player(() => showListening(), seconds);
const stream = new Stream(streamAddress(), { state: onState, play: onPlay, link: onLink });
const login = new Login(() => stream.again(seconds()));
const lost = new Reminder(() => player.linkLost());
// Who presses: the name of the settings, or at least which browser it was.
const duty = new Duty(() => name.trim() || browserName(), (why) => view.refused(why));

let shown = null; // The last state, as firing.js reads it.
let offset = 0; // The bridge's clock minus this machine's, in seconds.
let freshLink = true;
let noAudio = "";
let playerWas = "off";
let level = LEVELS.find((word) => word === remembered("level")) ?? "everything"; // Until somebody chooses, all.
let name = remembered("name") ?? "";
let heard = null; // What the bridge was told last.

const bridgeNow = () => Date.now() / 1000 + offset;

function streamAddress() {
  const address = new URL("/api/v1/stream?player=reduced", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

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
  view.tick(bridgeNow());
}

function onPlay(frame) {
  const status = player.play(frame);
  stream.ack(frame.id, status);
  if (status === "played") view.sounding(frame.fingerprint);
}

function onLink(link, why) {
  view.link(link, why, shown?.now ?? null, bridgeNow());
  if (link === "up") {
    if (lost.running) view.say(texts.back);
    lost.stop();
  } else freshLink = true;
  showListening();
  if (link !== "lost") return;
  lost.start(seconds());
  view.say(texts.lostSaid, { now: true });
}

function note(status) {
  if (noAudio) return texts.noAudio(noAudio);
  return status === "on" && stream.link === "lost" ? texts.listeningNoLink : NOTES[status];
}

function showListening() {
  const { status, audible, missing } = player;
  const problems = status !== "off" && missing.length ? [texts.soundsMissing(missing)] : [];
  const wanted = status !== "off" && status !== "paused";
  view.listening({ wanted, audible, note: note(status), problems });
  if (status === "paused" && playerWas !== "paused") view.say(texts.paused, { now: true });
  playerWas = status;
  if (heard === audible) return;
  heard = audible;
  tellListening();
}

function tellListening() {
  stream.listening(player.audible, browserName(), level);
}

function setLevel(wanted) {
  level = wanted;
  remember("level", level);
  tellListening();
}

async function pressListen() {
  const wanted = player.status === "off" || player.status === "paused";
  remember("listen", wanted ? "yes" : "no");
  noAudio = "";
  try {
    if (wanted) await player.listen();
    else player.stop();
  } catch (error) {
    noAudio = error.message;
  }
  showListening();
}

function setVolume(volume) {
  remember("volume", String(volume));
  player.setVolume(volume);
  view.volume(volume);
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
    else view.answer(player.audible ? texts.testSent(TEST_WORDS) : texts.testSentSilent(TEST_WORDS));
  } catch (error) {
    view.answer(texts.testFailed(error.message));
  }
}

function tick(now) {
  stream.tick(now);
  login.tick(now, stream.link);
  player.tick(now);
  lost.tick(now);
  if (shown && stream.link === "up") view.tick(bridgeNow());
}

/** A wall whose browser may play without a click listens again by itself after a restart; others wait. */
function listenAgain() {
  if (remembered("listen") !== "yes") return;
  player.listen().catch(() => player.stop());
  setTimeout(() => player.running || player.stop(), GRACE_MS);
}

function begin() {
  const volume = Number.parseFloat(remembered("volume") ?? "1");
  setVolume(Number.isFinite(volume) ? volume : 1);
  view.settings(level, name);
  view.wire({
    listen: pressListen,
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
  stream.start(seconds());
  login.ask(seconds());
  listenAgain();
  everyTick(tick);
  addEventListener("online", () => stream.hurry(seconds()));
}

begin();
