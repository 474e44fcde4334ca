import assert from "node:assert/strict";
import { test } from "node:test";

import { columns, ending, merge, spans, speed, stretch, summary, ticks, within } from "../../bridge/console/history.js";

const event = (id, received, status = "firing", more = {}) => ({
  id,
  received,
  status,
  fingerprint: "f1",
  severity: "critical",
  outcome: "played",
  ...more,
});

test("a newer page is put before what was loaded, without a hole and without doubles", () => {
  const kept = { events: [event(5, 50), event(4, 40), event(3, 30)], before: 3 };
  const page = { events: [event(6, 60), event(5, 50, "firing", { outcome: "suppressed" })], before: 5 };
  const merged = merge(kept, page);
  assert.deepEqual(merged.events.map(({ id }) => id), [6, 5, 4, 3]);
  assert.equal(merged.events[1].outcome, "suppressed");
  assert.equal(merged.before, 3);
  const far = { events: [event(9, 90), event(8, 80)], before: 8 };
  assert.deepEqual(merge(kept, far), far);
  assert.deepEqual(merge(kept, { events: [], before: null }), { events: [], before: null });
});

test("what a stretch holds, worst first; a strange severity is counted in the lowest lane", () => {
  const events = [
    event(4, 40, "firing", { severity: "odd", outcome: null }),
    event(3, 30, "resolved"),
    event(2, 20, "firing", { outcome: "suppressed" }),
    event(1, 10, "firing", { outcome: "assumed" }),
  ];
  assert.deepEqual(summary(events), [
    { severity: "critical", began: 2, heard: 1, ended: 1 },
    { severity: "info", began: 1, heard: 0, ended: 0 },
  ]);
  assert.deepEqual(events.map(ending), ["open", "heard", "silent", "heard"]);
  assert.deepEqual(within(events, 30).map(({ id }) => id), [4, 3]);
});

test("an alert fires from its beginning to its end, or to the edge of the stretch", () => {
  const other = { fingerprint: "f2", severity: "info" };
  const events = [event(3, 30, "firing", other), event(2, 20, "resolved"), event(1, 10)];
  assert.deepEqual(spans(events, 0, 100), [
    { severity: "critical", from: 10, to: 20 },
    { severity: "info", from: 30, to: 100 },
  ]);
  assert.deepEqual(spans([event(9, 40, "resolved")], 0, 100), [{ severity: "critical", from: 0, to: 40 }]);
});

test("marks stand in columns; of too many a number is told", () => {
  const many = Array.from({ length: 7 }, (_, i) => event(7 - i, 50));
  const [critical, warning] = columns([event(8, 99), ...many], 0, 100, 180);
  assert.deepEqual(critical.map(({ x, marks, more }) => [Math.round(x), marks.length, more]), [[99, 3, 4], [171, 1, 0]]);
  assert.deepEqual(critical[0].marks.map(({ id }) => id), [1, 2, 3]);
  assert.deepEqual(warning, []);
  assert.equal(columns([event(1, 500)], 0, 100, 180)[0][0].x, 171);
});

test("ticks stand at round times of the place, as many as there is room for", () => {
  assert.deepEqual(ticks(600, 4200, 500), [600, 1200, 1800, 2400, 3000, 3600, 4200]);
  assert.deepEqual(ticks(600, 4200, 250), [1800, 3600]);
  assert.deepEqual(ticks(0, 86400, 400, 5 * 3600 + 1800), [1800, 23400, 45000, 66600]);
});

test("a stretch ends now at the latest, and is never played slower than it was", () => {
  assert.deepEqual(stretch(null, 3600, 10000), { since: 6400, until: 10000 });
  assert.deepEqual(stretch(9900, 300, 10000), { since: 9900, until: 10000 });
  assert.deepEqual([speed(3600, 30), speed(300, 300), speed(10, 30), speed(86400, 15)], [120, 1, 1, 3600]);
});
