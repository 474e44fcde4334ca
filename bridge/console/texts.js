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

/** What the quiz plays, and how each is heard. */
const KINDS = {
  critical: "critical",
  warning: "warning",
  info: "info",
  resolved: "resolved",
  storm: "storm",
  flapping: "flapping",
  flatline: "flatline",
  linklost: "link lost",
  digest: "digest",
};
const HEARD_BY = {
  critical: "ten quick pulses, three and two, twice",
  warning: "three pulses",
  info: "one pulse",
  resolved: "two soft pulses, the second lower",
  storm: "a texture of many grains, the denser the more alerts",
  flapping: "two tones in turn",
  flatline: "one long low tone, then the three pulses of a warning, as low",
  linklost: "two soft falling pulses",
  digest: "the first pulses of the worst severity, then a tick for each further alert",
};

const verdict = (right) => (right ? "Right" : "No");

/** What the quiz says of an answer: `asked` and `marks` as of quiz.js. */
function told({ kind, service }, { kind: rightKind, service: rightService }) {
  const what = `${verdict(rightKind)}: it was ${KINDS[kind]}, which is ${HEARD_BY[kind]}.`;
  if (!service) return what;
  const { second, third, pan } = service;
  const how = `its motif ${motif(second, third)}, its place: ${place(pan)}`;
  return `${what} ${verdict(rightService)}: it was ${service.service}; ${how}.`;
}

const EVENT = { firing: "began", resolved: "ended" };

/** What became of one event: by whom it was heard, or why it was not. */
function outcome({ outcome: word, reason: why, player }) {
  if (word === "played") return player ? `heard at ${player}` : "heard";
  if (word === "assumed") return `sent${player ? ` to ${player}` : ""}, which cannot say whether it sounded`;
  return word === "suppressed" ? `did not sound: ${reason(why)}` : "not known yet";
}

/** What a severity did in a stretch of time, as of history.js. */
function happened({ severity, began, heard, ended }) {
  const sounded = began ? ` (${heard} heard)` : "";
  return `${began} ${SEVERITY[severity] ?? severity} began${sounded}, ${ended} ended`;
}

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

  timelinePeriod: "What came",
  timelineHour: "The last hour",
  timelineDay: "The last day",
  timelineSummary: (from, to, rows) => `${from} to ${to}: ${rows.length ? rows.map(happened).join("; ") : "nothing came"}.`,
  timelineCut: (n) => `These are the newest ${n}. There are older ones in this time.`,
  timelineFailed: (why) => `The events could not be fetched: ${why}`,
  timelineCaption: "Each of them, the newest first.",
  timelineOlder: "Show older ones",
  legendBegan: "began, and was heard",
  legendEnded: "ended, and was heard",
  legendSilent: "hollow: did not sound",
  legendOpen: "dashed: not known yet",
  eventTime: "Time",
  eventSeverity: "Severity",
  eventDid: "What",
  eventName: "Name",
  eventService: "Service",
  eventHeard: "Heard",
  eventReplay: "Replay",
  eventWhat: (status) => EVENT[status] ?? status,
  eventOutcome: (event) => outcome(event),
  replayTitle: "Hear it again",
  replayNote: "In this page alone: nobody else hears it, and nothing is sent.",
  replayFrom: "From",
  replayFor: "For",
  replayIn: "In",
  replayFiveMinutes: "5 min",
  replayQuarter: "15 min",
  replayHour: "1 h",
  replaySixHours: "6 h",
  replayDay: "24 h",
  replayQuick: "15 s",
  replayUsual: "30 s",
  replayMinute: "60 s",
  replayLong: "5 min",
  replayPlay: "Play",
  replayStop: "Stop",
  replayAround: "Play around it",
  replayAroundWhat: (time, name) => `Play around it: the 5 min around ${name} at ${time}`,
  replayEmpty: "Nothing sounded in this time.",
  replayFailed: (why) => `It cannot be played: ${why}`,

  quizTitle: "What was that?",
  quizNote: "Hear a cue, and say what it was. It sounds in this page alone, and is no alert.",
  quizPlay: "Play a cue",
  quizAgain: "Play again",
  quizWhat: "What was it?",
  quizWhose: "Whose was it?",
  quizAnswer: "Answer",
  quizNow: "A cue sounds. What is it?",
  quizFailed: (why) => `It cannot be played: ${why}`,
  quizKind: (word) => KINDS[word],
  quizTold: (asked, marks) => told(asked, marks),
  quizIncomplete: "Choose an answer to each question first.",
  scoreTitle: "Your score",
  scoreNone: "Nothing has been answered yet in this browser.",
  scoreCaption: "Kept in this browser alone.",
  scoreOf: "Of",
  scoreRight: "Right",
  scoreAsked: "Asked",
  scoreName: (group, name) => (group === "service" ? `service ${name}` : KINDS[name] ?? name),
  scoreCsv: "Save as CSV",
  scoreFile: "singing-pager-score.csv",
  scoreReset: "Forget the score",
  scoreSure: "Forget all of it?",
  scoreYes: "Yes, forget it",
  scoreNo: "No, keep it",
  drillsTitle: "Drills",
  drillsNote: "Hear an incident as it would sound, and say what happens. In this page alone; a real critical ends it.",
  drillsFailed: (why) => `The drills could not be fetched: ${why}`,
  drillPlay: "Play",
  drillStop: "Stop",
  drillPlayWhat: (button, title) => `${button}: ${title}`,
  drillLength: (seconds) => duration(seconds),
  drillNow: (title) => `${title} sounds.`,
  drillFailed: (why) => `It cannot be played: ${why}`,
  drillAnswer: "Answer",
  drillIncomplete: "Choose an answer first.",
  drillRight: "Right.",
  drillWrong: (answer) => `No. It is: ${answer}`,
  drillCaption: (at, text) => `${duration(at)}: ${text}`,

  whoTitle: "Who sings",
  whoReduced: "This reduced page plays the place alone.",
  whoCaption: "Each service has a motif (what its second and third pulse do) and a place.",
  whoService: "Service",
  whoMotif: "Motif",
  whoPlace: "Place",
  whoMotifShown: (second, third) => `${motif(second, third)} (${second}, ${third})`,
  whoPlaceShown: (pan) => place(pan),
  whoNobody: "No service has sung yet.",

  mqtt: "MQTT",
  mqttState: { connected: "connected", down: "down", off: "off" },
  notKnown: "not known",

  titleFlat: "(flatline) The Singing Pager",
  title: (pair) => (pair ? `(${count(pair[1], pair[0])}) The Singing Pager` : "The Singing Pager"),
  titleLost: "(no link) The Singing Pager",
};
