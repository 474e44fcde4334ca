/** The table of events, the newest first. A row that stays keeps its place and its focus. */

import { element, put } from "./dom.js";
import { clock, texts } from "./texts.js";

class Row {
  /** `press(event)`: its button is pressed. */
  constructor(event, press) {
    this.node = element("tr");
    this.node.dataset.severity = event.severity;
    this.time = element("th");
    this.time.scope = "row";
    this.what = element("td", "what");
    this.outcome = element("td", "outcome");
    const name = element("td", "which", event.labels?.alertname || texts.unnamed);
    const severity = element("td");
    severity.append(element("span", "severity", texts.severity(event.severity)));
    this.node.append(this.time, severity, this.what, name, element("td", "whose", event.service));
    this.node.append(this.outcome, this.#act(event, press));
    this.#roles();
  }

  /** Where a row is laid out as a card, it is a row of a table all the same. */
  #roles() {
    this.node.setAttribute("role", "row");
    for (const cell of this.node.children) cell.setAttribute("role", cell === this.time ? "rowheader" : "cell");
  }

  #act(event, press) {
    const cell = element("td");
    this.button = element("button", "small", texts.replayAround);
    this.button.type = "button";
    this.button.addEventListener("click", () => press(event));
    cell.append(this.button);
    return cell;
  }

  show(event, now) {
    const time = clock(event.received, now);
    put(this.time, time);
    put(this.what, texts.eventWhat(event.status));
    put(this.outcome, texts.eventOutcome(event));
    this.button.setAttribute("aria-label", texts.replayAroundWhat(time, event.labels?.alertname || texts.unnamed));
  }
}

export class Rows {
  #body;
  #press;
  #rows = new Map();

  constructor(body, press) {
    this.#body = body;
    this.#press = press;
  }

  /** Bring the table to `events`; `now` is unix seconds of the bridge's clock. */
  show(events, now) {
    const rows = new Map(events.map((event) => [event.id, this.#rows.get(event.id) ?? new Row(event, this.#press)]));
    for (const [id, row] of this.#rows) if (!rows.has(id)) row.node.remove();
    this.#rows = rows;
    for (const event of events) rows.get(event.id).show(event, now);
    [...rows.values()].forEach((row, i) => {
      const there = this.#body.children[i];
      if (there !== row.node) this.#body.insertBefore(row.node, there ?? null);
    });
  }
}
