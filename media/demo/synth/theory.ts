/** As much harmony as a band needs: chord symbols, scales, and voicings that move little. */

const LETTERS: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const QUALITIES: Readonly<Record<string, readonly number[]>> = {
  '': [0, 4, 7],
  m: [0, 3, 7],
  '5': [0, 7],
  '6': [0, 4, 7, 9],
  m6: [0, 3, 7, 9],
  '7': [0, 4, 7, 10],
  '9': [0, 4, 10, 14],
  m7: [0, 3, 7, 10],
  m9: [0, 3, 10, 14],
  maj7: [0, 4, 7, 11],
  maj9: [0, 4, 11, 14],
  add9: [0, 4, 7, 14],
  sus2: [0, 2, 7],
  sus4: [0, 5, 7],
  '7sus4': [0, 5, 7, 10],
  '7b9': [0, 4, 10, 13],
  m7b5: [0, 3, 6, 10],
  dim: [0, 3, 6],
};
const MODES = {
  major: [0, 2, 4, 5, 7, 9, 11],
  minor: [0, 2, 3, 5, 7, 8, 10],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  pentatonic: [0, 2, 4, 7, 9],
  minorPentatonic: [0, 3, 5, 7, 10],
} as const;
export type Mode = keyof typeof MODES;

export interface Chord {
  /** Pitch classes, 0 for C; the first is the root. */
  readonly classes: readonly number[];
  readonly bass: number;
}

/** `F#m7`, `Bbmaj9`, `G/B`. */
export function chordOf(symbol: string): Chord {
  const [, root = '', quality = '', bass] = /^([A-G][#b]?)([a-z0-9]*)(?:\/([A-G][#b]?))?$/.exec(symbol) ?? [];
  const intervals = QUALITIES[quality];
  if (root === '' || !intervals) throw new Error(`${symbol} is no chord`);
  const classes = intervals.map((interval) => (classOf(root) + interval) % 12);
  return { classes, bass: classOf(bass ?? root) };
}

export function classOf(name: string): number {
  const accidental = name[1] === '#' ? 1 : name[1] === 'b' ? -1 : 0;
  return ((LETTERS[name[0] ?? ''] ?? 0) + accidental + 12) % 12;
}

/** MIDI numbers of a scale within [low, high], ascending. */
export function scaleNotes(key: string, mode: Mode, low: number, high: number): number[] {
  const steps: readonly number[] = MODES[mode];
  const tonic = classOf(key);
  return range(low, high).filter((note) => steps.includes((note - tonic + 120) % 12));
}

/**
 * The chord's notes within [low, high], placed so that each stays near one of the chord before: hands on a
 * keyboard move this way, and parallel leaps are what makes a machine sound like one.
 */
export function voicing(chord: Chord, before: readonly number[], low: number, high: number): number[] {
  const center = (low + high) / 2;
  let best: number[] = [];
  let bestCost = Number.POSITIVE_INFINITY;
  for (const bottom of range(low, low + 11)) {
    const notes = stack(chord, bottom);
    if ((notes.at(-1) ?? 0) > high) continue;
    const middle = notes.reduce((total, note) => total + note, 0) / notes.length;
    const moved =
      before.length === 0
        ? 0
        : notes.reduce((total, note) => total + Math.min(...before.map((old) => Math.abs(old - note))), 0);
    const cost = moved + Math.abs(middle - center) * 0.35;
    if (cost < bestCost) [best, bestCost] = [notes, cost];
  }
  return best.length > 0 ? best : stack(chord, low);
}

/** The chord in close position with its lowest note at or above `bottom`. */
function stack(chord: Chord, bottom: number): number[] {
  return chord.classes
    .map((pitchClass) => bottom + ((pitchClass - (bottom % 12) + 12) % 12))
    .sort((a, b) => a - b);
}

/** The note of pitch class `pitchClass` at or above `low`. */
export const noteAbove = (pitchClass: number, low: number): number =>
  low + ((pitchClass - (low % 12) + 12) % 12);

export const nearest = (notes: readonly number[], to: number): number =>
  notes.reduce((best, note) => (Math.abs(note - to) < Math.abs(best - to) ? note : best), notes[0] ?? to);

export const hzOf = (midi: number): number => 440 * 2 ** ((midi - 69) / 12);

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
