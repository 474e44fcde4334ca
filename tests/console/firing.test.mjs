import assert from "node:assert/strict";
import { test } from "node:test";

import { announcements, watchAnnouncements } from "../../bridge/console/announce.js";
import { cueOf } from "../../bridge/console/cues.js";
import { changes, numbers, readState, tally } from "../../bridge/console/firing.js";
import { Reminder } from "../../bridge/console/reminder.js";
import { acknowledgement, clock, duration, standing, texts } from "../../bridge/console/texts.js";

const alert = (fingerprint, severity = "warning", more = {}) => ({ fingerprint, severity, name: `N${fingerprint}`, ...more });

test("the numbers are those of everything that fires, not of the list", () => {
  const state = readState({ firing: [alert("1", "critical")], counts: { critical: 4000, warning: 0, info: 2 } });
  assert.deepEqual(numbers(state), [["critical", 4000], ["info", 2]]);
  assert.deepEqual(numbers(readState({ firing: [alert("1", "warning")] })), [["warning", 1]]);
});

test("the tally is worst first and leaves zeros out", () => {
  const firing = [alert("1", "info"), alert("2", "critical"), alert("3", "info")];
  assert.deepEqual(tally(firing), [["critical", 1], ["info", 2]]);
  assert.deepEqual(tally([]), []);
});

test("a severity that nobody knows is counted all the same", () => {
  assert.deepEqual(tally([alert("1", "odd")]), [["odd", 1]]);
});

test("an alert that rose in severity has begun; the same again has not", () => {
  const { begun, ended } = changes([alert("1"), alert("2")], [alert("1", "critical"), alert("3")]);
  assert.deepEqual(begun.map(({ fingerprint }) => fingerprint), ["1", "3"]);
  assert.deepEqual(ended.map(({ fingerprint }) => fingerprint), ["2"]);
});

test("a state that lacks fields is read as an empty one, never as an error", () => {
  const state = readState({ type: "state", firing: [null, { name: "no fingerprint" }, alert("1")] });
  assert.deepEqual(state.firing.map(({ fingerprint }) => fingerprint), ["1"]);
  assert.equal(state.watch.armed, false);
  assert.deepEqual([state.watch.flatline, state.watch.inputs, state.who], [[], [], []]);
  assert.equal(state.cadence.next_reminder, null);
  assert.ok(Number.isFinite(state.now));
  assert.deepEqual(readState({}).firing, []);
});

test("a critical is said at once, others politely", () => {
  const said = announcements([], [alert("1", "critical"), alert("2", "info")]);
  assert.deepEqual(said, [
    { now: true, words: "critical: N1", spoken: "critical, N1.", counts: [["critical", 1]] },
    { now: false, words: "info: N2", spoken: "info, N2.", counts: [["info", 1]] },
  ]);
});

test("many at once are counted, not read out", () => {
  const many = ["1", "2", "3", "4", "5"].map((fingerprint) => alert(fingerprint));
  assert.deepEqual(announcements([], many), [{ now: false, words: "New: 5 warning.", counts: [["warning", 5]] }]);
  many[4].severity = "critical";
  assert.equal(announcements([], many)[0].now, true);
});

test("the first state of a connection is summed up; nothing is said where nothing changed", () => {
  assert.deepEqual(announcements(null, []), [{ now: false, words: texts.nothing, counts: [] }]);
  assert.deepEqual(announcements(null, [alert("1")]), [{ now: false, words: "Firing: 1 warning.", counts: [["warning", 1]] }]);
  assert.deepEqual(announcements([alert("1")], [alert("1")]), []);
});

test("the last resolution says that all is clear", () => {
  assert.deepEqual(announcements([alert("1")], []), [
    { now: false, words: `Resolved: N1. ${texts.saidAllClear}` },
  ]);
});

test("a test is said to be one", () => {
  const [{ words }] = announcements([], [alert("1", "info", { test: true, service: "api", summary: "Words." })]);
  assert.equal(words, "Test. info: N1, service api, Words.");
});

