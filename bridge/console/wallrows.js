/** The rows of the wall: as many of what fires as fit, worst first. Text only, never markup. */

import { element, put } from "./dom.js";
import { acknowledgement, standing, texts } from "./texts.js";

const MOST = 40;
const PARTS = ["severity", "service", "age", "marks"];

/** Bring the rows to the worst of `firing`. `shows` says what strangers may read too. */
export function showRows(list, firing, now, shows) {
  const wanted = firing.slice(0, MOST);
  while (list.children.length > wanted.length) list.lastElementChild.remove();
  while (list.children.length < wanted.length) list.append(row());
  wanted.forEach((alert, i) => fill(list.children[i], alert, now, shows));
}

function row() {
  const node = element("li", "row");
  node.append(...PARTS.map((part) => element("span", part)));
  return node;
}

function fill(node, alert, now, shows) {
  const [severity, service, age, marks] = node.children;
  node.dataset.severity = alert.severity;
  node.dataset.taken = String(Boolean(alert.acknowledged));
  put(severity, texts.severity(String(alert.severity)));
  put(service, alert.service || texts.wallNoService);
  put(age, Number.isFinite(alert.since) ? texts.age(now - alert.since) : "");
  put(marks, words(alert, now, shows));
  marks.hidden = !marks.textContent;
}

/** Who acknowledged and silenced is told; why is a person's words, and stays away with the summary. */
function words({ name, summary, test, flapping, acknowledged, silenced, stale }, now, shows) {
  const quiet = silenced && (shows.summary ? silenced : { ...silenced, comment: "" });
  return [
    shows.name && (name || texts.unnamed),
    shows.summary && summary,
    test && texts.test,
    flapping && texts.flapping,
    acknowledged && acknowledgement(shows.summary ? acknowledged : { ...acknowledged, why: "" }, now),
    standing({ silenced: quiet, stale }, now),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Hide what would be cut off, and tell how many rows are seen. */
export function fit(list) {
  const rows = [...list.children];
  for (const one of rows) one.hidden = false;
  const end = list.getBoundingClientRect().bottom + 1;
  const fits = rows.findIndex((one) => one.getBoundingClientRect().bottom > end);
  if (fits < 0) return rows.length;
  const seen = Math.max(1, fits); // The worst is shown in any case.
  for (const one of rows.slice(seen)) one.hidden = true;
  return seen;
}
