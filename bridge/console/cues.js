/** The cues that are there as files, each with the level (`vol`) at which it was rendered. */

export const CUES = {
  critical: 0.9,
  warning: 0.7,
  info: 0.5,
  resolved: 0.5,
  storm: 0.5,
  flapping: 0.5,
  flatline: 0.7,
  linklost: 0.5,
  digest: 0.5,
  heartbeat: 0.5,
};

const SEVERITIES = ["critical", "warning", "info"];

/** Without one of these the page must not claim to listen: an alert, or that none can come, could pass unheard. */
export const ESSENTIAL = [...SEVERITIES, "storm", "flatline", "linklost"];

const WORST = 2;
const COUNT = 5;
const digest = (worst, count) => `digest.${worst}.${count}`;
const upTo = (most) => Array.from({ length: most + 1 }, (_, n) => n);
const ALTERED = "heartbeat.altered";

/** The names of the files. A digest has one for each worst severity (0 to 2) and number of further alerts (0 to 5). */
export const FILES = [
  ...Object.keys(CUES).filter((sound) => sound !== "digest"),
  ALTERED,
  ...upTo(WORST).flatMap((worst) => upTo(COUNT).map((count) => digest(worst, count))),
];

export const address = (file) => `/console/sounds/${file}.flac`;

const whole = (value, most, otherwise) =>
  Number.isFinite(value) ? Math.min(most, Math.max(0, Math.round(value))) : otherwise;

/** The cue that stands for a sound here: a sound that has no file is told by its severity's own. */
const standsFor = (sound, severity) => (Object.hasOwn(CUES, sound) ? sound : SEVERITIES.find((known) => known === severity));

/** What a play is played with: `file`, and the level at which it was rendered; null when there is nothing. */
export function cueOf({ sound, severity, params = {} }) {
  const cue = standsFor(sound, severity);
  if (!cue) return null;
  let file = cue;
  if (cue === "digest") file = digest(whole(params.worst, WORST, 1), whole(params.count, COUNT, 0));
  else if (cue === "heartbeat" && Number.isFinite(params.second) && params.second !== 0) file = ALTERED;
  return { file, vol: CUES[cue] };
}
