/** A process of its own for one track: `render-process.ts <slug> <seed> <wav path> <cover path>`. */
import { rename, writeFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import sharp from 'sharp';
import { DEMO } from './albums/index.ts';
import { perform } from './perform.ts';
import { seeded } from './synth/random.ts';
import { wavOf } from './synth/wav.ts';

const [, , slug = '', seed = '', wavPath = '', coverPath = ''] = process.argv;
const COVER_QUALITY = 90;

setPriority(constants.priority.PRIORITY_LOW);
sharp.concurrency(1);

const entry = DEMO.find(({ track }) => track.slug === slug);
if (!entry) throw new Error(`the demo has no track ${slug}`);

/** Under another name first: what is there under its own name is whole. */
async function write(path: string, bytes: Buffer): Promise<void> {
  await writeFile(`${path}.partial`, bytes);
  await rename(`${path}.partial`, path);
}

await write(wavPath, wavOf(perform(entry.track, seed), seeded(seed, slug, 'dither')));
await write(
  coverPath,
  await sharp(Buffer.from(entry.album.cover(seed)))
    .webp({ quality: COVER_QUALITY })
    .toBuffer(),
);
