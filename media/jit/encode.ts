/**
 * One encoder run: a rendition from some segment on, cut as it comes. What is not asked of it stays in the
 * pipe, which holds the encoder up.
 *
 * Every run gives the samples that any other one would give at the same place: the encoder starts some frames
 * earlier on exactly the sample where a frame of the whole begins, and what it makes of those is dropped, with
 * its own priming. The decoder's overlap then finds the same signal on both sides of a seam.
 */
import { stat } from 'node:fs/promises';
import type { Rung } from '../../actors/catalog/contract.ts';
import { JIT_PREROLL_MS, JIT_WARM_UP_FRAMES } from '../../config/limits.ts';
import { type ContainedProcess, tailOf } from '../ingest/contained.ts';
import { inputArgs } from '../ingest/ffmpeg.ts';
import { encoderArgs, soundFilter } from '../ingest/transcode.ts';
import { channelsOf } from '../package/layout.ts';
import { segmentHead } from '../package/mp4/write.ts';
import { FRAME_SAMPLES } from '../package/types.ts';
import { AdtsFrames, silentFrame } from './adts.ts';
import type { Plan } from './plan.ts';
import type { AudioFile } from './ports.ts';

export interface CutSegment {
  readonly index: number;
  readonly head: Buffer;
  readonly frames: readonly Buffer[];
}

/** What a run came to. */
export interface Encoded {
  /** Samples that sound, when the file held clearly fewer than its headers say; silence follows them. */
  readonly shortSamples?: number;
}

export class EncoderError extends Error {
  override readonly name = 'EncoderError';
}

/** Where a run begins: in frames of the rendition, and where in the source. */
interface Start {
  /** Frames that the encoder gives before the first one that is kept. */
  readonly dropped: number;
  /** Where reading begins, in seconds of the source; 0: from the top. */
  readonly seekSec: number;
  /** Output samples between there and the first one that is encoded. */
  readonly trimmed: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** ffmpeg finds the exact sample in all formats but these, where it can be off by some hundred. */
const seeksExactly = ({ demuxer, codec }: AudioFile): boolean => demuxer !== 'ogg' || codec === 'opus';

/** A resampler's grid begins where reading does: only where both rates meet is it that of the whole. */
function startAt(firstFrame: number, file: AudioFile, outputRate: number): Start {
  const dropped = Math.min(JIT_WARM_UP_FRAMES, firstFrame);
  const first = (firstFrame - dropped) * FRAME_SAMPLES;
  // Decoding from the top takes a millisecond for a second of music.
  if (!seeksExactly(file)) return { dropped, seekSec: 0, trimmed: first };
  const meetings = gcd(file.sampleRate, outputRate);
  const outputStep = outputRate / meetings;
  const steps = Math.max(0, Math.floor((first - (JIT_PREROLL_MS * outputRate) / 1000) / outputStep));
  return { dropped, seekSec: steps / meetings, trimmed: first - steps * outputStep };
}

function runArgs({ file, layout }: Plan, rung: Rung, { seekSec, trimmed }: Start): string[] {
  const first = Math.round(seekSec * layout.sampleRate) + trimmed;
  const trim = `atrim=start_sample=${trimmed}:end_sample=${trimmed + layout.samples - first},asetpts=N/SR/TB`;
  return [
    ...['-v', 'error', '-threads', '1'],
    ...(seekSec > 0 ? ['-ss', seekSec.toFixed(6)] : []),
    ...inputArgs(file.path, file.demuxer),
    ...['-map', '0:a:0', '-af', `${soundFilter(layout.sampleRate)},${trim}`],
    ...encoderArgs(rung, true),
    ...['-f', 'adts', '-flush_packets', '1', 'pipe:1'],
  ];
}

/** What decoding may fall short of what the headers say: encoders pad, and containers round. */
const SHORTFALL_MS_MAX = 250;

/** @throws EncoderError when the encoder fails */
export async function* encode(
  plan: Plan,
  rung: Rung,
  from: number,
  start: (args: readonly string[]) => ContainedProcess,
  signal?: AbortSignal,
): AsyncGenerator<CutSegment, Encoded> {
  signal?.throwIfAborted();
  const counts = plan.layout.renditions[0]?.segments.map(({ samples }) => samples / FRAME_SAMPLES) ?? [];
  const firstFrame = counts.slice(0, from).reduce((sum, count) => sum + count, 0);
  const totalFrames = counts.reduce((sum, count) => sum + count, 0);
  const begin = startAt(firstFrame, plan.file, plan.layout.sampleRate);
  const running = start(runArgs(plan, rung, begin));
  // Read in any case, and a rejection is seen where it is awaited.
  const said = tailOf(running.stderr, LOG_BYTES_MAX).catch(() => '');
  running.exit.catch(() => undefined);
  const kill = (): void => running.signal('SIGKILL');
  signal?.addEventListener('abort', kill);
  const cutter = createCutter(counts, from, firstFrame);
  let toDrop = begin.dropped;
  try {
    const adts = new AdtsFrames();
    for await (const chunk of running.stdout as AsyncIterable<Buffer>) {
      for (const frame of adts.push(chunk)) {
        if (toDrop > 0) {
          toDrop--;
          continue;
        }
        const cut = cutter.push(frame);
        if (cut) yield cut;
      }
    }
    const exitCode = await running.exit;
    if (exitCode !== 0) throw new EncoderError(`the encoder ended with ${exitCode}: ${(await said).trim()}`);
    if ((await stat(plan.file.path)).size !== plan.file.bytes) throw new EncoderError('the file has changed');
    const madeFrames = cutter.frames;
    const silent = silentFrame(channelsOf(rung));
    while (cutter.frames < totalFrames) {
      const cut = cutter.push(silent);
      if (cut) yield cut;
    }
    const missingMs = ((totalFrames - madeFrames) * FRAME_SAMPLES * 1000) / plan.layout.sampleRate;
    // A run that gave nothing began behind the end, wherever that is.
    const isShort = missingMs > SHORTFALL_MS_MAX && madeFrames > firstFrame;
    return isShort ? { shortSamples: (madeFrames - 1) * FRAME_SAMPLES } : {};
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
  }
}

const LOG_BYTES_MAX = 2048;

function createCutter(counts: readonly number[], from: number, firstFrame: number) {
  let index = from;
  let made = firstFrame;
  let frames: Buffer[] = [];
  return {
    /** Frames of the rendition up to here. */
    get frames() {
      return made;
    },
    push(frame: Buffer): CutSegment | undefined {
      const count = counts[index];
      // What an encoder gives beyond the plan is padding.
      if (count === undefined) return undefined;
      frames.push(frame);
      made++;
      if (frames.length < count) return undefined;
      const startSample = (made - count) * FRAME_SAMPLES;
      const head = segmentHead(
        index,
        startSample,
        frames.map((own) => own.length),
      );
      const cut = { index, head, frames };
      index++;
      frames = [];
      return cut;
    },
  };
}
