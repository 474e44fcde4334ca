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

/** A time of day, 24 h as on the command line; with its date when it is not of the last 24 hours. `unix` and `now` are unix seconds. */
export function clock(unix, now) {
  const date = new Date(unix * 1000);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return Math.abs(now - unix) < DAY ? time : `${date.toLocaleDateString()} ${time}`;
}

function count(n, word) {
  return `${n} ${SEVERITY[word] ?? word}`;
}

/** Words for a list of `[severity, number]` pairs, worst first. */
function counts(pairs) {
  return pairs.map(([severity, n]) => count(n, severity)).join(", ");
}

/** Counts of what there is no time to tell: severities by their words, and `other` for the rest. */
function more(pairs) {
  if (pairs.length === 1 && pairs[0][0] === "other") return String(pairs[0][1]);
  return counts(pairs.map(([kind, n]) => [kind === "other" && n > 1 ? "others" : kind, n]));
}

/** Of an alert what the voice says: never what stands in annotations. `now` is unix seconds of the bridge's clock. */
function spokenAlert({ test, severity, service, name, since }, now) {
  const age = Number.isFinite(since) && `for ${duration(now - since)}`;
  const words = [SEVERITY[severity] ?? severity, service && `service ${service}`, name || "unnamed alert", age];
  return `${test ? "Test. " : ""}${words.filter(Boolean).join(", ")}.`;
}

/** By whom, how long ago, until when and why. `ack` as in the state; `now` is unix seconds. */
export function acknowledgement(ack, now) {
  const by = ack.by ? ` by ${ack.by}` : "";
  const until = Number.isFinite(ack.until) ? `, until ${clock(ack.until, now)}` : "";
  return `acknowledged${by} ${duration(now - ack.at)} ago${until}${ack.why ? `: ${ack.why}` : ""}`;
}

/** Why Alertmanager tells nobody of an alert, and since when nobody vouches for it; empty where neither holds. */
export function standing({ silenced, stale }, now) {
  const notes = [];
  if (silenced?.id) {
    const by = silenced.by ? ` by ${silenced.by}` : "";
    const until = Number.isFinite(silenced.until) ? ` until ${clock(silenced.until, now)}` : "";
    notes.push(`silenced in Alertmanager${by}${until}${silenced.comment ? `: ${silenced.comment}` : ""}`);
  } else if (silenced) notes.push(silenced.comment || "suppressed in Alertmanager");
  if (stale) notes.push(`stale for ${duration(now - stale.since)}: nobody vouches for it`);
  return notes.join("; ");
}

/** What one mute keeps silent, until when, and who said so. */
function muted({ fingerprint, name, match, include_critical, by, why, until }, now) {
  const one = `${name || "an alert that does not fire now"} (${fingerprint})`;
  const what = fingerprint ? one : match.join(", ") || "everything";
  const who = `${by ? `, by ${by}` : ""}${why ? `: ${why}` : ""}`;
  return `${what}, ${include_critical ? "also criticals" : "not criticals"}, until ${clock(until, now)}${who}`;
}

const INTERVALS = [
  "a minor second",
  "a second",
  "a minor third",
  "a third",
  "a fourth",
  "a tritone",
  "a fifth",
  "a minor sixth",
  "a sixth",
  "a minor seventh",
  "a seventh",
  "an octave",
];
const NEAR = 0.05; // Less than this, in semitones or in place, is no difference to an ear.

function interval(semitones) {
  const size = Math.abs(semitones);
  if (size < NEAR) return "stays";
  return `${semitones < 0 ? "falls" : "rises"} ${INTERVALS[size - 1] ?? `${size} semitones`}`;
}

/** What the second and the third pulse of a motif do; both are in semitones above the first. */
export function motif(second, third) {
  if (Math.abs(second) < NEAR && Math.abs(third) < NEAR) return "stays on one note";
  return `${interval(second)}, then ${Math.abs(third) < NEAR ? "back" : interval(third - second)}`;
}

/** Where it stands: `pan` is -1 left to 1 right. */
export function place(pan) {
  if (Math.abs(pan) < NEAR) return "middle";
  return `${pan < 0 ? "left" : "right"} ${Math.abs(pan).toFixed(1)}`;
}

/** How one input of the watch stands. */
function input({ name, last, armed }, now) {
  if (!Number.isFinite(last)) return `${name}: ${armed ? "never heard" : "not heard yet"}`;
  return `${name}: heard ${duration(now - last)} ago`;
}

