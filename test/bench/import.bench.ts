/**
 * Goal: a library of 20,000 files is there while one makes tea. Method: folders of albums, half of them MP3 with
 * the cover inside, half FLAC with it beside; each file has its own sound and tags. The command is run as a person
 * runs it, and its process is asked for the CPU and the memory it took; the figures to beat are those of the most
 * used open music server on the same machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { findFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import type { BenchReport } from './report.ts';

const CACHE = join(homedir(), '.cache', 'antiphon', 'import-bench');
const COMMAND = join(import.meta.dirname, '..', '..', 'scripts', 'import.ts');
const PER_ALBUM = 10;
const SECONDS = 15;
const GOALS = [
  { files: 2000, perCpuSecond: 209, rescanMs: 300, peakMib: 147 },
  { files: 20_000, perCpuSecond: 132, rescanMs: 3000, peakMib: 183 },
] as const;

interface Cost {
  readonly cpuMs: number;
  readonly peakMib: number;
  /** Of the look itself, as the command tells it. */
  readonly out: string;
}

export default async function bench(): Promise<BenchReport> {
  const rows: [string, string][] = [];
  let met = true;
  const measured: string[] = [];
  for (const goal of GOALS) {
    const music = await library(goal.files);
    const dataDir = await mkdtemp(join(tmpdir(), 'antiphon-import-bench-'));
    try {
      const first = await run(music, dataDir);
      if (!first.out.includes(`${goal.files} taken in`)) throw new Error(first.out);
      const again = await run(music, dataDir);
      if (!again.out.includes(`${goal.files} unchanged`)) throw new Error(again.out);
      const perCpuSecond = Math.round((goal.files * 1000) / first.cpuMs);
      const peakMib = Math.max(first.peakMib, again.peakMib);
      met &&= perCpuSecond > goal.perCpuSecond && again.cpuMs < goal.rescanMs && peakMib < goal.peakMib;
      measured.push(`${perCpuSecond}/CPU s of ${goal.files}`);
      rows.push(
        [
          `${goal.files} files, taken in`,
          `${perCpuSecond} files per CPU second (the peer: ${goal.perCpuSecond})`,
        ],
        [
          `${goal.files} files, nothing changed`,
          `${Math.round(again.cpuMs)} ms of CPU, the start of the process included (the peer: ${goal.rescanMs} ms)`,
        ],
        [`${goal.files} files, memory at peak`, `${Math.round(peakMib)} MiB (the peer: ${goal.peakMib} MiB)`],
      );
    } finally {
      await rm(dataDir, { recursive: true });
    }
  }
  return {
    name: 'import',
    goal: GOALS.map(({ files, perCpuSecond }) => `> ${perCpuSecond} files per CPU second of ${files}`).join(
      ', ',
    ),
    measured: measured.join(', '),
    met,
    rows,
  };
}

