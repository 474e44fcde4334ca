/**
 * A tick twice a second, from a worker: browsers slow the timers of a hidden tab down to one a minute, and a
 * pager in a hidden tab must still notice that its bridge is gone.
 */

const EVERY_MS = 500;

/** Seconds that never go back, for measuring; not a time of day. */
export const seconds = () => performance.now() / 1000;

/** Call `tick(seconds)` twice a second for as long as the page lives. */
export function everyTick(tick) {
  const run = () => tick(seconds());
  try {
    const worker = new Worker("/console/ticker.js");
    worker.onmessage = run;
    worker.onerror = () => setInterval(run, EVERY_MS);
    return worker;
  } catch {
    return setInterval(run, EVERY_MS);
  }
}
