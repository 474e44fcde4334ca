/** How a slider stands for a control of the catalogue: whole positions, each with a round value. No DOM. */

const WIDE = 50; // From this ratio of high to low on, equal steps of the slider are equal ratios of the value.
const STEPS = 220; // Over the range of a pitch that is half a semitone each.
const DIGITS = 3;
const WHOLE = new Set(["worst", "count"]); // Numbers of something: there is nothing in between.
const NICE = [1, 2, 5, 10];

const wide = ({ low, high }) => low > 0 && high / low >= WIDE;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** The smallest of 1, 2 and 5 times a power of ten that needs no more than a hundred steps. */
function step({ name, low, high }) {
  if (WHOLE.has(name)) return 1;
  const least = (high - low) / 100;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * NICE.find((factor) => factor * power >= least * 0.999);
}

/** The last position; the first is 0. */
export function steps(control) {
  return wide(control) ? STEPS : Math.ceil((control.high - control.low) / step(control) - 1e-6);
}

/** The position that is nearest to a value. */
export function position(control, value) {
  const { low, high } = control;
  const at = wide(control) ? (STEPS * Math.log(value / low)) / Math.log(high / low) : (value - low) / step(control);
  return clamp(Math.round(at), 0, steps(control));
}

/** The value at a position, within the control's range; where its default stands, that itself. */
export function valueAt(control, at) {
  const { low, high } = control;
  if (at === position(control, control.default)) return control.default;
  const exact = wide(control) ? low * (high / low) ** (at / STEPS) : low + at * step(control);
  return clamp(wide(control) ? Number(exact.toPrecision(DIGITS)) : Number(exact.toFixed(4)), low, high);
}

/** Every control at its default, by name. */
export const defaults = (sound) => Object.fromEntries(sound.controls.map((one) => [one.name, one.default]));

/** What of `values` is not as the catalogue has it. */
export function altered(sound, values) {
  return Object.fromEntries(sound.controls.map(({ name }) => [name, values[name]]).filter(([name, value]) => value !== defaults(sound)[name]));
}
