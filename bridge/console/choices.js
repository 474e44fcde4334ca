/** Radio buttons that a script makes, and which one is chosen. */

import { element } from "./dom.js";

/** Put a radio button for each `[value, words]` into `place`; none is chosen. */
export function offer(place, name, pairs) {
  const labels = pairs.map(([value, words]) => {
    const label = element("label", "");
    const input = element("input", "");
    Object.assign(input, { type: "radio", name, value });
    label.append(input, element("span", "", words));
    return label;
  });
  place.replaceChildren(...labels);
}

/** The value that is chosen in `place`, or null. */
export const chosen = (place) => place.querySelector("input:checked")?.value ?? null;
