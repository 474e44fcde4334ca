/** Who sings: the table of services with their motifs and places. */

import { byId, element, put } from "./dom.js";
import { texts } from "./texts.js";

const finite = (value) => (Number.isFinite(value) ? value : 0);

/** Bring the table to `who`, as in the state. */
export function showWho(who) {
  const rows = who.map(({ service, second, third, pan }) => [
    String(service),
    texts.whoMotifShown(finite(second), finite(third)),
    texts.whoPlaceShown(finite(pan)),
  ]);
  const body = byId("who-rows");
  while (body.children.length > rows.length) body.lastElementChild.remove();
  while (body.children.length < rows.length) body.append(row());
  rows.forEach((cells, i) => cells.forEach((text, k) => put(body.children[i].children[k], text)));
  byId("who-table").hidden = rows.length === 0;
  byId("who-nobody").hidden = rows.length > 0;
}

function row() {
  const node = element("tr");
  const head = element("th");
  head.scope = "row";
  node.append(head, element("td"), element("td"));
  return node;
}
