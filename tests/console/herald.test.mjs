import assert from "node:assert/strict";
import { test } from "node:test";

import { Herald } from "../../bridge/console/herald.js";

const critical = (name) => ({ words: `critical: ${name}`, now: true, counts: [["critical", 1]] });
const warning = (name) => ({ words: `warning: ${name}`, counts: [["warning", 1]] });

function heard(before = () => {}) {
  const said = [];
  let at = 0;
  const herald = new Herald((words, spoken, urgent) => said.push([at, words, urgent]));
  before(herald);
  const until = (end) => {
    for (; at < end; at += 0.5) herald.tick(at);
  };
  const say = (...all) => {
    for (const one of all) herald.say(one);
    herald.tick(at);
  };
  return { said, say, until };
}

test("what comes alone is said at once, and urgently only if it is urgent", () => {
  const { said, say, until } = heard();
  say(warning("A"));
  until(5);
  say(critical("B"));
  assert.deepEqual(said, [[0, "warning: A", false], [5, "critical: B", true]]);
});

test("within five seconds nothing more is said; then the critical comes first", () => {
  const { said, say, until } = heard();
  say(warning("A"));
  until(1);
  say(warning("B"));
  until(2);
  say(critical("C"));
  until(20);
  assert.deepEqual(said.slice(1), [[5, "critical: C warning: B", true]]);
});

test("of many that gather the worst is told in words and the others as counts", () => {
  const { said, say, until } = heard();
  say(warning("A"));
  until(1);
  say(warning("B"), critical("C"), { words: "Resolved: X." }, critical("D"), critical("E"), warning("F"));
  until(10);
  assert.deepEqual(said.slice(1), [[5, "critical: C And 2 critical, 2 warning, 1 other more.", true]]);
});

test("what has no severity is counted without one, and a count counts as many as it tells", () => {
  const { said, say } = heard();
  say(...["A", "B", "C", "D"].map((name) => ({ words: `${name}.` })));
  assert.equal(said[0][1], "A. And 3 more.");
  const other = heard();
  other.say(critical("A"), warning("B"), warning("C"), { words: "New", counts: [["warning", 40], ["odd", 2]] });
  assert.equal(other.said[0][1], "critical: A And 42 warning, 2 others more.");
});

test("what comes together is one announcement, said by the voice in its own words", () => {
  const told = [];
  const herald = new Herald((...values) => told.push(values));
  herald.say({ words: "A with a summary.", spoken: "A." });
  herald.say({ words: "B." });
  herald.tick(0);
  assert.deepEqual(told, [["A with a summary. B.", "A. B.", false, [["other", 2]]]]);
});

test("while the voice speaks what is not urgent waits, also beyond five seconds", () => {
  const told = [];
  const herald = new Herald((words) => told.push(words));
  herald.say(warning("A"));
  herald.tick(10, true);
  assert.deepEqual(told, []);
  herald.say(critical("B"));
  herald.tick(11, true);
  assert.deepEqual(told, ["critical: B warning: A"]);
});

test("what a person asked for is heard out before the next announcement", () => {
  const { said, say, until } = heard((herald) => herald.saidAside(2));
  say(warning("A"));
  until(10);
  assert.deepEqual(said, [[7, "warning: A", false]]);
});

test("through two hours of an alert every second there is one announcement in five seconds, and none is lost", () => {
  const { said, say, until } = heard();
  for (let second = 0; second < 7200; second++) {
    until(second);
    say(second % 60 ? warning("A") : critical("B"));
  }
  until(7210);
  const gaps = said.slice(1).map(([at], i) => at - said[i][0]);
  assert.ok(Math.min(...gaps) >= 5);
  assert.equal(said.filter(([, , urgent]) => urgent).length, 120);
  const told = (words) => {
    const counted = [...words.matchAll(/(\d+) (?:critical|warning)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    return counted + [...words.matchAll(/(critical|warning): /g)].length;
  };
  assert.equal(said.reduce((sum, [, words]) => sum + told(words), 0), 7200);
});