/** Why a test does not sound, where the word alone does not tell. The command line has the same words in look.py. */
const REASONS = {
  by_rule: "the rule book is silent about it",
  flood: "too much at once, it counts in the storm",
  flapping: "it comes and goes",
  duplicate: "it fires already",
  superseded: "something worse of the same subject fires",
  no_listener: "nobody hears",
  silenced: "Alertmanager silences it",
  muted: "it is muted here",
  digest: "it stood already, the digest tells of it",
  acknowledged: "somebody has taken it on",
  capped: "beyond the limit of voices",
};

/** Why something was suppressed. */
export const reason = (word) => REASONS[word] ?? String(word).replaceAll("_", " ");

const missing = ({ name, last }, now) =>
  `${name} (${Number.isFinite(last) ? `for ${duration(now - last)}` : "never heard"})`;

/** How it ended, or why it could not begin, what sounds in this page alone. */
const ALONE = {
  ended: "It has ended.",
  stopped: "Stopped.",
  critical: "A real critical has come: what sounded here alone was stopped.",
  elsewhere: "Another tab of this browser sounds. Listen in this tab first.",
  silent: "Nothing can sound here: the volume is at zero, or this device is quiet.",
  failed: "Nothing can sound here: press Listen, and see what it says.",
};

/** Why the page has no scsynth. */
const REDUCED = {
  reducedInsecure: "this address is neither https nor localhost, so the browser allows no sound engine.",
  reducedOld: "this browser has no AudioWorklet.",
};

