/** Everything that one file of music says, by its bytes: what it is, what it is known by, and its tags. */
import {
  INGEST_FILE_BYTES_MAX,
  INGEST_SONG_MS_MAX,
  INGEST_SONG_MS_MIN,
  SNIFFED_BYTES,
} from '../../config/limits.ts';
import { readFlac } from './formats/flac.ts';
import { readM4a } from './formats/mp4.ts';
import { readMp3 } from './formats/mpeg.ts';
import { readOgg } from './formats/ogg.ts';
import { readAiff, readWav } from './formats/riff.ts';
import type { FileReader } from './reader.ts';
import { withFile } from './reader.ts';
import { RefusedError } from './refusal.ts';
import { type Container, id3Bytes, sniff } from './sniff.ts';
import { identityOf, type ReadSound, type Sound, type SoundFormat } from './sound.ts';
import { readId3v2 } from './tags/id3v2.ts';
import { Tags } from './tags/tags.ts';

export interface MusicFacts extends Sound {
  /** The ffmpeg demuxer that reads it. */
  readonly demuxer: string;
  readonly mimeType: string;
  /** Of the whole file. */
  readonly bytes: number;
  readonly kbps: number;
  /** The same for every file that holds this sound, coded like this: a SHA-256, hex. */
  readonly identity: string;
}

export interface MusicFile {
  readonly facts: MusicFacts;
  readonly tags: Tags;
}

const READ_BY: Readonly<Record<SoundFormat, { readonly demuxer: string; readonly mimeType: string }>> = {
  flac: { demuxer: 'flac', mimeType: 'audio/flac' },
  mp3: { demuxer: 'mp3', mimeType: 'audio/mpeg' },
  ogg: { demuxer: 'ogg', mimeType: 'audio/ogg' },
  opus: { demuxer: 'ogg', mimeType: 'audio/ogg; codecs=opus' },
  m4a: { demuxer: 'mov', mimeType: 'audio/mp4' },
  wav: { demuxer: 'wav', mimeType: 'audio/wav' },
  aiff: { demuxer: 'aiff', mimeType: 'audio/aiff' },
};

/**
 * Reads a file without waiting for it to be decoded: some hundred kilobytes of headers, tags and samples.
 * @param look at the tags while the file is open; pictures can be read only then
 * @throws RefusedError; what the file system says
 */
export function readMusic<T>(path: string, look: (music: MusicFile) => T): T {
  return parsed(path, (read, tags, bytes) => {
    const { durationMs, format } = read.sound;
    // Of a stream that was never finished the length is known only when it is decoded.
    if (durationMs > 0) assertLength(durationMs);
    const facts = {
      ...read.sound,
      ...READ_BY[format],
      bytes,
      kbps: durationMs > 0 ? Math.round((read.audio.bytes * 8) / durationMs) : 0,
      identity: identityOf(read),
    };
    return look({ facts, tags });
  });
}

/** The tags alone, without reading any sound. @param look and @throws as `readMusic` has them */
export const readTags = <T>(path: string, look: (tags: Tags) => T): T =>
  parsed(path, (_read, tags) => look(tags));

const parsed = <T>(path: string, look: (read: ReadSound, tags: Tags, bytes: number) => T): T =>
  withFile(path, (file) => {
    if (file.size === 0) throw new RefusedError('EMPTY');
    if (file.size > INGEST_FILE_BYTES_MAX) throw new RefusedError('TOO_LARGE');
    const tags = new Tags();
    return look(
      parsing(() => soundOf(file, tags)),
      tags,
      file.size,
    );
  });

/** What a parser stumbles over is damage of the file, whatever it looks like from inside. */
function parsing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new RefusedError('DAMAGED');
    throw error;
  }
}

/** @throws RefusedError `TOO_SHORT`, `TOO_LONG` */
export function assertLength(durationMs: number): void {
  if (durationMs < INGEST_SONG_MS_MIN) throw new RefusedError('TOO_SHORT');
  if (durationMs > INGEST_SONG_MS_MAX) throw new RefusedError('TOO_LONG');
}

function soundOf(file: FileReader, tags: Tags): ReadSound {
  const id3End = id3Bytes(file.read(0, 16)) > 0 ? readId3v2(file, 0, tags) : 0;
  const container: Container | undefined = sniff(file.read(id3End, SNIFFED_BYTES));
  switch (container) {
    case 'flac':
      return readFlac(file, id3End, tags);
    case 'mp3':
      return readMp3(file, id3End, tags);
    case 'ogg':
      return readOgg(file, id3End, tags);
    case 'm4a':
      return readM4a(file, tags);
    case 'wav':
      return readWav(file, tags);
    case 'aiff':
      return readAiff(file, tags);
    case undefined:
      throw new RefusedError('NOT_MUSIC');
  }
}
