/** Every word of the page, so that a translation is this one file. */

const SEVERITY = { critical: "critical", warning: "warning", info: "info" };
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in seconds, as a person would say it. */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < MINUTE) return `${s} s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h ${Math.floor((s % HOUR) / MINUTE)} min`;
  return `${Math.floor(s / DAY)} d ${Math.floor((s % DAY) / HOUR)} h`;
}

/** A time of day; with its date when it is not of the last 24 hours. `unix` and `now` are unix seconds. */
export function clock(unix, now) {
  const date = new Date(unix * 1000);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return Math.abs(now - unix) < DAY ? time : `${date.toLocaleDateString()} ${time}`;
}

function count(n, word) {
  return `${n} ${SEVERITY[word] ?? word}`;
}

/** Words for a list of `[severity, number]` pairs, worst first. */
function counts(pairs) {
  return pairs.map(([severity, n]) => count(n, severity)).join(", ");
}

export const texts = {
  product: "The Singing Pager",
  ...SEVERITY,
  severity: (word) => SEVERITY[word] ?? word,

  listenTitle: "Listening",
  listen: "Listen",
  stop: "Stop listening",
  notListening: "This page is silent until you press Listen.",
  starting: "Getting the sounds…",
  listening: "Listening. What goes wrong will sound here.",
  listeningNoLink: "Listening, but the link is lost: nothing new can sound here.",
  paused: "The browser has paused the sound. Press Listen to hear again.",
  incomplete: "Not listening: a sound that an alert needs is missing.",
  silentVolume: "The volume is at zero: nothing will be heard here.",
  soundsMissing: (names) => `These sounds could not be loaded: ${names.join(", ")}. Trying again.`,
  noAudio: (why) => `This browser cannot play sound: ${why}`,

  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  lost: "Link lost",
  lostSaid: "The link to the bridge is lost. This page cannot tell what is firing.",
  back: "The link is back.",
  stale: (time) => `No link to the bridge. This is how it was at ${time}.`,
  staleWhy: (why) => `The bridge said: ${why}`,

  unknown: "Not known yet what is firing.",
  unknownLost: "No link: what is firing is not known.",
  nothing: "Nothing is firing.",
  firing: (pairs) => counts(pairs),
  more: (n) => `and ${n} more`,
  test: "TEST",
  unnamed: "unnamed alert",
  age: (seconds) => `for ${duration(seconds)}`,
  since: (time) => `since ${time}`,
  sounding: "sounding",

  saidFirst: (pairs) => (pairs.length ? `Firing: ${counts(pairs)}.` : texts.nothing),
  saidNew: (alert) =>
    [
      `${alert.test ? "Test. " : ""}${texts.severity(alert.severity)}: ${alert.name || texts.unnamed}`,
      alert.service && `service ${alert.service}`,
      alert.summary,
    ]
      .filter(Boolean)
      .join(", "),
  saidMany: (pairs) => `New: ${counts(pairs)}.`,
  saidResolved: (names) => (names.length > 3 ? `${names.length} alerts resolved.` : `Resolved: ${names.join(", ")}.`),
  saidAllClear: "Nothing is firing any more.",

  controlsTitle: "Volume and test",
  volume: "Volume",
  percent: (n) => `${n} %`,
  testSeverity: "Severity of the test",
  testFire: "Play a test alert",
  testSending: "Sending…",
  testSent: (length) => `Sent. It resolves itself after ${length}.`,
  testSentSilent: (length) => `Sent for ${length}. This page is not listening: press Listen to hear it here.`,
  testFailed: (why) => `It could not be sent: ${why}`,

  factsTitle: "State of the bridge",
  hearsUnknown: "Who hears: not known.",
  watchdog: "Watchdog",
  watchdogArmed: (seconds) => (seconds === null ? "armed" : `armed, heard ${duration(seconds)} ago`),
  watchdogLate: (seconds) => `LATE: heard ${duration(seconds)} ago`,
  watchdogOff: "not armed",
  mqtt: "MQTT",
  mqttState: { connected: "connected", down: "down", off: "off" },
  notKnown: "not known",

  title: (pair) => (pair ? `(${count(pair[1], pair[0])}) The Singing Pager` : "The Singing Pager"),
  titleLost: "(no link) The Singing Pager",
};
