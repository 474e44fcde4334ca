// What a slider stands for, and the rule that is copied, as the page has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleText } from "../../bridge/console/ruletext.js";
import { altered, defaults, position, steps, valueAt } from "../../bridge/console/sliders.js";

const control = (name, low, high, initial) => ({ name, low, high, default: initial, unit: "1", text: "" });
const FREQ = control("freq", 20, 12000, 660);
const VOL = control("vol", 0, 1, 0.7);
const SECOND = control("second", -12, 12, 0);
const COUNT = control("count", 0, 5, 0);
const WARNING = { id: "warning", kind: "cue", controls: [FREQ, VOL, SECOND] };
const CPU = { id: "cpu", kind: "voice", controls: [FREQ, VOL] };

test("the ends of a slider are the ends of the range", () => {
  for (const one of [FREQ, VOL, SECOND, COUNT]) {
    assert.equal(valueAt(one, steps(one)), one.high);
    if (one.default !== one.low) assert.equal(valueAt(one, 0), one.low);
  }
});

test("where the default stands the value is the default, and every position is its value's", () => {
  for (const one of [FREQ, VOL, SECOND, COUNT]) {
    assert.equal(valueAt(one, position(one, one.default)), one.default);
    for (let at = 0; at <= steps(one); at += 1) assert.equal(position(one, valueAt(one, at)), at, `${one.name} ${at}`);
  }
});

test("a wide range moves by equal ratios, a narrow one by round steps, a number of things by one", () => {
  const at = position(FREQ, 220);
  assert.ok(Math.abs(valueAt(FREQ, at + 1) / valueAt(FREQ, at) - 600 ** (1 / 220)) < 0.01);
  assert.equal(valueAt(VOL, 33), 0.33);
  assert.equal(valueAt(SECOND, 1), -11.5);
  assert.equal(steps(COUNT), 5);
});

test("only what differs from the default is in the rule", () => {
  const values = { ...defaults(WARNING), freq: 440 };
  assert.deepEqual(altered(WARNING, values), { freq: 440 });
  const lines = ruleText(WARNING, values).split("\n");
  assert.deepEqual(lines, [
    "  - name: tried-warning",
    "    match: ['alertname=\"CHANGE-ME\"']",
    "    severity: warning",
    "    sound: warning",
    "    params:",
    "      freq: 440",
  ]);
});

test("as it was there are no params, and a voice takes samples of a type", () => {
  assert.equal(ruleText(CPU, defaults(CPU)), "  - name: tried-cpu\n    type: CHANGE-ME\n    sound: cpu");
});

test("a name that YAML would read as something else is quoted, and the pager's own cues have no rule", () => {
  assert.match(ruleText({ ...CPU, id: "on" }, defaults(CPU)), /sound: "on"$/);
  assert.match(ruleText({ ...CPU, id: "a: b" }, defaults(CPU)), /name: "tried-a: b"/);
  assert.equal(ruleText({ ...WARNING, id: "flatline" }, defaults(WARNING)), null);
});
