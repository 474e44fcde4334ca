/** A rule of the rule book (docs/configuration.md) that plays a sound as it was tried. No DOM. */

import { altered } from "./sliders.js";

/** Cues whose meaning is fixed: no rule may name them. */
export const PAGERS_OWN = ["storm", "flapping", "flatline", "linklost", "digest", "heartbeat"];

const SEVERITIES = ["critical", "warning", "info"];
const PLAIN = /^[a-z][\w-]*$/i;
const WORDS = /^(true|false|yes|no|on|off|null)$/i; // YAML takes them for something else than a text.

const text = (word) => (PLAIN.test(word) && !WORDS.test(word) ? word : JSON.stringify(word));

const number = (value) => String(Number(value.toFixed(4)));

/** The lines of the rule, to stand under `alerts:` (a cue) or `metrics:` (a voice); null where no rule may name it. */
export function ruleText(sound, values) {
  if (PAGERS_OWN.includes(sound.id)) return null;
  const lines = [`  - name: ${text(`tried-${sound.id}`)}`, ...(sound.kind === "cue" ? ofAlerts(sound) : ofSamples())];
  const params = Object.entries(altered(sound, values)).map(([name, value]) => `      ${text(name)}: ${number(value)}`);
  return [...lines, `    sound: ${text(sound.id)}`, ...(params.length ? ["    params:", ...params] : [])].join("\n");
}

function ofAlerts({ id }) {
  const severity = SEVERITIES.find((known) => known === id) ?? "info";
  return [`    match: ['alertname="CHANGE-ME"']`, `    severity: ${severity}`];
}

const ofSamples = () => ["    type: CHANGE-ME"];
