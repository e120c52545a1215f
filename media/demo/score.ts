/** A song as its sections, chords and melody, bar by bar; a genre's band then plays each bar. */
import type { Random } from '../../kit/sources.ts';
import { pick, seeded } from './synth/random.ts';
import type { Channel, Studio } from './synth/studio.ts';
import { type Chord, chordOf, type Mode, nearest, scaleNotes, voicing } from './synth/theory.ts';

/** `[start, length]` in beats. */
export type Beat = readonly [number, number];

export interface Section {
  readonly name: 'intro' | 'a' | 'b' | 'bridge' | 'outro';
  /** One symbol a bar. */
  readonly chords: readonly string[];
  /** 0 to 1: how much of the band plays. */
  readonly energy: number;
  /** One a phrase; without them the melody is not sung, and may still be played. */
  readonly lines?: readonly string[];
  /** Whether the lead plays here. */
  readonly lead?: boolean;
}

export interface Song {
  readonly bpm: number;
  readonly beatsPerBar: number;
  /** Part of a beat by which off-beats come late. */
  readonly swing?: number;
  readonly key: string;
  readonly mode: Mode;
  readonly sections: readonly Section[];
  readonly phraseBars: number;
  /** Rhythms that a bar of melody is made of. */
  readonly rhythms: readonly (readonly Beat[])[];
  /** MIDI range of the lead. */
  readonly lead: readonly [low: number, high: number];
  /** MIDI range of the accompanying chords. */
  readonly comp: readonly [low: number, high: number];
  readonly band: Band;
}

export interface Note {
  readonly atSec: number;
  readonly seconds: number;
  readonly midi: number;
  readonly beat: number;
}

export interface Bar {
  readonly index: number;
  readonly ofSection: number;
  readonly section: Section;
  /** Bars of the section. */
  readonly bars: number;
  readonly atSec: number;
  readonly beatSec: number;
  readonly chord: Chord;
  readonly nextChord: Chord;
  readonly notes: readonly number[];
  readonly melody: readonly Note[];
  readonly isLast: boolean;
  /** When a beat of this bar sounds, with swing. */
  at(beat: number): number;
  readonly random: Random;
}

export interface Band {
  readonly echoBeats: number;
  readonly echoFeedback?: number;
  readonly hallSec: number;
  readonly targetLufs: number;
  /** How much wider than mixed; 1 leaves it. */
  readonly stereoWidth?: number;
  /** What rings on after the last bar. */
  readonly tailSec: number;
  readonly fadeInSec?: number;
  readonly fadeOutSec?: number;
  play(studio: Studio, bar: Bar): void;
}

export interface TimedLine {
  readonly atMs: number;
  readonly text: string;
}

export const beatSecOf = (song: Song): number => 60 / song.bpm;

export function secondsOf(song: Song): number {
  const bars = song.sections.reduce((total, section) => total + section.chords.length, 0);
  return bars * song.beatsPerBar * beatSecOf(song) + song.band.tailSec;
}

/** The same seed gives the same bars. */
export function barsOf(song: Song, seed: string): Bar[] {
  const beatSec = beatSecOf(song);
  const symbols = song.sections.flatMap((section) => section.chords);
  const chords = symbols.map(chordOf);
  let notes: number[] = [];
  let index = 0;
  const bars: Bar[] = [];
  for (const section of song.sections) {
    // Named, not numbered: a section that comes back brings its melody back.
    const melody = melodyOf(song, section, seeded(seed, 'melody', section.name, ...section.chords));
    for (let ofSection = 0; ofSection < section.chords.length; ofSection++) {
      const chord = chords[index] as Chord;
      notes = voicing(chord, notes, ...song.comp);
      const atSec = index * song.beatsPerBar * beatSec;
      const swing = song.swing ?? 0;
      const at = (beat: number): number => {
        const offBeat = Math.abs((beat % 1) - 0.5) < 0.01;
        return atSec + (beat + (offBeat ? swing : 0)) * beatSec;
      };
      bars.push({
        index,
        ofSection,
        section,
        bars: section.chords.length,
        atSec,
        beatSec,
        chord,
        nextChord: chords[index + 1] ?? chord,
        notes,
        melody: (melody[ofSection] ?? []).map(({ beat, beats, midi }) => ({
          atSec: at(beat),
          seconds: beats * beatSec,
          midi,
          beat,
        })),
        isLast: index === symbols.length - 1,
        at,
        random: seeded(seed, 'bar', index),
      });
      index += 1;
    }
  }
  return bars;
}

