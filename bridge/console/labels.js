/** Labels as a person writes them, `name=value`, one a line or with commas between them. No DOM. */

const QUOTES = /^"(.*)"$/s;

/** `{labels}`, or `{wrong}`: the first piece that is no label. */
export function readLabels(text) {
  const labels = {};
  for (const piece of text.split(/[\n,]/).map((one) => one.trim())) {
    if (!piece) continue;
    const at = piece.indexOf("=");
    if (at < 1) return { wrong: piece };
    labels[piece.slice(0, at).trim()] = piece.slice(at + 1).trim().replace(QUOTES, "$1");
  }
  return { labels };
}
