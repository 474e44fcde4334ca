/** The watch on the page: the banner of a flatline, how every input stands, the switch, and how to arm it. */

import { byId, element, put, show } from "./dom.js";
import { acknowledgement, clock, texts } from "./texts.js";

export class WatchCard {
  #watch = null;

  constructor() {
    put(byId("watch-route"), texts.watchRoute);
    put(byId("watch-receiver"), texts.watchReceiver(new URL("/alert", location.href).href));
  }

  /** `on.watch(on)`, `on.flatline(its acknowledgement or null)`: what a person does. */
  wire(on) {
    byId("watch-switch").addEventListener("click", () => on.watch(!this.#watch.on));
    byId("flat-act").addEventListener("click", () => on.flatline(this.#watch.acknowledged ?? null));
  }

  /** `watch` as in the state; `now` is unix seconds of the bridge's clock. */
  show(watch, now) {
    this.#watch = watch;
    byId("watch-switch").hidden = false;
    put(byId("watch-switch"), watch.on ? texts.watchSwitchOff : texts.watchSwitchOn);
    byId("watch-help").hidden = !watch.on || (watch.armed && !watch.route);
    byId("flat").hidden = watch.flatline.length === 0;
    put(byId("flat-act"), watch.acknowledged ? texts.unacknowledge : texts.acknowledge);
    this.tick(now);
  }

  /** Without a link nothing can be told to the bridge. */
  usable(on) {
    for (const id of ["flat-act", "watch-switch"]) byId(id).disabled = !on;
  }

  tick(now) {
    const watch = this.#watch;
    if (!watch) return;
    put(byId("watch-state"), this.#words(now));
    byId("watch-state").dataset.good = String(watch.on && watch.armed && !watch.route && !watch.flatline.length);
    this.#inputs(watch.inputs, now);
    if (watch.flatline.length) put(byId("flat-words"), texts.flat(watch.flatline, now));
    const ack = watch.acknowledged;
    show("flat-taken", ack ? acknowledgement(ack, now) : "", !ack);
  }

  #words(now) {
    const { on, armed, flatline, off_since: since, off_by: by } = this.#watch;
    if (!on) return texts.watchOff(Number.isFinite(since) ? clock(since, now) : null, by);
    if (flatline.length) return texts.watchFlat;
    if (!armed) return texts.watchNotArmed;
    if (!this.#watch.route) return texts.watchArmed;
    return texts.watchPartly(this.#watch.inputs.filter((one) => one.armed).map(({ name }) => name));
  }

  /** One line for each input; late ones stand out. A page that was told nothing for long sees that by itself. */
  #inputs(inputs, now) {
    const list = byId("watch-inputs");
    while (list.children.length > inputs.length) list.lastElementChild.remove();
    while (list.children.length < inputs.length) list.append(element("li"));
    inputs.forEach((one, i) => {
      const line = list.children[i];
      put(line, texts.watchInput(one, now));
      const late = one.late || (this.#watch.on && one.armed && Number.isFinite(one.last) && now - one.last > one.within);
      line.dataset.good = String(!late);
    });
    list.hidden = inputs.length === 0;
  }
}
