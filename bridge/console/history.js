/** Pure answers about the events of a stretch of time, as /api/v1/events gives them: the newest first. No DOM, no clock. */

export const LANES = ["critical", "warning", "info"];
const STACK = 4; // Marks one above the other before a number stands for the rest.
const COLUMN = 18; // Pixels.

/** A newer first page before what was loaded already, where the two meet; `before` as in the answer, for the next page. */
export function merge(kept, page) {
  const last = page.events.at(-1)?.id;
  const meet = kept.events.findIndex(({ id }) => id === last);
  if (page.before === null || meet < 0) return { events: page.events, before: page.before };
  return { events: [...page.events, ...kept.events.slice(meet + 1)], before: kept.before };
}

/** Those of `events` from `since` on. */
export const within = (events, since) => events.filter(({ received }) => received >= since);

/** How it ended, as one of `heard`, `silent` and `open`. */
export function ending({ outcome }) {
  if (outcome === "played" || outcome === "assumed") return "heard";
  return outcome === "suppressed" ? "silent" : "open";
}

export const began = ({ status }) => status === "firing";

/** The lane of an event; a severity that nobody knows stands in the last. */
const lane = ({ severity }) => (LANES.includes(severity) ? severity : LANES.at(-1));

/** What a stretch holds: for each severity that is there `{severity, began, heard, ended}`, worst first. */
export function summary(events) {
  const rows = LANES.map((severity) => {
    const of = events.filter((event) => lane(event) === severity);
    const first = of.filter(began);
    const heard = first.filter((event) => ending(event) === "heard").length;
    return { severity, began: first.length, heard, ended: of.length - first.length };
  });
  return rows.filter((row) => row.began || row.ended);
}

/** From when to when alerts fired: `{severity, from, to}` in unix seconds, cut to the stretch. */
export function spans(events, since, until) {
  const open = new Map();
  const found = [];
  const end = (fingerprint, to) => {
    const event = open.get(fingerprint);
    if (event) found.push({ severity: lane(event), from: event.received, to });
    open.delete(fingerprint);
  };
  for (const event of [...events].reverse()) {
    if (began(event)) {
      end(event.fingerprint, event.received);
      open.set(event.fingerprint, event);
    } else if (open.has(event.fingerprint)) end(event.fingerprint, event.received);
    else found.push({ severity: lane(event), from: since, to: event.received });
  }
  for (const fingerprint of [...open.keys()]) end(fingerprint, until);
  return found;
}

/**
 * Where the marks stand, in columns of a picture `width` pixels wide: for each lane a list of
 * `{x, marks: [event, …], more}`, the oldest mark lowest; `more` is the number of those for which there is no room.
 */
export function columns(events, since, until, width) {
  const many = Math.max(1, Math.floor(width / COLUMN));
  const place = ({ received }) => Math.min(many - 1, Math.max(0, Math.floor(((received - since) / (until - since)) * many)));
  return LANES.map((severity) => {
    const stacks = new Map();
    for (const event of [...events].reverse()) {
      if (lane(event) !== severity) continue;
      const at = place(event);
      stacks.set(at, [...(stacks.get(at) ?? []), event]);
    }
    return [...stacks].map(([at, all]) => {
      const room = all.length > STACK ? STACK - 1 : STACK;
      return { x: ((at + 0.5) / many) * width, marks: all.slice(0, room), more: Math.max(0, all.length - room) };
    });
  });
}

const STEPS = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720].map((minutes) => minutes * 60);
const TICK_WIDTH = 70; // Pixels between two words below the picture.

/** Unix seconds of the ticks below a picture; `zone` is what the local time is ahead of UTC, in seconds. */
export function ticks(since, until, width, zone = 0) {
  const step = STEPS.find((one) => ((until - since) / one) * TICK_WIDTH <= width) ?? STEPS.at(-1);
  const found = [];
  for (let at = Math.ceil((since + zone) / step) * step - zone; at <= until; at += step) found.push(at);
  return found;
}

const FASTEST = 3600; // What the bridge takes.

/** How much faster than it was, so that `length` seconds take `wanted`; never slower, and no faster than can be. */
export const speed = (length, wanted) => Math.min(FASTEST, Math.max(1, length / wanted));

/** The stretch of `length` seconds that begins at `from` (null: that ends now), not beyond `now`. */
export function stretch(from, length, now) {
  const since = from ?? now - length;
  return { since, until: Math.min(now, since + length) };
}
