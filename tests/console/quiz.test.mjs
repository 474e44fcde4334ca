import assert from "node:assert/strict";
import { test } from "node:test";

import { KINDS, counted, csv, judge, performance, question, readScore, singers } from "../../bridge/console/quiz.js";
import { texts } from "../../bridge/console/texts.js";

const chances = (...values) => () => values.shift() ?? 0;
const api = { service: "api", second: -5, third: 0, pan: 0.2 };
const db = { service: "db", second: 0, third: -8, pan: -0.2 };

test("with fewer than two services that have a motif, examples are asked for", () => {
  assert.deepEqual(singers([api, db]), [api, db]);
  const examples = singers([api, { service: "", second: 0, third: 0, pan: 0 }]);
  assert.ok(examples.length >= 2);
  assert.ok(!examples.includes(api));
});

test("chance chooses the kind and, where it has a motif, the service", () => {
  const asked = question([api, db], chances(0, 0.9));
  assert.deepEqual(asked, { kind: "critical", service: db, services: ["api", "db"], params: { second: 0, third: -8, pan: -0.2 } });
  assert.deepEqual(performance(asked).commands[0].params, asked.params);
  const info = question([api, db], chances(2.5 / KINDS.length));
  assert.deepEqual([info.kind, info.service, info.services, info.params], ["info", null, [], {}]);
  const digest = question([api, db], chances(0.999, 0.999, 0.999));
  assert.deepEqual([digest.kind, digest.params], ["digest", { worst: 2, count: 5 }]);
});

test("of many services five are offered, and the right one is among them", () => {
  const many = Array.from({ length: 15 }, (_, i) => ({ ...api, service: `s${i}` }));
  for (let i = 0; i < 50; i += 1) {
    const asked = question(many, chances(0, Math.random(), Math.random(), Math.random(), Math.random(), Math.random()));
    assert.equal(asked.services.length, 5);
    assert.ok(asked.services.includes(asked.service.service));
  }
});

test("both parts of an answer are judged, counted and told", () => {
  const asked = { kind: "warning", service: db };
  const marks = judge(asked, { kind: "warning", service: "api" });
  assert.deepEqual(marks, { kind: true, service: false });
  const once = counted([], asked, marks);
  const score = counted(once, { kind: "critical", service: null }, judge({ kind: "critical", service: null }, { kind: "info" }));
  assert.deepEqual(score, [
    { group: "kind", name: "critical", right: 0, asked: 1 },
    { group: "kind", name: "warning", right: 1, asked: 1 },
    { group: "service", name: "db", right: 0, asked: 1 },
  ]);
  assert.equal(counted(score, asked, { kind: true, service: true })[2].asked, 2);
  assert.match(texts.quizTold(asked, marks), /^Right: it was warning, which is three pulses\. No: it was db; its motif stays, then/);
});

test("what was kept is read again, and rubbish is no score", () => {
  const score = counted([], { kind: "info", service: null }, { kind: true, service: null });
  assert.deepEqual(readScore(JSON.stringify(score)), score);
  for (const text of [null, "", "{", "7", "[null]", '[{"group":"kind","name":"toString","right":1,"asked":1}]']) {
    assert.deepEqual(readScore(text), []);
  }
});

test("as CSV a name is a name, never a formula or two cells", () => {
  const row = (name) => ({ group: "service", name, right: 1, asked: 2 });
  assert.equal(csv([row("api"), row('=1+"1",2')]), 'group,name,right,asked\r\nservice,api,1,2\r\nservice,"\'=1+""1"",2",1,2\r\n');
});

test("every kind has words", () => {
  for (const kind of KINDS) assert.match(texts.quizTold({ kind, service: null }, { kind: true, service: null }), /^Right: it was \w[\w ]+, which is \w/);
});
