/** MPEG layer III: frames between tags. The encoder's own frame tells how many samples are music. */
import { MP3_SYNC_BYTES_MAX } from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';
import { RefusedError } from '../refusal.ts';
import { type Mp3Frame, mp3Frame } from '../sniff.ts';
import { audioAt, type ReadSound } from '../sound.ts';
import { readApeTag } from '../tags/ape.ts';
import { readId3v1 } from '../tags/id3v1.ts';
import type { Tags } from '../tags/tags.ts';

/** What a decoder adds before the first sample that the encoder was given. */
const DECODER_DELAY_SAMPLES = 529;
/** What tools lose or add at the end of a file whose encoder has counted its bytes. */
const SLACK_FRAMES = 3;

interface EncoderFrame {
  readonly frames?: number;
  readonly bytes?: number;
  /** Samples that the encoder added at either end. */
  readonly delay?: number;
  readonly padding?: number;
}

/** @param start behind the ID3v2 tags */
export function readMp3(file: FileReader, start: number, tags: Tags): ReadSound {
  const end = endOfAudio(file, start, tags);
  const first = firstFrame(file, start, end);
  if (!first) throw new RefusedError('NOT_MUSIC');
  const { frame } = first;
  const encoder = encoderFrame(file.read(first.at, frame.bytes), frame);
  const audioStart = encoder ? first.at + frame.bytes : first.at;
  const slack = SLACK_FRAMES * frame.bytes;
  if (encoder?.bytes !== undefined && encoder.bytes > end - first.at + slack)
    throw new RefusedError('TRUNCATED');
  const frames = encoder?.frames ?? framesIn(file, audioStart, end);
  const added =
    encoder?.delay === undefined ? 0 : encoder.delay + Math.max(encoder.padding ?? 0, DECODER_DELAY_SAMPLES);
  const samples = frames * frame.samples - added;
  if (samples <= 0) throw new RefusedError(frames === 0 ? 'NOT_MUSIC' : 'TOO_SHORT');
  return {
    sound: {
      format: 'mp3',
      codec: 'mp3',
      lossless: false,
      sampleRate: frame.sampleRate,
      channels: frame.channels,
      samples,
      durationMs: Math.round((samples * 1000) / frame.sampleRate),
    },
    audio: audioAt(file, audioStart, end),
  };
}

/** Tags at the end, as many as there are: ID3v1 last, an APE tag before it. */
function endOfAudio(file: FileReader, start: number, tags: Tags): number {
  const hasId3v1 = file.read(file.size - 128, 3).toString('latin1') === 'TAG';
  const end = file.size - (hasId3v1 ? 128 : 0);
  const audioEnd = readApeTag(file, end, tags);
  // Its texts are cut short, so it speaks last.
  if (hasId3v1) readId3v1(file.read(end, 128), tags);
  return Math.max(start, audioEnd);
}

function firstFrame(file: FileReader, start: number, end: number) {
  const head = file.read(start, Math.min(MP3_SYNC_BYTES_MAX, end - start));
  for (let at = head.indexOf(0xff); at >= 0; at = head.indexOf(0xff, at + 1)) {
    const frame = mp3Frame(head, at);
    if (frame && (mp3Frame(head, at + frame.bytes) || start + at + frame.bytes === end)) {
      return { at: start + at, frame };
    }
  }
  return undefined;
}

/** `Xing` or `Info`, with what LAME and others write behind it; or `VBRI`. */
function encoderFrame(bytes: Buffer, frame: Mp3Frame): EncoderFrame | undefined {
  const at = 4 + (frame.isCrcProtected ? 2 : 0) + frame.sideInfoBytes;
  const name = (offset: number): string => bytes.toString('latin1', offset, offset + 4);
  for (const offset of [at, at - 2]) {
    if (name(offset) === 'Xing' || name(offset) === 'Info') return xing(bytes, offset);
  }
  if (name(36) !== 'VBRI' || bytes.length < 54) return undefined;
  return { bytes: bytes.readUInt32BE(46), frames: bytes.readUInt32BE(50) };
}

function xing(bytes: Buffer, offset: number): EncoderFrame {
  if (offset + 8 > bytes.length) return {};
  const flags = bytes.readUInt32BE(offset + 4);
  let at = offset + 8;
  const take = (flag: number, length: number): number | undefined => {
    if (!(flags & flag) || at + length > bytes.length) return undefined;
    at += length;
    return bytes.readUInt32BE(at - length);
  };
  const frames = take(1, 4);
  const size = take(2, 4);
  take(4, 100);
  take(8, 4);
  const known = { ...(frames && { frames }), ...(size && { bytes: size }) };
  // Nine bytes of the encoder's name, then twelve of no concern here.
  if (at + 24 > bytes.length || !/^[A-Za-z]/.test(bytes.toString('latin1', at, at + 1))) return known;
  const both = bytes.readUIntBE(at + 21, 3);
  return { ...known, delay: both >> 12, padding: both & 0xfff };
}

/** Walks the frames: the encoder has left no count. */
function framesIn(file: FileReader, start: number, end: number): number {
  let frames = 0;
  let at = start;
  while (at + 4 <= end) {
    const frame = mp3Frame(file.read(at, 4), 0);
    if (frame) {
      frames += 1;
      at += frame.bytes;
    } else {
      const next = firstFrame(file, at + 1, end);
      if (!next) break;
      at = next.at;
    }
  }
  return frames;
}
