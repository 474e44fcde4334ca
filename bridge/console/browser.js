/** What this browser is called, and what it remembers for this page. */

const PREFIX = "singing-pager.";

const BROWSERS = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
];
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS", "macOS"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
];

const find = (table) => table.find(([mark]) => navigator.userAgent.includes(mark))?.[1];

/** A word for this browser, for the line that says who hears: "Firefox on Linux". */
export function browserName() {
  return [find(BROWSERS) ?? "a browser", find(SYSTEMS)].filter(Boolean).join(" on ");
}

/** What was remembered under `key`, or null. Storage that is switched off remembers nothing. */
export function remembered(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** A number from 0 to 1 that this browser remembers; 1 until somebody chose. */
export function rememberedLevel(key) {
  const level = Number.parseFloat(remembered(key) ?? "1");
  return Number.isFinite(level) ? level : 1;
}

export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // A private window may refuse; the page works all the same.
  }
}