/** Each line begins with the first note of its phrase. */
export function timedLines(bars: readonly Bar[], song: Song): TimedLine[] {
  return bars.flatMap((bar) => {
    const line = bar.section.lines?.[Math.floor(bar.ofSection / song.phraseBars)];
    if (line === undefined || bar.ofSection % song.phraseBars !== 0) return [];
    return [{ atMs: Math.round((bar.melody[0]?.atSec ?? bar.atSec) * 1000), text: line }];
  });
}

interface MelodyNote {
  readonly beat: number;
  readonly beats: number;
  readonly midi: number;
}

/**
 * Phrases that ask and answer: every second phrase repeats the contour of the first and closes it on a chord
 * tone. Strong beats take chord tones, the notes between walk the scale.
 */
function melodyOf(song: Song, section: Section, random: Random): MelodyNote[][] {
  if (!section.lead && !section.lines) return [];
  const [low, high] = song.lead;
  const scale = scaleNotes(song.key, song.mode, low, high);
  const cells = [pick(random, song.rhythms), pick(random, song.rhythms)] as const;
  const motif = Array.from({ length: 24 }, () => pick(random, [-2, -1, -1, -1, 0, 1, 1, 1, 2, 3, -3]));
  let at = Math.floor(scale.length * 0.45);
  let step = 0;
  return section.chords.map((symbol, bar) => {
    const ofPhrase = bar % song.phraseBars;
    const phrase = Math.floor(bar / song.phraseBars);
    const closes = ofPhrase === song.phraseBars - 1;
    if (ofPhrase === 0) {
      step = phrase % 2 === 0 ? 0 : 2;
      at = Math.floor(scale.length * (phrase % 4 === 2 ? 0.6 : 0.45));
    }
    const chordTones = scaleChordTones(symbol, low, high);
    const cell = cells[(ofPhrase + (phrase % 4 === 2 ? 1 : 0)) % 2] ?? [];
    const rhythm = closes ? closing(cell, song.beatsPerBar) : cell;
    return rhythm.map(([beat, beats], i) => {
      at += motif[step++ % motif.length] ?? 0;
      if (at < 1) at = 2;
      if (at > scale.length - 2) at = scale.length - 3;
      let midi = scale[at] ?? low;
      const strong = beat % 2 === 0 || beats >= 1 || (closes && i === rhythm.length - 1);
      if (strong) {
        midi = nearest(chordTones, midi);
        at = scale.indexOf(nearest(scale, midi));
      }
      return { beat, beats: beats * 0.95, midi };
    });
  });
}

/** The first half of a bar, then one note that lasts. */
function closing(cell: readonly Beat[], beatsPerBar: number): readonly Beat[] {
  const half = Math.floor(beatsPerBar / 2);
  return [...cell.filter(([beat]) => beat < half), [half, beatsPerBar - half - 0.5]];
}

function scaleChordTones(symbol: string, low: number, high: number): number[] {
  const { classes } = chordOf(symbol);
  const tones = classes.slice(0, 3);
  return Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((note) =>
    tones.includes(note % 12),
  );
}

export function playMelody(studio: Studio, bar: Bar, channel: Channel, octave = 0, velocity = 0.8): void {
  for (const note of bar.melody) {
    const accent = note.beat % 2 === 0 ? 0.1 : 0;
    studio.play(channel, note.atSec, note.midi + 12 * octave, note.seconds, velocity + accent);
  }
}

/** Strikes a voice on each beat of a bar. */
export function strike(
  studio: Studio,
  bar: Bar,
  channel: Channel,
  beats: readonly number[],
  velocity = 0.8,
  midi = 60,
): void {
  for (const beat of beats) {
    studio.play(channel, bar.at(beat), midi, 0.05, velocity * (0.9 + 0.2 * bar.random.next()));
  }
}