test("the voice says severity, service, name and age, and never a summary", () => {
  const told = alert("1", "warning", { service: "api", summary: "secret", since: 100 });
  const [{ spoken }] = announcements([], [told], 280);
  assert.equal(spoken, "warning, service api, N1, for 3 min.");
});

test("lengths of time", () => {
  const said = [-3, 0, 59.4, 60, 3599, 3600, 86399, 90000].map(duration);
  assert.deepEqual(said, ["0 s", "0 s", "59 s", "1 min", "59 min", "1 h 0 min", "23 h 59 min", "1 d 1 h"]);
});

test("a time of day has 24 hours, whatever the language of the browser", () => {
  const evening = new Date(2026, 0, 5, 23, 4).getTime() / 1000;
  const midnight = new Date(2026, 0, 6, 0, 4).getTime() / 1000;
  assert.deepEqual([clock(evening, midnight), clock(midnight, midnight)], ["23:04", "00:04"]);
});

test("a watch that no Watchdog has armed says what it is armed for", () => {
  assert.equal(readState({}).watch.route, "");
  assert.match(texts.watchPartly(["boiler"]), /^The watch is armed for boiler; no Watchdog has come yet: Prometheus/);
});

test("what the page alone can say: every minute for ten, then every ten, until it stops", () => {
  const at = [];
  let now = 100;
  const reminder = new Reminder(() => at.push(now - 100));
  reminder.tick(now);
  assert.deepEqual(at, []);
  reminder.start(now);
  for (; now < 100 + 2000; now += 0.5) reminder.tick(now);
  assert.deepEqual(at, [0, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800]);
  assert.equal(reminder.running, true);
  reminder.stop();
  reminder.tick(now + 10000);
  assert.equal(at.length, 13);
  now = 100;
  reminder.start(now, 6);
  assert.equal(at.length, 13);
  now = 106;
  reminder.tick(now);
  assert.deepEqual(at.slice(13), [6]);
});

test("an acknowledgement is said when it is given, not again and not when it ends", () => {
  const taken = alert("1", "warning", { acknowledged: { by: "anna", at: 1, until: 2, why: "" } });
  assert.deepEqual(announcements([alert("1")], [taken]), [{ now: false, words: "anna has acknowledged: N1." }]);
  assert.deepEqual(announcements([taken], [taken]), []);
  assert.deepEqual(announcements([taken], [alert("1")]), []);
});

test("who, how long ago, until when and why", () => {
  const now = 1_700_000_000;
  const words = acknowledgement({ by: "anna", at: now - 180, until: now + 60, why: "the disk comes at noon" }, now);
  assert.match(words, /^acknowledged by anna 3 min ago, until .*\d.*: the disk comes at noon$/);
  assert.match(acknowledgement({ by: "", at: now, why: "" }, now), /^acknowledged 0 s ago$/);
});

test("a flatline is said at once, also to who has just come, and so is its end", () => {
  const well = { on: true, flatline: [] };
  const flat = { on: true, flatline: [{ name: "watchdog" }] };
  const said = { now: true, words: "Flatline: nothing comes from watchdog any more." };
  assert.deepEqual(watchAnnouncements(well, flat), [said]);
  assert.deepEqual(watchAnnouncements(null, flat), [said]);
  assert.deepEqual(watchAnnouncements(flat, flat), []);
  assert.deepEqual(watchAnnouncements(flat, well), [{ now: false, words: texts.saidFlatlineOver }]);
  assert.deepEqual(watchAnnouncements(null, well), []);
});

test("the switch of the watch is said, and is not taken for the end of a flatline", () => {
  const off = { on: false, flatline: [] };
  assert.deepEqual(watchAnnouncements({ on: true, flatline: [{ name: "a" }] }, off), [{ now: false, words: texts.saidWatchOff }]);
  assert.deepEqual(watchAnnouncements(off, { on: true, flatline: [] }), [{ now: false, words: texts.saidWatchOn }]);
});

