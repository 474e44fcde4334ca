/** What sounds in the page alone, with a stand-in for the player and a given clock; and the pure parts of the meter. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { bands, level } from "../../bridge/console/meter.js";
import { Stage } from "../../bridge/console/stage.js";
import { matchers } from "../../bridge/console/voices.js";

function room(status = "on") {
  const heard = [];
  const clock = { now: 100 };
  const ears = {
    elsewhere: false,
    bed: [],
    alone: (on) => ears.bed.push(on),
    player: {
      status,
      booth: () => ({
        carry: (command, after) => heard.push([command.do, command.id ?? command.sound, clock.now + after]),
        close: () => heard.push(["close"]),
      }),
    },
  };
  const stage = new Stage({ ears, listen: async () => {}, now: () => clock.now, changed: () => {} });
  return { stage, ears, heard, clock };
}

const cue = (at) => ({ at, do: "play", sound: "critical", params: {} });
const near = (a, b) => Math.abs(a - b) < 1e-9;

test("commands are handed over a little ahead, at their own times, and the end is told", async () => {
  const { stage, heard, clock } = room();
  const ended = stage.perform({ length: 5, commands: [cue(0), cue(1), cue(4)] });
  assert.equal(heard.length, 2);
  assert.ok(near(heard[0][2], 100.1) && near(heard[1][2], 101.1), JSON.stringify(heard));
  for (clock.now = 100.5; clock.now < 106; clock.now += 0.5) stage.tick();
  assert.ok(near(heard[2][2], 104.1), JSON.stringify(heard));
  assert.deepEqual(heard.at(-1), ["close"]);
  assert.equal(await ended, "ended");
});

test("captions come when they are due, not before", () => {
  const { stage, clock } = room();
  const said = [];
  stage.perform({ length: 5, commands: [], captions: [{ at: 2, text: "two" }] }, (text) => said.push(text));
  clock.now = 102;
  stage.tick();
  assert.deepEqual(said, []);
  clock.now = 102.2;
  stage.tick();
  assert.deepEqual(said, ["two"]);
});

test("the live bed is silent while it sounds, and comes back however it ends", async () => {
  const { stage, ears } = room();
  const ended = stage.perform({ length: 5, commands: [] });
  assert.deepEqual(ears.bed, [true]);
  stage.stop("critical");
  assert.deepEqual(ears.bed, [true, false]);
  assert.equal(await ended, "critical");
});

test("a second one ends the first, and what the first still holds changes nothing", async () => {
  const { stage, heard } = room();
  const first = stage.preview({ id: "cpu", kind: "voice", params: {} });
  const ended = stage.perform({ length: 5, commands: [cue(0)] });
  heard.length = 0;
  first.change({ freq: 1 });
  first.end();
  assert.deepEqual(heard, []);
  assert.ok(stage.playing);
  stage.stop();
  assert.equal(await ended, "stopped");
});

test("where nothing can sound it says why, and holds nothing back", async () => {
  for (const [status, elsewhere, why] of [
    ["silent", false, "silent"],
    ["off", true, "elsewhere"],
    ["paused", false, "failed"],
  ]) {
    const { stage, ears, heard } = room(status);
    ears.elsewhere = elsewhere;
    assert.equal(await stage.perform({ length: 1, commands: [cue(0)] }), why);
    assert.equal(stage.preview({ id: "cpu", kind: "voice", params: {} }).why, why);
    assert.deepEqual([heard, ears.bed], [[], []]);
  }
});

test("when the sound is taken away meanwhile it ends and says so", async () => {
  const { stage, ears } = room();
  const ended = stage.perform({ length: 50, commands: [] });
  ears.player.status = "silent";
  stage.tick();
  assert.equal(await ended, "silent");
});

test("the level is in dB of full scale, and silence is the floor", () => {
  const sine = Float32Array.from({ length: 4800 }, (_, i) => Math.sin((2 * Math.PI * 100 * i) / 4800));
  assert.ok(Math.abs(level(sine) + 3.01) < 0.02);
  assert.equal(level(new Float32Array(128)), -60);
});

test("a tone lies in its band, and a higher one to the right of it", () => {
  const at = (hz) => {
    const bins = new Float32Array(1024).fill(-100);
    bins[Math.round(hz / (24000 / 1024))] = -20;
    return bands(bins, 48000).indexOf(-20);
  };
  assert.ok(at(220) > 0 && at(220) < at(880) && at(880) < at(6000), `${at(220)} ${at(880)} ${at(6000)}`);
});

test("the matchers of a voice take exactly its labels, whatever stands in them", () => {
  assert.deepEqual(matchers({ instance: "web-1", path: 'C:\\"x"' }), ['instance="web-1"', 'path="C:\\\\\\"x\\""']);
});
