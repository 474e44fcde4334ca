/** Pure answers about the list of what fires. No DOM, no clock. */

const ORDER = ["critical", "warning", "info"];

/** `[severity, number]` pairs, worst first, without zeros. */
export function tally(firing) {
  const found = new Map(ORDER.map((severity) => [severity, 0]));
  for (const { severity } of firing) found.set(severity, (found.get(severity) ?? 0) + 1);
  return [...found].filter(([, n]) => n > 0);
}

/** How many they are in all. */
export const total = (pairs) => pairs.reduce((sum, [, n]) => sum + n, 0);

/** `[severity, number]` pairs of everything that fires, also where only the worst are in the list. */
export function numbers(state) {
  if (!state.counts) return tally(state.firing);
  return ORDER.map((severity) => [severity, Number(state.counts[severity]) || 0]).filter(([, n]) => n > 0);
}

/**
 * What is in `after` and was not in `before`, or has got another severity; and what is no longer in it.
 *
 * A list may hold the worst alone of what fires (`total`). Of a severity that it does not hold whole nobody knows what
 * begins and ends, and nothing is said.
 */
export function changes(before, after, totals = [before.length, after.length]) {
  const was = new Map(before.map((alert) => [alert.fingerprint, alert]));
  const is = new Set(after.map((alert) => alert.fingerprint));
  const [knownBefore, knownAfter] = [whole(before, totals[0]), whole(after, totals[1])];
  return {
    begun: after.filter(({ fingerprint, severity }) =>
      was.has(fingerprint) ? was.get(fingerprint).severity !== severity : knownBefore(severity),
    ),
    ended: before.filter(({ fingerprint, severity }) => !is.has(fingerprint) && knownAfter(severity)),
  };
}

/** Whether all that fires with a severity is in a list, the worst first, of `total` that fire. */
function whole(list, total) {
  const last = total > list.length ? ORDER.indexOf(list.at(-1)?.severity) : Infinity;
  return (severity) => ORDER.indexOf(severity) < last;
}

/** What is acknowledged in `after` and was not in `before`, though it fired. */
export function acknowledged(before, after) {
  const open = new Set(before.filter((alert) => !alert.acknowledged).map((alert) => alert.fingerprint));
  return after.filter((alert) => alert.acknowledged && open.has(alert.fingerprint));
}

const NOT_WATCHED = { on: true, off_since: null, off_by: "", armed: false, route: "", flatline: [], inputs: [] };
const NO_CADENCE = { quiet_hours: false, next_reminder: null, storm: 0 };

/** Characters that turn the order of what follows them round; a name needs none of them. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const straight = (text) => (typeof text === "string" ? text.replace(TURNING, "") : text);

const readable = (alert) => ({ ...alert, name: straight(alert.name), summary: straight(alert.summary) });

/** A state frame with every field in the form that the page reads, whatever was left out. */
export function readState(frame) {
  const list = (value) => (Array.isArray(value) ? value : []);
  return {
    now: Number.isFinite(frame.now) ? frame.now : Date.now() / 1000,
    firing: list(frame.firing).filter((alert) => alert && typeof alert.fingerprint === "string").map(readable),
    counts: frame.counts,
    hears: typeof frame.hears === "string" ? frame.hears : "",
    watch: { ...NOT_WATCHED, ...frame.watch },
    who: list(frame.who),
    voices: list(frame.voices).filter((voice) => voice && typeof voice.id === "string"),
    mutes: list(frame.mutes),
    cadence: { ...NO_CADENCE, ...frame.cadence },
    bed: { level: 1, chord: 0, voices: 0, ...frame.bed },
    mqtt: frame.mqtt,
  };
}
