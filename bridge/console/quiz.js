/** What the quiz asks, what is right, and the score. Chance comes from outside: `random()` is from 0 to less than 1. */

export const KINDS = ["critical", "warning", "info", "resolved", "storm", "flapping", "flatline", "linklost", "digest"];
const WITH_MOTIF = ["critical", "warning"];
const CHOICES = 5; // Services to choose from.
const SECONDS = 4; // The longest cue, the flatline, with its reverb.

/** Services to learn with where the bridge knows fewer than two. */
const EXAMPLES = [
  { service: "checkout", second: -5, third: -12, pan: -0.6 },
  { service: "database", second: -8, third: 0, pan: 0.6 },
  { service: "mail", second: 0, third: -5, pan: 0 },
  { service: "search", second: -12, third: -8, pan: 0.3 },
];

const finite = (value) => (Number.isFinite(value) ? value : 0);

/** The services that the quiz asks for: those of the state that have a motif, else the examples. */
export function singers(who) {
  const known = who
    .map(({ service, second, third, pan }) => {
      return { service: String(service), second: finite(second), third: finite(third), pan: finite(pan) };
    })
    .filter(({ service, second, third }) => service && (second || third));
  return known.length < 2 ? EXAMPLES : known;
}

const pick = (list, random) => list[Math.floor(random() * list.length)];

function some(list, many, random) {
  const left = [...list];
  return Array.from({ length: Math.min(many, left.length) }, () => left.splice(Math.floor(random() * left.length), 1)[0]);
}

/** Controls of a kind that say something: of a digest and a storm how much it tells of. */
function controls(kind, random) {
  if (kind === "digest") return { worst: Math.floor(random() * 3), count: Math.floor(random() * 6) };
  return kind === "storm" ? { density: 8 + 24 * random() } : {};
}

/**
 * A question: `kind`, `service` (null where the cue has no motif), `services` to choose from by name, and the `params`
 * of the cue.
 */
export function question(services, random) {
  const kind = pick(KINDS, random);
  if (!WITH_MOTIF.includes(kind)) return { kind, service: null, services: [], params: controls(kind, random) };
  const service = pick(services, random);
  const others = some(services.filter((one) => one !== service), CHOICES - 1, random);
  const names = [service, ...others].map((one) => one.service);
  const { second, third, pan } = service;
  return { kind, service, services: [...new Set(names)].sort(), params: { second, third, pan } };
}

/** What the stage plays for a question. */
export function performance({ kind, params }) {
  const command = { at: 0, do: "play", id: "quiz", sound: kind, severity: "info", params };
  return { length: SECONDS, commands: [command], captions: [] };
}

/** Whether each part of an answer is right: `{kind, service}`; `service` is null where it was not asked for. */
export function judge(asked, answer) {
  const service = asked.service ? answer.service === asked.service.service : null;
  return { kind: answer.kind === asked.kind, service };
}

/** The score with one answer more: a list of `{group, name, right, asked}`, kinds before services. */
export function counted(score, asked, marks) {
  const one = count(score, "kind", asked.kind, marks.kind);
  return asked.service ? count(one, "service", asked.service.service, marks.service) : one;
}

function count(score, group, name, right) {
  const same = (row) => row.group === group && row.name === name;
  const was = score.find(same) ?? { group, name, right: 0, asked: 0 };
  const row = { group, name, right: was.right + (right ? 1 : 0), asked: was.asked + 1 };
  return [...score.filter((other) => !same(other)), row].sort(order);
}

const rank = ({ group, name }) => (group === "kind" ? KINDS.indexOf(name) : KINDS.length);
const order = (a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1);

/** What was kept, or an empty score where that cannot be read. */
export function readScore(text) {
  try {
    return JSON.parse(text).filter(
      ({ group, name, right, asked }) =>
        (group === "service" ? typeof name === "string" : group === "kind" && KINDS.includes(name)) &&
        Number.isInteger(right) &&
        Number.isInteger(asked),
    );
  } catch {
    return [];
  }
}

/** A name comes from a stranger's label: a spreadsheet shall not take it for a formula. */
function cell(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The score as CSV (RFC 4180), with a first line that names the columns. */
export function csv(score) {
  const rows = score.map(({ group, name, right, asked }) => [group, name, right, asked]);
  return [["group", "name", "right", "asked"], ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
