/** The link to the bridge, in a worker of its own: browsers slow a hidden tab's timers down to one a minute. */

import { Stream } from "./stream.js";

const EVERY_MS = 500;

const seconds = () => performance.now() / 1000;

function address() {
  const found = new URL("/api/v1/stream", location.href);
  found.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return found.href;
}

const tell = (what, ...values) => postMessage([what, ...values]);

const stream = new Stream(address(), {
  state: (frame) => tell("state", frame),
  play: (frame) => tell("play", frame),
  link: (...values) => tell("link", ...values),
  packet: (number, bytes) => tell("packet", number, bytes),
  clock: (offset) => tell("clock", offset),
});

const commands = {
  start: () => stream.start(seconds()),
  again: () => stream.again(seconds()),
  hurry: () => stream.hurry(seconds()),
  listening: (...values) => stream.listening(...values),
  ack: (...values) => stream.ack(...values),
  whole: () => stream.whole(),
};

onmessage = ({ data: [command, ...values] }) => commands[command](...values);

setInterval(() => {
  stream.tick(seconds());
  tell("tick");
}, EVERY_MS);
