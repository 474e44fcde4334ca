/** The picture of a stretch of time: a lane for each severity, marks for what began and ended, bars for what fired. */

import { element } from "./dom.js";
import { LANES, began, columns, ending, spans, ticks } from "./history.js";
import { clock, texts } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const LANE = 84; // Height, in pixels of a page whose type is 16 pixels, as every length here.
const STEP = 14; // From mark to mark.
const BELOW = 26; // For the words of the axis.
const SIZE = 5;
const BAR = 4;

function draw(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return node;
}

/** How much larger the type of this screen is: the picture grows with it. */
const scale = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

const zone = (unix) => -60 * new Date(unix * 1000).getTimezoneOffset();

/** What began is a triangle, what ended a square; filled where it was heard, hollow where not, dashed where not known. */
function mark(event, x, y) {
  const shape = began(event)
    ? `M${x} ${y - SIZE}L${x + SIZE} ${y + SIZE}H${x - SIZE}Z`
    : `M${x - SIZE + 1} ${y - SIZE + 1}h${2 * SIZE - 2}v${2 * SIZE - 2}h-${2 * SIZE - 2}Z`;
  return draw("path", { d: shape, class: `mark ${ending(event)}` });
}

function column({ x, marks, more }, floor) {
  const nodes = marks.map((event, i) => mark(event, x, floor - 10 - i * STEP));
  const above = { x, y: floor - 6 - marks.length * STEP, class: "more", "text-anchor": "middle" };
  return more ? [...nodes, draw("text", above, `+${more}`)] : nodes;
}

/** One lane: its name, its bars, its marks. */
function lane(severity, index, stacks, bars, width) {
  const floor = (index + 1) * LANE - 12;
  const node = draw("g", { "data-severity": severity });
  node.append(draw("text", { x: 0, y: index * LANE + 14, class: "lane" }, texts.severity(severity)));
  node.append(draw("line", { x1: 0, x2: width, y1: floor + BAR, y2: floor + BAR, class: "floor" }));
  for (const { x, length } of bars) {
    node.append(draw("rect", { x, y: floor, width: Math.max(2, length), height: 2 * BAR, class: "span" }));
  }
  node.append(...stacks.flatMap((stack) => column(stack, floor)));
  return node;
}

/** Draw `events` from `since` to `until` (unix seconds) into `svg`; `picked`, a stretch as well, is shaded. */
export function drawChart(svg, events, { since, until, picked }) {
  const width = Math.max(240, svg.clientWidth / scale());
  const height = LANES.length * LANE + BELOW;
  const x = (unix) => ((Math.min(until, Math.max(since, unix)) - since) / (until - since)) * width;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const stacks = columns(events, since, until, width);
  const bars = spans(events, since, until);
  const lanes = LANES.map((severity, i) => {
    const own = bars.filter((bar) => bar.severity === severity);
    return lane(severity, i, stacks[i], own.map(({ from, to }) => ({ x: x(from), length: x(to) - x(from) })), width);
  });
  svg.replaceChildren(shade(picked, x, height - BELOW), ...lanes, ...axis(since, until, width, height, x));
}

function shade({ since, until }, x, height) {
  return draw("rect", { x: x(since), y: 0, width: Math.max(0, x(until) - x(since)), height, class: "picked" });
}

function axis(since, until, width, height, x) {
  return ticks(since, until, width, zone(until)).flatMap((at) => {
    const place = x(at);
    const anchor = place < 20 ? "start" : place > width - 20 ? "end" : "middle";
    return [
      draw("line", { x1: place, x2: place, y1: 0, y2: height - BELOW, class: "tick" }),
      draw("text", { x: place, y: height - 6, class: "time", "text-anchor": anchor }, clock(at, until)),
    ];
  });
}

/** What the marks mean, each with a mark beside its words. */
export function legend() {
  const pairs = [
    [{ status: "firing", outcome: "played" }, texts.legendBegan],
    [{ status: "resolved", outcome: "played" }, texts.legendEnded],
    [{ status: "firing", outcome: "suppressed" }, texts.legendSilent],
    [{ status: "firing", outcome: null }, texts.legendOpen],
  ];
  return pairs.map(([event, words]) => {
    const item = element("li", "");
    const svg = draw("svg", { viewBox: "0 0 14 14", class: "sign", "aria-hidden": "true" });
    svg.append(mark(event, 7, 7));
    item.append(svg, element("span", "", words));
    return item;
  });
}
