/** How every part of the bridge stands, of /api/v1/status: `{name, good, words}`; `good` is null where nobody can say. No DOM. */

import { texts } from "./texts.js";

const part = (name, good, words) => ({ name, good, words });

function store({ ok, full, aside, path }) {
  if (!ok) return part(texts.healthStore, false, texts.healthStoreBad(path));
  if (full) return part(texts.healthStore, false, texts.healthStoreFull(path));
  return part(texts.healthStore, true, texts.healthStoreGood(path, aside));
}

function mqtt({ state, host, unsent }) {
  const good = { connected: true, down: false }[state] ?? null;
  return part(texts.mqtt, good, texts.healthMqtt(state, host, unsent));
}

/** SuperCollider is not needed where a page listens: that it does not answer is no fault by itself. */
function engine({ name, answers, driver }) {
  if (!answers) return part(texts.healthEngine, null, texts.healthEngineGone(name));
  if (driver === "dummy") return part(texts.healthEngine, false, texts.healthEngineDummy);
  return part(texts.healthEngine, true, texts.healthEngineGood(driver));
}

function alertmanager(one, now) {
  return part(texts.healthAlertmanager(one.urls.join(", ")), one.ok, texts.healthAsked(one, now));
}

function alertmanagers({ alertmanager: asked, webhooks_foreign: foreign }, now) {
  const found = asked.map((one) => alertmanager(one, now));
  for (const one of foreign) found.push(part(texts.healthAlertmanager(one.external_url), false, texts.healthForeign));
  return found.length ? found : [part(texts.healthAlertmanagers, null, texts.healthNotAsked)];
}

function problems(name, path, found, good) {
  return part(name, path === null ? null : found.length === 0, found.length ? found.join(" ") : good);
}

/** Every part; `now` is unix seconds of the bridge's clock. */
export function parts(status, now) {
  const { rule_book: book, own_sounds: own, players, hears } = status;
  return [
    part(texts.healthBridge, true, texts.healthBridgeGood(status.version, now - status.started)),
    part(texts.healthEars, players.some((one) => one.audible), hears),
    store(status.store),
    ...players.filter((one) => one.kind === "sclang").map(engine),
    mqtt(status.mqtt),
    ...alertmanagers(status, now),
    problems(texts.healthBook, book.path, book.problems, texts.healthBookGood(book.path, book.loaded, now)),
    problems(texts.navSounds, own.path, own.problems, texts.healthOwn(own.path)),
  ];
}

/** How each input of the watch stands; an input that has never come is not known to be good. */
export function inputs({ on, inputs: found }, now) {
  return found.map((one) => {
    const late = one.late || (one.armed && Number.isFinite(one.last) && now - one.last > one.within);
    const known = on && one.armed && Number.isFinite(one.last);
    return part(one.name, late ? false : known || null, texts.healthInput(one, now));
  });
}

/** Who listens: each with whether it can be heard, and why not. */
export function listeners(players, now) {
  return players.map((one) => ({ ...part(one.name, one.audible, texts.healthPlayer(one, now)), quiet: one.quiet !== null }));
}
