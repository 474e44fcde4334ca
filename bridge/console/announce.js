/** Which words a screen reader is told when what fires changes. Pure. */

import { acknowledged, changes, numbers, tally } from "./firing.js";
import { texts } from "./texts.js";

const ONE_BY_ONE = 3;

function begun(alerts, at) {
  if (alerts.length > ONE_BY_ONE) {
    const counts = tally(alerts);
    return [{ words: texts.saidMany(counts), now: counts[0][0] === "critical", counts }];
  }
  return alerts.map((alert) => ({
    words: texts.saidNew(alert),
    spoken: texts.spoken(alert, at),
    now: alert.severity === "critical",
    counts: [[alert.severity, 1]],
  }));
}

function taken(alerts) {
  if (!alerts.length) return [];
  const names = alerts.map(({ name }) => name || texts.unnamed);
  return [{ words: texts.saidAcknowledged(names, alerts[0].acknowledged.by), now: false }];
}

/** What to say when the watch `before` (null for the first state) became `after`: a flatline at once. */
export function watchAnnouncements(before, after) {
  const names = (watch) => (watch?.flatline ?? []).map(({ name }) => name);
  const gone = names(after).filter((name) => !names(before).includes(name));
  if (gone.length) return [{ words: texts.saidFlatline(gone), now: true }];
  if (before === null) return [];
  if (names(before).length && !names(after).length && after.on) return [{ words: texts.saidFlatlineOver, now: false }];
  return before.on === after.on ? [] : [{ words: after.on ? texts.saidWatchOn : texts.saidWatchOff, now: false }];
}

/**
 * What to say when `before` became `after`; `before` is null for the first state of a connection, `at` unix seconds.
 * `totals` as of `changes`, `counts` of all that fires, where the list holds the worst alone.
 *
 * @returns {object[]} one entry for each thing, as Herald takes it
 */
export function announcements(before, after, at, { totals = undefined, counts = tally(after) } = {}) {
  if (before === null) return [{ words: texts.saidFirst(counts), now: false, counts }];
  const { begun: started, ended } = changes(before, after, totals);
  const said = [...begun(started, at), ...taken(acknowledged(before, after))];
  if (!ended.length) return said;
  const names = ended.map(({ name }) => name || texts.unnamed);
  const clear = after.length ? "" : ` ${texts.saidAllClear}`;
  return [...said, { words: texts.saidResolved(names) + clear, now: false }];
}

/**
 * How it is, for a person who asks: the flatline, the counts, and the worst with service, name and age.
 *
 * @param {object|null} state the last one, as of firing.js; null before the first
 * @param {string} link as of link.js
 * @param {number} at unix seconds of the bridge's clock
 */
export function howItIs(state, link, at) {
  if (link === "lost") return texts.saidLost;
  if (state === null) return texts.unknown;
  const { firing, watch } = state;
  const worst = tally(firing).flatMap(([severity]) => firing.filter((alert) => alert.severity === severity));
  const flat = watch.flatline.map(({ name }) => name);
  return [
    flat.length && texts.saidFlatline(flat),
    flat.length && !firing.length ? texts.flatNothing : texts.saidFirst(numbers(state)),
    ...worst.slice(0, ONE_BY_ONE).map((alert) => texts.spoken(alert, at)),
  ]
    .filter(Boolean)
    .join(" ");
}
