/** Every word of the page, so that a translation is this one file. */

const SEVERITY = { critical: "critical", warning: "warning", info: "info" };
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What can be listened to at one go: at most so many characters of it. */
export const short = (text, most) => (text?.length > most ? `${text.slice(0, most - 1)}…` : text);

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
  const words = [SEVERITY[severity] ?? severity, service && `service ${short(service, 80)}`, short(name, 80) || "unnamed alert", age];
  return `${test ? "Test. " : ""}${words.filter(Boolean).join(", ")}.`;
}

/** By whom, how long ago, until when and why. `ack` as in the state; `now` is unix seconds. */
export function acknowledgement(ack, now) {
  const by = ack.by ? ` by ${ack.by}` : "";
  const until = Number.isFinite(ack.until) ? `, until ${clock(ack.until, now)}` : "";
  return `acknowledged${by} ${duration(now - ack.at)} ago${until}${ack.why ? `: ${ack.why}` : ""}`;
}

/** Why nobody is told of an alert, and since when nobody vouches for it; empty where nothing of it holds. */
export function standing({ muted: mute, silenced, stale }, now) {
  const notes = [];
  if (mute) notes.push(`muted${mute.by ? ` by ${mute.by}` : ""} until ${clock(mute.until, now)}${mute.why ? `: ${mute.why}` : ""}`);
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

const rounded = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value));

/** One of the params of a rule: a number, or a scale over the value. */
function param([name, value]) {
  if (Number.isFinite(value)) return `${name} ${rounded(value)}`;
  return `${name} ${value.scale} from ${value.in.join("–")} to ${value.out.join("–")}`;
}

const NO_SOUND = { silent: "It makes no sound.", sign_of_life: "It is a sign of life, and makes no sound." };

/** What the rule book makes of an alert or a sample. */
function takenWords({ rule, sound, severity, service, params }, sample) {
  if (!rule) return `No rule takes it.${sound ? ` It sounds ${sound}.` : ""}`;
  const follows = NO_SOUND[sound] ?? `It sounds ${sound}${severity && severity !== sound ? ` as ${severity}` : ""}${service ? ` for the service ${service}` : ""}.`;
  const set = Object.entries(params ?? {}).map(param).join(", ");
  return `The rule ${rule} takes the ${sample ? "sample" : "alert"}. ${follows}${set ? ` With ${set}.` : ""}`;
}

/** How one input of the watch stands, without its name. */
const sentence = (words) => {
  const said = words.slice(words.lastIndexOf(": ") + 2);
  return `${said[0].toUpperCase()}${said.slice(1)}.`;
};

function mqttWords(state, host, unsent) {
  if (state === "off") return "Off: no broker is set (MQTT_HOST).";
  const waits = unsent ? ` ${unsent} messages wait for it.` : "";
  if (state === "connected") return `Connected to ${host}.${waits}`;
  return `No broker answers at ${host}: nothing comes from it or goes to it. See whether it runs.${waits}`;
}

/** How an Alertmanager answers. */
function asked({ ok, last, error, failed }, now) {
  const before = Number.isFinite(last) ? `It last answered ${duration(now - last)} ago.` : "It has never answered.";
  if (ok === null) return "It has not answered yet.";
  return ok ? before : `${before} ${failed} questions in a row failed: ${error}. See whether it runs and may be reached.`;
}

/** How the watch stands as a whole. */
function watchWords({ on, armed, route, flatline }, n) {
  if (!on) return "The watch is off: no flatline would sound. Switch it on below Watch.";
  if (flatline.length) return `Bad: ${flatline.map(({ name }) => name).join(", ")} should come in and does not.`;
  if (!armed) return "Bad: the watch is not armed. If nothing came in any more, nobody would notice; Watch has how to arm it.";
  return route ? "No Watchdog has come: Prometheus itself is not watched." : `Good: ${n} ${n === 1 ? "input is" : "inputs are"} watched.`;
}

const PLAYERS = { browser: "A browser", sclang: "SuperCollider" };
const LEVELS = { cues: "hears cues", heartbeat: "hears cues and the heartbeat", everything: "hears everything" };

