/** Which view is shown: the address's fragment says so, so that *back*, a bookmark and a reload lead there. */

import { byId } from "./dom.js";

export const VIEWS = ["now", "timeline", "sounds", "rules", "health", "learn"];

const named = () => VIEWS.find((name) => `#${name}` === location.hash) ?? VIEWS[0];

export class Views {
  #of;
  #shown = null;

  /**
   * @param {Object<string, {shown: Function, hidden: Function, state: Function, tick: Function}>} of what stands behind a
   *   view, by its name: `shown()` when it becomes visible, `hidden()` when it no longer is, `state(state)` with every
   *   state, `tick()` about twice a second while it is shown. Each may be missing.
   */
  constructor(of) {
    this.#of = of;
    addEventListener("hashchange", () => this.#turn(true));
  }

  /** Show what the address names. */
  begin() {
    this.#turn(false);
  }

  #turn(moved) {
    const name = named();
    if (name === this.#shown) return;
    this.#of[this.#shown]?.hidden?.();
    this.#shown = name;
    for (const one of VIEWS) {
      byId(`view-${one}`).hidden = one !== name;
      const link = byId(`nav-${one}`);
      if (one === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#of[name]?.shown?.();
    // A reader of the page is led to where the link leads; at first they stay at its top.
    if (moved) byId(`view-${name}`).querySelector("h2").focus();
  }

  state(state) {
    for (const view of Object.values(this.#of)) view.state?.(state);
  }

  tick() {
    this.#of[this.#shown]?.tick?.();
  }
}