export const texts = {
  product: "The Singing Pager",
  ...SEVERITY,
  severity: (word) => SEVERITY[word] ?? word,

  navTitle: "Views",
  navNow: "Now",
  navTimeline: "Timeline",
  navSounds: "Sounds",
  navRules: "Rules",
  navHealth: "Health",
  navLearn: "Learn",

  aloneNow: "Sounding here alone. The live bed is silent meanwhile; live alerts sound, and a critical ends this.",
  aloneStop: "Stop it",
  aloneEnded: (why) => ALONE[why],

  loginTitle: "Log in",
  loginNote: "This bridge asks for a token: the content of its read or control token file.",
  loginToken: "Token",
  loginSend: "Log in",
  loginFailed: (why) => `Not logged in: ${why}`,
  login: "Log in to change things",
  logout: "Log out",
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
  quietHere: (length) => `Quiet on this device for ${length}`,
  quietEnd: "Sound again",
  quietNow: (left) => `Quiet on this device for another ${duration(left)}: nothing sounds here, whatever happens.`,
  elsewhere: "Another tab of this browser sounds. This one is silent.",
  takeOver: "Listen in this tab instead",
  reduced: (why) =>
    `Reduced to the cues, without the bed: ${REDUCED[why] ?? `the sound engine failed (${why}).`} All of it needs https, or this page at http://localhost (docs/page.md).`,
  noAudio: (why) => `This browser cannot play sound: ${why}`,

  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  lost: "Link lost",
  lostSaid: "The link to the bridge is lost. This page cannot tell what is firing.",
  back: "The link is back.",
  stale: (time) =>
    `No link to the bridge. This is how it was at ${time}. Until the link is back nothing can be acknowledged here.`,
  staleWhy: (why) => `The bridge said: ${why}`,

  unknown: "Not known yet what is firing.",
  unknownLost: "No link: what is firing is not known.",
  nothing: "Nothing is firing.",
  firing: (pairs) => counts(pairs),
  more: (n) => `and ${n} more`,
  showAll: (n, all) => (all ? `Show all ${n}` : `Show the worst ${n}`),
  showFewer: (n) => `Show the first ${n}`,
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
  saidMore: (pairs) => `And ${more(pairs)} more.`,
  spoken: (alert, now) => spokenAlert(alert, now),
  saidAllClear: "Nothing is firing any more.",

  flapping: "flapping",
  acknowledge: "Acknowledge",
  unacknowledge: "Un-acknowledge",
  acknowledgeAll: (n) => `Acknowledge all ${n}`,
  actFailed: (why) => `The bridge did not take it: ${why}`,
  saidAcknowledged: (names, by) =>
    `${by ? `${by} has acknowledged` : "Acknowledged"}: ${names.length > 3 ? `${names.length} alerts` : names.join(", ")}.`,

  flatTitle: "Flatline",
  flat: (gone, now) => `Nothing comes from ${gone.map((one) => missing(one, now)).join(", ")}.`,
  flatNothing: "Nothing is known to fire, but input is missing.",
  saidFlatline: (names) => `Flatline: nothing comes from ${names.join(", ")} any more.`,
  saidFlatlineOver: "The flatline is over: input comes in again.",

  controlsTitle: "Volume, level and test",
  volume: "Volume",
  volumeCues: "Cues",
  volumeBed: "Bed",
  percent: (n) => `${n} %`,
  level: "What to hear here",
  levelCues: "Cues",
  levelHeartbeat: "Cues and heartbeat",
  levelEverything: "Everything",
  levelNote: "This page has no bed of sound: here “Everything” is the same as “Cues and heartbeat”.",
  name: "Your name, for what you acknowledge",
  testSeverity: "Severity of the test",
  testFire: "Play a test alert",
  testSending: "Sending…",
  testSent: (length) => `Sent. It resolves itself after ${length}.`,
  testSentSilent: (length) => `Sent for ${length}. This page is not listening: press Listen to hear it here.`,
  testSuppressed: (why, length) => `Not sounded: ${reason(why)}. It resolves itself after ${length}.`,
  testFailed: (why) => `It could not be sent: ${why}`,

  factsTitle: "State of the bridge",
  hearsUnknown: "Who hears: not known.",
  hearsLost: "No link: who hears is not known.",
  storm: "Storm",
  stormShown: (n) => `${n} ${n === 1 ? "alert" : "alerts"} in one texture`,
  quiet: "Quiet hours",
  mutes: "Muted for everyone",
  mutesShown: (mutes, now) => mutes.map((mute) => muted(mute, now)).join("; "),
  quietShown: "in force: only criticals and the flatline sound",
  reminder: "Next reminder",
  reminderShown: (seconds) => (seconds < 1 ? "now" : `in ${duration(seconds)}`),
  bed: "Bed",
  bedSunk: "sunk: all has been calm",
  bedChord: (chord) => `chord ${Math.round(chord)} of 4, the more the worse`,

  watchTitle: "Watch",
  watchArmed: "The watch is armed: if input stops, that is heard.",
  watchNotArmed: "The watch is not armed: if nothing came in any more, nobody would notice.",
  watchPartly: (names) =>
    `The watch is armed for ${names.join(", ")}; no Watchdog has come yet: Prometheus itself is not watched.`,
  watchFlat: "Input is missing.",
  watchOff: (since, by) => `The watch is off${since === null ? "" : ` since ${since}`}${by ? `, by ${by}` : ""}. No flatline would sound.`,
  watchSwitchOn: "Switch the watch on",
  watchSwitchOff: "Switch the watch off",
  watchHelp: "How to arm it",
  watchRouteText: "Put this route first under “routes:” of your alertmanager.yml, so that the Watchdog alert comes here:",
  watchReceiverText: "and this receiver under “receivers:”, once:",
  watchRoute: [
    "    - receiver: singing-pager",
    "      matchers: ['alertname=\"Watchdog\"']",
    "      group_wait: 0s",
    "      group_interval: 30s",
    "      repeat_interval: 30s",
    "      continue: true",
  ].join("\n"),
  watchReceiver: (address) =>
    ["  - name: singing-pager", "    webhook_configs:", `      - url: ${address}`, "        send_resolved: true"].join("\n"),
  watchInput: (one, now) => input(one, now),
  saidWatchOn: "The watch is on again.",
  saidWatchOff: "The watch is off.",

  whoTitle: "Who sings",
  whoReduced: "This reduced page plays the place alone.",
  whoCaption: "Each service has a motif (what its second and third pulse do) and a place.",
  whoService: "Service",
  whoMotif: "Motif",
  whoPlace: "Place",
  whoMotifShown: (second, third) => `${motif(second, third)} (${second}, ${third})`,
  whoPlaceShown: (pan) => place(pan),
  whoNobody: "No service has sung yet.",

  wallLogin: "Log in at /",
  wallControls: "Controls",
  wallSilent: "Not listening: press a key or click, because this browser gives sound only then.",
  wallNoService: "no service",
  wallUpdated: (time) => `as of ${time}`,
  wallMayDarken: "The screen may go dark: this browser does not let the page keep it on.",

  mqtt: "MQTT",
  mqttState: { connected: "connected", down: "down", off: "off" },
  notKnown: "not known",

  titleFlat: "(flatline) The Singing Pager",
  title: (pair) => (pair ? `(${count(pair[1], pair[0])}) The Singing Pager` : "The Singing Pager"),
  titleLost: "(no link) The Singing Pager",
};