/** What a player is, what it wants to hear, and why it cannot be heard. */
function player({ kind, audible, level, quiet, answers, driver }, now) {
  const what = `${PLAYERS[kind] ?? kind}, ${LEVELS[level] ?? level}.`;
  if (quiet) return `${what} Quiet until ${clock(quiet.until, now)}${quiet.by ? `, by ${quiet.by}` : ""}${quiet.why ? `: ${quiet.why}` : ""}.`;
  if (audible) return what;
  if (kind !== "sclang") return `${what} It says that it does not listen: Listen is not pressed there, or its sound is paused or at zero.`;
  if (!answers) return `${what} It does not answer.`;
  return `${what} It plays to ${driver === "dummy" ? "no device" : driver || "a device that is not known"}.`;
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
  trying: "Only what you play yourself sounds here. Press Listen to hear alerts.",
  elsewhere: "Another tab of this browser sounds. Listen in this tab first.",
  silent: "Nothing can sound here: the volume is at zero, or this device is quiet.",
  failed: "Nothing can sound here: press Listen, and see what it says.",
};

/** Where an alert came in. */
const SOURCES = {
  alertmanager: "Alertmanager",
  alertmanager_api: "Alertmanager, when it was asked",
  grafana: "Grafana",
  mqtt: "MQTT",
  fire: "a test",
  bridge: "the bridge itself",
};

/** Where a link leads. */
const LINKS = {
  source: "Where it was found",
  runbook: "Runbook",
  dashboard: "Dashboard",
  panel: "Panel",
  silence: "Write a silence",
};
/** Units of the catalogue where another word is better. */
const UNITS = { 1: "", "1/s": "a second" };

/** Why the page has no scsynth. */
const REDUCED = {
  reducedInsecure: "this address is neither https nor localhost, so the browser allows no sound engine.",
  reducedOld: "this browser has no AudioWorklet.",
};