async function run(music: string, dataDir: string): Promise<Cost> {
  const child = spawn(process.execPath, ['--max-semi-space-size=4', '--import', USAGE, COMMAND, music], {
    env: { ...process.env, ANTIPHON_DATA: dataDir, ANTIPHON_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  const [exitCode] = await once(child, 'close');
  if (exitCode !== 0) throw new Error(out);
  const [, cpuMs, peakKib] = /usage (\S+) (\S+)/.exec(out) ?? [];
  return { cpuMs: Number(cpuMs), peakMib: Number(peakKib) / 1024, out };
}

const USAGE = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => { const u = process.resourceUsage(); console.log('usage', (u.userCPUTime + u.systemCPUTime) / 1000, u.maxRSS); });",
)}`;

/** Made once and kept: half a minute for 20,000 files. */
async function library(files: number): Promise<string> {
  const folder = join(CACHE, String(files));
  if (existsSync(join(folder, 'whole'))) return join(folder, 'music');
  await rm(folder, { recursive: true, force: true });
  const ffmpeg = await findFfmpeg();
  const base = join(folder, 'base');
  const sound = { samples: SECONDS * 44_100 };
  const mp3Args = ['-c:a', 'libmp3lame', '-b:a', '64k', '-id3v2_version', '0'];
  const mp3 = await readFile(await makeMusic(ffmpeg, base, 'a.mp3', { ...sound, args: mp3Args }));
  const flacArgs = ['-c:a', 'flac', '-ac', '1', '-sample_fmt', 's16', '-fflags', '+bitexact'];
  const flac = await readFile(await makeMusic(ffmpeg, base, 'a.flac', { ...sound, args: flacArgs }));
  const cover = await sharp({
    create: {
      width: 600,
      height: 600,
      channels: 3,
      background: '#345',
      noise: { type: 'gaussian', mean: 128, sigma: 20 },
    },
  })
    .jpeg()
    .toBuffer();
  for (let album = 0; album < files / PER_ALBUM; album++) {
    const artist = `Artist ${Math.floor(album / 3)}`;
    const path = join(folder, 'music', artist, `Album ${album}`);
    await mkdir(path, { recursive: true });
    const image = Buffer.concat([cover, Buffer.from(`album ${album}`)]);
    if (album % 2 === 1) await writeFile(join(path, 'cover.jpg'), image);
    for (let track = 1; track <= PER_ALBUM; track++) {
      const fields = {
        TITLE: `Song ${track} of ${album}`,
        ARTIST: artist,
        ALBUM: `Album ${album}`,
        ALBUMARTIST: artist,
        TRACKNUMBER: `${track}/${PER_ALBUM}`,
        DATE: String(1960 + (album % 60)),
        GENRE: `Genre ${album % 30}`,
      };
      const own = album * PER_ALBUM + track;
      const file = album % 2 === 0 ? mp3Of(mp3, own, fields, image) : flacOf(flac, own, fields);
      await writeFile(
        join(path, `${String(track).padStart(2, '0')} Song.${album % 2 === 0 ? 'mp3' : 'flac'}`),
        file,
      );
    }
  }
  await writeFile(join(folder, 'whole'), '');
  return join(folder, 'music');
}

type Fields = Readonly<Record<string, string>>;

const FRAMES: Readonly<Record<string, string>> = {
  TITLE: 'TIT2',
  ARTIST: 'TPE1',
  ALBUM: 'TALB',
  ALBUMARTIST: 'TPE2',
  TRACKNUMBER: 'TRCK',
  DATE: 'TDRC',
  GENRE: 'TCON',
};
const synchsafe = (n: number): Buffer =>
  Buffer.from([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127]);

function mp3Of(base: Buffer, own: number, fields: Fields, image: Buffer): Buffer {
  const frame = (id: string, body: Buffer): Buffer =>
    Buffer.concat([Buffer.from(id), synchsafe(body.length), Buffer.alloc(2), body]);
  const frames = Object.entries(fields).map(([name, value]) =>
    frame(FRAMES[name] as string, Buffer.from(`\u0003${value}`)),
  );
  frames.push(frame('APIC', Buffer.concat([Buffer.from('\0image/jpeg\0\x03\0', 'latin1'), image])));
  const body = Buffer.concat(frames);
  const sound = Buffer.from(base);
  // The last bytes of the last frame: its ancillary data.
  sound.writeUInt32BE(own, sound.length - 4);
  return Buffer.concat([Buffer.from('ID3\u0004\u0000\u0000'), synchsafe(body.length), body, sound]);
}

function flacOf(base: Buffer, own: number, fields: Fields): Buffer {
  const texts = Object.entries(fields).map(([name, value]) => Buffer.from(`${name}=${value}`));
  const sized = (bytes: Buffer): Buffer[] => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    return [size, bytes];
  };
  const count = Buffer.alloc(4);
  count.writeUInt32LE(texts.length);
  const comment = Buffer.concat([...sized(Buffer.from('bench')), count, ...texts.flatMap(sized)]);
  const head = Buffer.from(base.subarray(0, 42));
  head[4] = 0;
  // The digest of the sound.
  head.writeUInt32BE(own, 38);
  let audio = 4;
  for (let isLast = false; !isLast; ) {
    isLast = ((base[audio] as number) & 0x80) !== 0;
    audio += 4 + base.readUIntBE(audio + 1, 3);
  }
  const block = Buffer.alloc(4);
  block.writeUIntBE(comment.length, 1, 3);
  block[0] = 0x84;
  return Buffer.concat([head, block, comment, base.subarray(audio)]);
}
