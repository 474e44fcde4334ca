// Drives bridge/console/stream.js from a test: one JSON command a line in, one JSON event a line out.
import { createInterface } from "node:readline";

import { Stream } from "../../bridge/console/stream.js";

const say = (event) => console.log(JSON.stringify(event));
const stream = new Stream(process.argv[2], {
  state: (frame) => say({ state: frame.firing }),
  play: ({ id }) => say({ play: id }),
  packet: (number, bytes) => say({ packet: number, bytes: [...bytes] }),
  clock: (offset) => say({ clock: Math.round(offset) }),
  link: (link, why, restarting) => say({ link, why, ...(restarting && { restarting }) }),
});

const commands = {
  start: (now) => stream.start(now),
  tick: (now) => stream.tick(now),
  hurry: (now) => stream.hurry(now),
  listening: (told) => stream.listening(...told),
  whole: () => stream.whole(),
  ack: ([id, status]) => stream.ack(id, status),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [[name, value]] = Object.entries(JSON.parse(line));
    commands[name](value);
    say({ did: name, link: stream.link });
  })
  .on("close", () => process.exit(0));