/** Why this page does not speak. */
const SPEECH = {
  missing: "This browser cannot speak.",
  none: "This browser has no voice to speak with.",
  remote: "This browser has only voices of a server elsewhere. What fires here is not sent to one, so this page cannot speak.",
  refused: "This browser lets the page speak only after a press: press a key or click.",
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

  soundsIntro: "Every sound that the bridge knows. What you play here is heard on this page alone; nobody else hears it, and nothing fires.",
  soundsReduced: "This page is reduced: a cue is played from its file, and only its level and place (vol, pan) follow the sliders. Voices cannot be played here.",
  soundsFailed: (why) => `The sounds could not be had: ${why}`,
  soundsCues: "Cues",
  soundsCuesText: "They sound once and end by themselves.",
  soundsVoices: "Voices",
  soundsVoicesText: "They are held, and follow a value: the bed.",
  soundsOwn: "Own sounds",
  soundsOwnText: "From the folder of own sounds of this bridge.",
  soundPlay: "Play",
  soundStop: "Stop",
  soundReset: "As it was",
  soundResetDone: "Every control is as the catalogue has it.",
  soundCopy: "Copy as a rule",
  soundHeld: "It sounds until you press Stop, and follows the sliders.",
  soundOwn: "An own sound is played by SuperCollider alone: this page cannot play it. A rule for it can be copied.",
  soundVoiceReduced: "This page is reduced to the cues: it cannot play a voice. A rule for it can be copied.",
  soundControl: (name, text) => `${name}: ${text}`,
  soundValue: (value, unit) => [value, UNITS[unit] ?? unit].filter((word) => word !== "").join(" "),
  soundRule: (cue) =>
    `The rule. Paste it as the first one under ${cue ? "alerts:" : "metrics:"} of your rule book, and say in place of CHANGE-ME what it takes:`,
  soundFixed: "What this cue means is fixed: no rule may give it another meaning, so there is none to copy.",
  soundCopied: (changed) =>
    changed ? `Copied, with ${changed} changed ${changed === 1 ? "control" : "controls"}.` : "Copied; every control is at its default.",
  soundSelected: "The rule is selected: copy it with your keyboard or the context menu.",

  rulesIntro: "The rule book as the bridge has read it. The first rule whose matchers all hold takes an alert or a sample.",
  rulesAsk: "Which rule takes it?",
  rulesLabels: "Labels, as name=value, one a line or with commas",
  rulesType: "Type, for a sample (empty: an alert)",
  rulesValue: "Value",
  rulesSend: "Ask",
  rulesPlay: "Play it",
  rulesThis: "(takes it)",
  rulesNoLabel: (piece) => `“${piece}” is no label: write name=value.`,
  rulesFailed: (why) => `The rules could not be had: ${why}`,
  rulesTaken: (taken, sample) => takenWords(taken, sample),
  rulesAlertsTitle: "Rules for alerts",
  rulesMetricsTitle: "Rules for samples",
  rulesName: "Rule",
  rulesTakes: "Takes",
  rulesSounds: "What follows",
  rulesMatch: ({ type, match }) => [type && `type ${type}`, ...match].filter(Boolean).join(", ") || "everything",
  rulesFollows: ({ sound, severity, params }) =>
    [sound, severity && severity !== sound && `as ${severity}`, ...Object.entries(params).map(param)].filter(Boolean).join(", "),

  healthIntro: "How every part of the bridge stands. “Not known” means that: neither good nor bad.",
  healthFailed: (why) => `Nothing is known of the bridge now: ${why}. See whether it runs, and whether this device reaches it.`,
  healthVerdict: (good) => (good === null ? "Not known or not used." : good ? "Good." : "Bad."),
  healthHeard: (audible) => (audible ? "Can be heard." : "Cannot be heard."),
  healthPartsTitle: "Parts",
  healthInputsTitle: "Inputs",
  healthPlayersTitle: "Who listens where",
  healthBridge: "Bridge",
  healthBridgeGood: (version, up) => `Version ${version}, running for ${duration(up)}.`,
  healthEars: "Ears",
  healthStore: "Store",
  healthStoreGood: (path, aside) =>
    `State is written to ${path}.${aside ? ` A damaged one was put aside as ${aside}: what it knew is not known any more.` : ""}`,
  healthStoreBad: (path) =>
    `${path} cannot be written: a restart would forget what happens now. See whether the disk is full and whose the folder is.`,
  healthStoreFull: (path) => `Too much waits to be written to ${path}: its disk is too slow.`,
  healthMqtt: (state, host, unsent) => mqttWords(state, host, unsent),
  healthEngine: "SuperCollider",
  healthEngineGood: (driver) => `It answers${driver ? ` and plays through ${driver}` : ""}.`,
  healthEngineGone: (name) => `Nobody answers at ${name}. It is needed only for sound at the bridge itself: supercollider/run.`,
  healthEngineDummy: "It answers, but plays to no device (dummy): nobody can hear it. Start it with a sound server.",
  healthAlertmanager: (address) => `Alertmanager ${address}`,
  healthAlertmanagers: "Alertmanagers",
  healthNotAsked: "None is asked: what is silenced there, or has ended unsaid, is not known here. Name one under alertmanager: in the rule book.",
  healthForeign: "It sends alerts but is not asked: its silences are not known here. Name it under alertmanager: in the rule book.",
  healthAsked: (one, now) => asked(one, now),
  healthBook: "Rule book",
  healthBookGood: (path, loaded, now) => `${path}, read at ${clock(loaded, now)}, without a problem.`,
  healthOwn: (path) => (path === null ? "No folder of own sounds is set." : `Own sounds of ${path}, without a problem.`),
  healthWatch: (watch, n) => watchWords(watch, n),
  healthInput: (one, now) => `${sentence(input(one, now))} At most ${duration(one.within)} may pass.`,
  healthNobody: "Nobody listens: press Listen here.",
  healthPlayer: (one, now) => player(one, now),
  healthQuiet: "Quiet for 10 min",
  healthSound: "Let it sound",
  healthQuieted: (name) => `${name} is quiet for 10 min.`,
  healthSounds: (name) => `${name} may sound again.`,

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
  onlySpeaking: "This page speaks, but no alert sounds until you press Listen.",
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
  trying: "Only what you play yourself sounds here. Press Listen to hear alerts.",
  elsewhere: "Another tab of this browser sounds. This one is silent until that one stops.",
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
      `${alert.test ? "Test. " : ""}${texts.severity(alert.severity)}: ${short(alert.name, 80) || texts.unnamed}`,
      alert.service && `service ${short(alert.service, 80)}`,
      short(alert.summary, 160),
    ]
      .filter(Boolean)
      .join(", "),
  saidMany: (pairs) => `New: ${counts(pairs)}.`,
  saidResolved: (names) => (names.length > 3 ? `${names.length} alerts resolved.` : `Resolved: ${names.map((name) => short(name, 80)).join(", ")}.`),
  saidMore: (pairs) => `And ${more(pairs)} more.`,
  spoken: (alert, now) => spokenAlert(alert, now),
  saidCut: (pairs) => `Cut short: ${more(pairs)}.`,
  saidLost: "The link is lost; this is not known.",
  saidAllClear: "Nothing is firing any more.",

  flapping: "flapping",
  acknowledge: "Acknowledge",
  unacknowledge: "Un-acknowledge",
  acknowledgeEverything: "Acknowledge all",
  acknowledgeAll: (n) => `Acknowledge all ${n}`,
  actFailed: (why) => `The bridge did not take it: ${why}`,
  saidAcknowledged: (names, by) =>
    `${by ? `${by} has acknowledged` : "Acknowledged"}: ${names.length > 3 ? `${names.length} alerts` : names.map((name) => short(name, 80)).join(", ")}.`,

  moreOf: "More",
  factLabels: "Labels",
  factRule: "Rule",
  factSince: "Since",
  factSound: "Sound",
  factSource: "From",
  factValue: "Value",
  sources: SOURCES,
  links: LINKS,
  value: (value) => String(Number(value.toPrecision(4))),
  playHere: "Play it here",
  playFailed: (why) => `It cannot be played: ${why}`,
  noCue: "the rule book is silent about it.",
  soloService: (service) => `Hear only ${service} here`,
  soloVoice: "Hear only this voice here",
  soloEnd: "Hear everything again",
  soloNow: (what) => `Only ${what} sounds here; criticals sound all the same.`,
  soloNowVoice: (what) => `Of the bed only ${what} sounds here; cues sound as ever.`,
  mute: "Mute for everyone, 30 min",
  muteCritical: "Mute this critical for everyone, 30 min",
  muteVoice: "Mute for everyone, 30 min",
  unmute: "Unmute",
  silence: "Silence in Alertmanager, 2 h",
  unsilence: "End the silence",
  voicesTitle: "The bed",
  voicesNone: "No series sounds. Send a metric, and it is heard here as a voice.",

  flatTitle: "Flatline",
  flat: (gone, now) => `Nothing comes from ${gone.map((one) => missing(one, now)).join(", ")}.`,
  flatNothing: "Nothing is known to fire, but input is missing.",
  saidFlatline: (names) => `Flatline: nothing comes from ${names.join(", ")} any more.`,
  saidFlatlineOver: "The flatline is over: input comes in again.",

  controlsTitle: "Volume, level and test",
  volume: "Volume",
  volumeCues: "Cues",
  volumeBed: "Bed",
  volumeSpeech: "Speech",
  speak: "Speak",
  speakNote: "New alerts are spoken by a voice of this device: severity, service, name and age.",
  speakSilent: "Nothing is spoken while the volume is at zero, this device is quiet, or another tab sounds. A screen reader is told instead.",
  speakCannot: (why) => SPEECH[why] ?? SPEECH.missing,
  sayHow: "Say how it is",
  percent: (n) => `${n} %`,
  level: "What to hear here",
  levelCues: "Cues",
  levelHeartbeat: "Cues and heartbeat",
  levelEverything: "Everything",
  levelNote: "This page has no bed of sound: here “Everything” is the same as “Cues and heartbeat”.",
  severities: "Alerts to hear here",
  severitiesAll: "All",
  severitiesWarning: "Warnings and criticals",
  severitiesCritical: "Criticals alone",
  meter: "Level",
  meterShown: (db) => (db <= -60 ? "silent" : `${Math.round(db)} dB`),
  spectrum: "Spectrum of what sounds here, low on the left",
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
  replayFuture: "That time has not come yet.",
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