test("each play has its file: digests by worst and count, the altered heartbeat, a stranger by its severity", () => {
  const file = (sound, params, severity = "info") => cueOf({ sound, severity, params })?.file;
  assert.equal(file("critical"), "critical");
  assert.equal(file("digest", { worst: 2, count: 3 }), "digest.2.3");
  assert.equal(file("digest", { worst: 7, count: 40 }), "digest.2.5");
  assert.equal(file("digest", {}), "digest.1.0");
  assert.equal(file("heartbeat", { second: 0 }), "heartbeat");
  assert.equal(file("heartbeat", { second: 3 }), "heartbeat.altered");
  assert.equal(file("my_own_gong", {}, "warning"), "warning");
  assert.equal(file("toString", {}, "critical"), "critical");
  assert.equal(file("my_own_gong", {}, "odd"), undefined);
});

test("what Alertmanager silences and what nobody vouches for says so", () => {
  const now = 1_800_000_000;
  const silenced = { id: "s1", by: "anna", comment: "new disk", until: now + 60 };
  const until = clock(now + 60, now);
  assert.equal(standing({ silenced: null, stale: null }, now), "");
  assert.equal(standing({}, now), "");
  assert.equal(standing({ silenced }, now), `silenced in Alertmanager by anna until ${until}: new disk`);
  const inhibited = { id: "", by: "", comment: "inhibited by Down", until: null };
  assert.equal(
    standing({ silenced: inhibited, stale: { since: now - 120, why: "x" } }, now),
    "inhibited by Down; stale for 2 min: nobody vouches for it",
  );
});

test("what is muted is said with its end, and whether criticals are", () => {
  const mute = { fingerprint: "", name: "", match: ["service=db"], include_critical: false, by: "anna", why: "", until: 60 };
  assert.equal(texts.mutesShown([mute], 0), `service=db, not criticals, until ${clock(60, 0)}, by anna`);
  const all = { ...mute, match: [], include_critical: true, by: "", why: "lunch" };
  assert.equal(texts.mutesShown([all], 0), `everything, also criticals, until ${clock(60, 0)}: lunch`);
  const one = { ...mute, match: [], fingerprint: "f1", name: "Disk" };
  assert.match(texts.mutesShown([one, all], 0), /^Disk \(f1\), not criticals, .*; everything/);
  assert.match(texts.mutesShown([{ ...one, name: "" }], 0), /^an alert that does not fire now \(f1\)/);
});

test("of a list that holds the worst alone nothing is said that it cannot know", () => {
  const many = Array.from({ length: 300 }, (_, i) => alert(`w${i}`));
  const worse = [alert("k0", "critical"), alert("k1", "critical")];
  const cut = [...worse, ...many.slice(0, 298)];
  const names = ({ begun, ended }) => [begun, ended].map((list) => list.map(({ fingerprint }) => fingerprint));
  assert.deepEqual(names(changes(many, cut, [310, 312])), [["k0", "k1"], []]);
  assert.deepEqual(names(changes(cut, many, [312, 310])), [[], ["k0", "k1"]]);
  assert.deepEqual(names(changes(many, [], [310, 0])).at(1).length, 300);
  assert.deepEqual(names(changes([], many, [0, 310])).at(0).length, 300);
});

test("characters that turn the order round are taken out of what is shown", () => {
  const [found] = readState({ firing: [{ fingerprint: "1", name: "\u202eABC", summary: "a\u2066b" }] }).firing;
  assert.deepEqual([found.name, found.summary], ["ABC", "ab"]);
});

test("what is said of an alert can be heard out, however long its name is", () => {
  const said = texts.saidNew(alert("1", "critical", { name: "N".repeat(4000), service: "S".repeat(3000), summary: "x".repeat(9000) }));
  assert.ok(said.length < 400, said.length);
});
