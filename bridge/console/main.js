/** Glue: the stream's frames to the player and to the view, the person's presses back. */

import { howItIs } from "./announce.js";
import { get, post } from "./ask.js";
import { Catalogue } from "./catalogue.js";
import { seconds } from "./clock.js";
import { Crier } from "./crier.js";
import { Duty } from "./duty.js";
import { Encore } from "./encore.js";
import { changes, numbers } from "./firing.js";
import { Health } from "./health.js";
import { Learn } from "./learn.js";
import { Listener } from "./listener.js";
import { Login } from "./login.js";
import { Meter } from "./meter.js";
import { Rules } from "./rules.js";
import { SpeechPanel } from "./speechpanel.js";
import { Stage } from "./stage.js";
import { texts } from "./texts.js";
import { Timeline } from "./timeline.js";
import { View } from "./view.js";
import { Views } from "./views.js";
import { browserName, remembered, remember } from "./browser.js";

const TEST_LENGTH = "10s";
const TEST_WORDS = "10 s";
const QUIET_WORDS = "10 min";

const view = new View();
const speechPanel = new SpeechPanel(() => showListening());
const crier = new Crier(seconds, speechPanel.speech);
const listener = new Listener({
  state: onState,
  play: onPlay,
  played: ({ fingerprint }) => view.sounding(fingerprint),
  link: onLink,
  changed: showListening,
  tick,
});
const { ears, stream } = listener;
const stage = new Stage({
  ears,
  listen: () => listener.open(),
  now: seconds,
  changed() {
    listener.use(stage.playing);
    view.alone(stage.playing);
  },
});
const views = new Views({
  timeline: new Timeline(stage),
  sounds: new Catalogue(stage, () => ears.full),
  rules: new Rules(stage, () => ears.full),
  health: new Health(),
  learn: new Learn(stage),
});
const meter = new Meter(() => ears.player.meter);
const encore = new Encore(stage, (why) => view.refused(why));
const login = new Login(() => stream.again());
// Who presses: the name of the settings, or at least which browser it was.
const duty = new Duty(() => name.trim() || browserName(), (why) => view.refused(why));

let shown = null; // The last state, as firing.js reads it.
let playerWas = "off";
let name = remembered("name") ?? "";

function onState(state) {
  const before = shown?.firing ?? state.firing;
  if (changes(before, state.firing).begun.some(({ severity }) => severity === "critical")) endAlone();
  crier.state(state);
  shown = state;
  view.state(state, numbers(state));
  views.state(state);
  view.tick(listener.now());
}

function onPlay({ severity, why, fingerprint }) {
  // A new one: the end of a critical has no fingerprint, and a reminder is of one that was there when this began.
  if (severity === "critical" && why === "event" && fingerprint) endAlone();
}

/** A real critical has come, which may sound here or not. */
function endAlone() {
  if (!stage.playing) return;
  stage.stop("critical");
  crier.say(texts.aloneEnded("critical"));
}

function onLink(link, why, wasLost) {
  view.link(link, why, shown?.now ?? null, listener.now());
  if (link !== "up") crier.afresh();
  else if (wasLost) crier.say(texts.back);
  if (link === "lost") crier.say(texts.lostSaid, { now: true });
}

function showListening() {
  const { status, note, ...how } = listener.describe();
  view.full(ears.full);
  view.quiet(status !== "off", listener.quietLeft() > 0, QUIET_WORDS);
  view.elsewhere(ears.elsewhere);
  limitVoice();
  const only = note === texts.notListening && speechPanel.speech.speaks;
  view.listening({ ...how, note: only ? texts.onlySpeaking : note });
  if (status === "paused" && playerWas !== "paused") crier.say(texts.paused);
  playerWas = status;
}

/** What silences the page silences its voice too. */
function limitVoice() {
  speechPanel.limit(listener.quietLeft() > 0 || ears.elsewhere ? 0 : listener.volume);
}

function setVolume(volume) {
  listener.setVolume(volume);
  limitVoice();
  view.volume(volume);
}

function setLayer(layer, level) {
  listener.setLayer(layer, level);
  view.layer(layer, level);
}

/** `voice` is one of the state; without either everything sounds again. */
function setSolo({ service = null, voice = null }) {
  listener.setSolo({ service, voice: voice?.id ?? null });
  view.solo({ ...listener.solo, name: service ?? voice?.sample?.type ?? voice?.sound ?? "" });
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
    else view.answer(listener.audible ? texts.testSent(TEST_WORDS) : texts.testSentSilent(TEST_WORDS));
  } catch (error) {
    view.answer(texts.testFailed(error.message));
  }
}

function tick(now) {
  login.tick(now, stream.link);
  crier.tick();
  stage.tick();
  views.tick();
  meter.tick();
  if (shown && stream.link === "up") view.tick(listener.now());
}

function begin() {
  view.volume(listener.volume);
  for (const [layer, level] of Object.entries(listener.layers)) view.layer(layer, level);
  view.settings(listener.level, listener.least, name);
  view.wire({
    listen: () => listener.press(),
    quiet: () => listener.pressQuiet(),
    sayHow: () => crier.answer(howItIs(shown, stream.link, listener.now())),
    takeOver: () => listener.press(true),
    stop: () => stage.stop(),
    layer: setLayer,
    volume: setVolume,
    level: (level) => listener.setLevel(level),
    severities: (least) => listener.setLeast(least),
    name: setName,
    fire,
    solo: (service) => setSolo({ service }),
    soloVoice: (voice) => setSolo({ voice }),
    unfold: async ({ fingerprint }) => (await get("/api/v1/explain", { fingerprint }).catch(() => ({}))).firing,
    playAlert: (alert) => encore.alert(alert),
    playVoice: (voice) => encore.voice(voice),
    mute: (alert) => duty.mute(alert),
    muteVoice: (match) => duty.muteMatching(match),
    silence: (alert) => duty.silence(alert),
    acknowledge: (alert) => duty.acknowledge(alert.fingerprint, alert.acknowledged),
    acknowledgeAll: () => duty.acknowledgeAll(),
    flatline: (already) => duty.acknowledge("flatline", already),
    watch: (on) => duty.watch(on),
  });
  speechPanel.begin();
  views.begin();
  listener.begin();
  login.ask(seconds());
}

begin();
