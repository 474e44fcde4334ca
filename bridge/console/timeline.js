/** The last hour and day: what came and how it ended, as a picture and as a table; a stretch of it can be heard. */

import { get } from "./ask.js";
import { drawChart, legend } from "./chart.js";
import { byId, put, show } from "./dom.js";
import { merge, ending, summary, within } from "./history.js";
import { Replay } from "./replay.js";
import { Rows } from "./rows.js";
import { clock, texts } from "./texts.js";

const PERIODS = { hour: 3600, day: 86400 };
const LIMIT = 500;
const PAGES = 4; // Of the picture: more than 2000 marks are no picture.
const SHOWN = 20; // Rows, and how many more a press brings.
const EVERY = 5; // Seconds between two looks, where something has changed.
const SLIDE = 60; // Seconds until the picture moves on where nothing has.
const SETTLES = 120; // Seconds in which an event gets its outcome.

export class Timeline {
  #replay;
  #rows = new Rows(byId("timeline-rows"), (event) => this.#replay.around(event.received));
  #period = "hour";
  #known = { events: [], before: null };
  #wanted = SHOWN;
  #asked = 0;
  #offset = 0;
  #stood = "";
  #dirty = true;
  #visible = false;

  /** @param {import("./stage.js").Stage} stage for what sounds in this page alone */
  constructor(stage) {
    this.#replay = new Replay(stage, () => this.#now(), () => this.#draw());
    byId("timeline-legend").replaceChildren(...legend());
    for (const period of Object.keys(PERIODS)) {
      byId(`timeline-${period}`).addEventListener("change", () => this.#choose(period));
    }
    byId("timeline-older").addEventListener("click", () => this.#older());
    new ResizeObserver(() => this.#draw()).observe(byId("timeline-chart"));
  }

  shown() {
    this.#visible = true;
    this.#replay.shown();
    this.#load();
  }

  hidden() {
    this.#visible = false;
    this.#replay.hidden();
  }

  /** With every state: what fires has changed, so there are new events. */
  state(state) {
    this.#offset = state.now - Date.now() / 1000;
    const stands = JSON.stringify([
      state.counts,
      state.cadence.storm,
      state.firing.map(({ fingerprint, severity, since }) => [fingerprint, severity, since]),
    ]);
    if (stands !== this.#stood) this.#dirty = true;
    this.#stood = stands;
  }

  tick() {
    this.#replay.tick();
    const past = Date.now() / 1000 - this.#asked;
    if (past >= SLIDE || (past >= EVERY && (this.#dirty || this.#unsettled()))) this.#load();
  }

  #now() {
    return Date.now() / 1000 + this.#offset;
  }

  #unsettled() {
    const from = this.#now() - SETTLES;
    return within(this.#known.events, from).some((event) => ending(event) === "open");
  }

  #choose(period) {
    this.#period = period;
    this.#known = { events: [], before: null };
    this.#wanted = SHOWN;
    this.#load();
  }

  /** Ask for what is new, and at first for what the picture needs. */
  async #load() {
    this.#asked = Date.now() / 1000;
    this.#dirty = false;
    const period = this.#period;
    try {
      const known = merge(this.#known, await this.#page(period));
      while (known.before !== null && known.events.length < PAGES * LIMIT) {
        const page = await this.#page(period, known.before);
        known.events.push(...page.events);
        known.before = page.before;
      }
      if (period !== this.#period) return;
      this.#known = known;
      show("timeline-problem", "", true);
    } catch (error) {
      show("timeline-problem", texts.timelineFailed(error.message));
    }
    this.#draw();
  }

  #page(period, before = null) {
    return get("/api/v1/events", { since: `${PERIODS[period]}s`, limit: LIMIT, ...(before === null ? {} : { before }) });
  }

  async #older() {
    this.#wanted += SHOWN;
    const { events, before } = this.#known;
    if (this.#wanted > events.length && before !== null) {
      try {
        const page = await this.#page(this.#period, before);
        this.#known = { events: [...events, ...page.events], before: page.before };
      } catch (error) {
        show("timeline-problem", texts.timelineFailed(error.message));
      }
    }
    this.#draw();
  }

  #draw() {
    if (!this.#visible) return;
    const now = this.#now();
    const since = now - PERIODS[this.#period];
    const events = within(this.#known.events, since);
    drawChart(byId("timeline-chart"), events, { since, until: now, picked: this.#replay.picked });
    // Where older ones are not here, the words are about those that are.
    const from = this.#known.before === null ? since : (events.at(-1)?.received ?? since);
    put(byId("timeline-summary"), texts.timelineSummary(clock(from, now), clock(now, now), summary(events)));
    show("timeline-cut", texts.timelineCut(events.length), this.#known.before === null);
    this.#rows.show(events.slice(0, this.#wanted), now);
    byId("timeline-table").hidden = events.length === 0;
    byId("timeline-older").hidden = this.#wanted >= events.length && this.#known.before === null;
  }
}
