/**
 * The way in: what this browser may, the form for a token, and the button to log in or out.
 *
 * The token is sent once and kept nowhere; what stays is a cookie that no script can read.
 */

import { post } from "./ask.js";
import { byId, put } from "./dom.js";
import { texts } from "./texts.js";

const ASK_EVERY = 5; // While there is no link: seconds between two questions whether that is for want of a login.

export class Login {
  #entered;
  #asked = -Infinity;
  #asking = false;
  #wanted = false;
  #may = { read: true, control: true, session: false };

  /** `entered()` is called once a login has opened something, or a logout has closed it. */
  constructor(entered) {
    this.#entered = entered;
    byId("login").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    byId("session").addEventListener("click", () => this.#press());
  }

  /** Ask now and then what this browser may, unless there is a link. `now` is in seconds. */
  tick(now, link) {
    if (link !== "up" && now - this.#asked >= ASK_EVERY) this.ask(now);
  }

  /** Ask what this browser may, and show the form where it may not read. */
  async ask(now) {
    if (this.#asking) return;
    this.#asking = true;
    this.#asked = now;
    try {
      const response = await fetch("/api/v1/session", { cache: "no-store" });
      const { may, session } = await response.json();
      if (Array.isArray(may)) {
        this.#may = { read: may.includes("read"), control: may.includes("control"), session: Boolean(session) };
      }
    } catch {
      // Without an answer nothing is known; what was known stays.
    } finally {
      this.#asking = false;
    }
    this.#show();
  }

  #show() {
    const { read, control, session } = this.#may;
    if (read && control) this.#wanted = false;
    const hidden = read && !this.#wanted;
    const appeared = byId("login").hidden && !hidden;
    byId("login").hidden = hidden;
    if (appeared) byId("token").focus();
    put(byId("session"), session ? texts.logout : texts.login);
    byId("session").hidden = !session && (control || !read);
  }

  async #send() {
    const field = byId("token");
    byId("login-send").disabled = true;
    put(byId("login-answer"), "");
    try {
      await post("/api/v1/login", { token: field.value.trim() });
      this.#wanted = false;
      await this.#changed();
    } catch (error) {
      put(byId("login-answer"), texts.loginFailed(error.message));
      field.focus();
    }
    field.value = "";
    byId("login-send").disabled = false;
  }

  async #press() {
    if (this.#may.session) {
      await post("/api/v1/logout", {}).catch(() => {});
      await this.#changed();
    } else {
      this.#wanted = true;
      this.#show();
    }
  }

  async #changed() {
    await this.ask(this.#asked);
    this.#entered();
  }
}
