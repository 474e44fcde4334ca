/** Which words a screen reader is told when what fires changes. Pure. */

import { acknowledged, changes, tally } from "./firing.js";
import { texts } from "./texts.js";

const ONE_BY_ONE = 3;

function begun(alerts) {
  if (alerts.length > ONE_BY_ONE) return [{ words: texts.saidMany(tally(alerts)), now: true }];
  return alerts.map((alert) => ({ words: texts.saidNew(alert), now: alert.severity === "critical" }));
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
 * What to say when `before` became `after`; `before` is null for the first state of a connection.
 *
 * @returns {{words: string, now: boolean}[]} at most one entry to be said politely and one at once
 */
export function announcements(before, after) {
  if (before === null) return [{ words: texts.saidFirst(tally(after)), now: false }];
  const { begun: started, ended } = changes(before, after);
  const said = [...begun(started), ...taken(acknowledged(before, after))];
  if (ended.length) said.push({ words: texts.saidResolved(ended.map(({ name }) => name || texts.unnamed)), now: false });
  if (ended.length && !after.length) said.push({ words: texts.saidAllClear, now: false });
  return [false, true]
    .map((now) => ({ now, words: said.filter((one) => one.now === now).map(({ words }) => words).join(" ") }))
    .filter(({ words }) => words);
}
