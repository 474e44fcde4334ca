/**
 * "Link lost": two soft falling pulses, made here because nothing can be fetched when the link is gone.
 *
 * At half their height the pulses are 220 ms long and 150 ms apart, their first partials 392 and 330 Hz, a minor
 * third down. A quiet octave and twelfth let a small loudspeaker carry them.
 */

const PULSES = [392, 330];
const RISE = 0.05;
const HOLD = 0.16;
const FALL = 0.07;
const EVERY = 0.37;
const LEVEL = 0.05; // -28.7 LUFS momentary; the info cue has -24.1.
const PARTIALS = [0, 1, 0.3, 0.12];
const SOON = 0.02;

function pulse(context, wave, out, frequency, at) {
  const tone = context.createOscillator();
  const shape = context.createGain();
  tone.setPeriodicWave(wave);
  tone.frequency.value = frequency;
  shape.gain.setValueAtTime(0, at);
  shape.gain.linearRampToValueAtTime(LEVEL, at + RISE);
  shape.gain.setValueAtTime(LEVEL, at + RISE + HOLD);
  shape.gain.linearRampToValueAtTime(0, at + RISE + HOLD + FALL);
  tone.connect(shape).connect(out);
  tone.onended = () => shape.disconnect();
  tone.start(at);
  tone.stop(at + RISE + HOLD + FALL);
}

/** Sound it once, now, into `out`. */
export function soundLinkLost(context, out) {
  const imag = new Float32Array(PARTIALS);
  const wave = context.createPeriodicWave(new Float32Array(imag.length), imag, { disableNormalization: true });
  PULSES.forEach((frequency, i) => pulse(context, wave, out, frequency, context.currentTime + SOON + i * EVERY));
}
