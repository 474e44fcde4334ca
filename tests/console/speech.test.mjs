import assert from "node:assert/strict";
import { test } from "node:test";

import { howItIs } from "../../bridge/console/announce.js";
import { chosen, Speech } from "../../bridge/console/speech.js";

const own = { name: "own", lang: "en-GB", localService: true, default: false };
const remote = { name: "remote", lang: "en-US", localService: false, default: true };
const german = { name: "german", lang: "de-DE", localService: true, default: true };

class SpeechSynthesisUtterance {
  constructor(text) {
    this.text = text;
  }
}

function browser(...voices) {
  const synth = new EventTarget();
  Object.assign(synth, {
    voices,
    out: [],
    cancelled: 0,
    getVoices: () => synth.voices,
    speak: (utterance) => synth.out.push(utterance),
    cancel: () => {
      synth.cancelled += 1;
      for (const utterance of synth.out.splice(0)) utterance.onerror({ error: "interrupted" });
    },
  });
  return { speechSynthesis: synth, SpeechSynthesisUtterance };
}

function switchedOn(...voices) {
  const fake = browser(...voices);
  const speech = new Speech(() => {}, fake);
  speech.on = true;
  return { speech, synth: fake.speechSynthesis };
}

test("only a voice of this device is chosen, in the language of the words where there is one", () => {
  assert.equal(chosen([]), null);
  assert.equal(chosen([remote]), null);
  assert.equal(chosen([remote, german, own]), own);
  assert.equal(chosen([remote, german]), german);
});

test("without a voice of this device it does not speak, and says why", () => {
  for (const [fake, why] of [[{}, "missing"], [browser(), "none"], [browser(remote), "remote"], [browser(own), ""]]) {
    const speech = new Speech(() => {}, fake);
    speech.on = true;
    assert.deepEqual([speech.can, speech.why, speech.speaks], [why === "", why, why === ""]);
  }
});

test("a voice that comes late is found, and one that goes hands over what it was to say", () => {
  const { speech, synth } = switchedOn();
  synth.voices = [own];
  synth.dispatchEvent(new Event("voiceschanged"));
  assert.ok(speech.speaks);
  let failed = 0;
  speech.say("A", { failed: () => (failed += 1) });
  synth.voices = [];
  synth.dispatchEvent(new Event("voiceschanged"));
  assert.deepEqual([failed, speech.busy, speech.speaks], [1, false, false]);
});

test("off, or at volume 0, it does not speak, and what is under way has failed", () => {
  for (const silence of [(speech) => (speech.volume = 0), (speech) => (speech.on = false)]) {
    const { speech, synth } = switchedOn(own);
    let failed = 0;
    speech.say("A", { failed: () => (failed += 1) });
    silence(speech);
    assert.deepEqual([speech.speaks, failed, synth.cancelled], [false, 1, 1]);
  }
});

test("what is urgent ends what is spoken, which has not failed by that", () => {
  const { speech, synth } = switchedOn(own);
  const failed = () => assert.fail("it was cut short on purpose");
  speech.say("A", { failed });
  speech.say("B", { failed });
  assert.equal(synth.cancelled, 0);
  speech.say("C", { urgent: true, failed });
  assert.deepEqual([synth.cancelled, synth.out.map(({ text }) => text)], [1, ["C"]]);
  synth.out[0].onstart();
  synth.out[0].onend();
  assert.deepEqual([speech.begun, speech.busy], [true, false]);
});

test("it speaks with the chosen voice at its volume, and never markup", () => {
  const { speech, synth } = switchedOn(remote, own);
  speech.volume = 0.4;
  speech.say("<speak>A</speak>");
  const [{ text, voice, volume }] = synth.out;
  assert.deepEqual([text, voice, volume], [" speak A /speak ", own, 0.4]);
});

test("what a browser refuses has failed, and it says so until it speaks", () => {
  const { speech, synth } = switchedOn(own);
  let failed = 0;
  speech.say("A", { failed: () => (failed += 1) });
  synth.out.pop().onerror({ error: "not-allowed" });
  assert.deepEqual([failed, speech.why, speech.busy], [1, "refused", false]);
  speech.say("B");
  synth.out[0].onstart();
  assert.equal(speech.why, "");
});

const alert = (severity, name, age, service = "api") => ({
  fingerprint: name,
  severity,
  name,
  service,
  since: 1000 - age,
  summary: "never spoken",
});
const state = (firing, flatline = []) => ({ firing, watch: { flatline } });

test("how it is: the flatline, the counts, and the three worst with service and age", () => {
  const firing = [alert("info", "E", 1), alert("warning", "D", 5), alert("warning", "B", 60), alert("critical", "A", 180, "db")];
  assert.equal(
    howItIs(state(firing, [{ name: "Watchdog" }]), "up", 1000),
    "Flatline: nothing comes from Watchdog any more. Firing: 1 critical, 2 warning, 1 info. " +
      "critical, service db, A, for 3 min. warning, service api, D, for 5 s. warning, service api, B, for 1 min.",
  );
});

test("how it is claims nothing that is not known", () => {
  assert.equal(howItIs(state([]), "up", 1000), "Nothing is firing.");
  assert.match(howItIs(state([], [{ name: "Watchdog" }]), "up", 1000), /^Flatline: .* Nothing is known to fire, but/);
  assert.equal(howItIs(state([alert("critical", "A", 1)]), "lost", 1000), "The link is lost; this is not known.");
  assert.equal(howItIs(null, "connecting", 1000), "Not known yet what is firing.");
});
