/** The few things that every part of the page does with elements. Text only, never markup. */

export const byId = (id) => document.getElementById(id);

export function element(tag, name, text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.textContent = text;
  return node;
}

/** Write only what is new, so that a screen reader is not told the same again. */
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Text into the element of that id, and whether it is there to be seen. */
export function show(id, text, hidden = false) {
  const node = byId(id);
  put(node, text);
  node.hidden = hidden;
}

/** Do what may hide or take away the element that has the focus; then `instead` has it, or the element again. */
export function keepFocus(instead, work) {
  const had = document.activeElement;
  work();
  if (had === document.activeElement || had === document.body || had === null) return;
  if (document.activeElement !== document.body) return;
  if (had.isConnected && had.offsetParent !== null) had.focus({ preventScroll: true });
  else instead.focus({ preventScroll: true });
}
