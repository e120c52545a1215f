/** The edge by itself in one process, with one song in memory, for the benchmark; prints where it listens. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Objects } from '../../kit/ports/objects.ts';
import { systemClock } from '../../kit/sources.ts';
import { createCovers } from '../../media/covers/covers.ts';
import { createEdge } from '../../media/edge/edge.ts';
import { createLibrary } from '../../media/edge/library.ts';
import { createMediaUrls } from '../../media/edge/media-urls.ts';
import { createServedReport } from '../../media/edge/served.ts';
import type { MediaKeys } from '../../media/edge/token.ts';
import { trackKeys } from '../../media/package/names.ts';
import { CODEC, FRAME_SAMPLES, PACKAGE_VERSION, type PackagedTrack } from '../../media/package/types.ts';

const SEGMENTS = 50;
const SEGMENT_BYTES = 123_000;
const SEGMENT_SAMPLES = 259 * FRAME_SAMPLES;
const songId = 'B'.repeat(22);

const file = Buffer.alloc(1000 + SEGMENTS * SEGMENT_BYTES, 'sound ');
const track: PackagedTrack = {
  version: PACKAGE_VERSION,
  songId,
  durationMs: 300_000,
  sampleRate: 44_100,
  samples: SEGMENTS * SEGMENT_SAMPLES - FRAME_SAMPLES,
  priming: FRAME_SAMPLES,
  renditions: [
    {
      rung: 160,
      codec: CODEC,
      channels: 2,
      bandwidthBps: 164_000,
      averageBps: 164_000,
      initBytes: 1000,
      fileBytes: file.length,
      segments: Array.from({ length: SEGMENTS }, (_, i) => ({
        offset: 1000 + i * SEGMENT_BYTES,
        headBytes: 1200,
        bytes: SEGMENT_BYTES,
        samples: SEGMENT_SAMPLES,
      })),
    },
  ],
};

const unused = (): never => {
  throw new Error('the benchmark only reads segments');
};
const objects: Objects = {
  get: async (key) => (key === trackKeys.index(songId) ? Buffer.from(JSON.stringify(track)) : undefined),
  range: async (_key, start, end) => file.subarray(start, end),
  head: unused,
  stream: unused,
  put: unused,
  putFile: unused,
  delete: unused,
  list: unused,
};

const keys: MediaKeys = [{ kid: '1', secret: Buffer.alloc(32, 1) }];
const edge = createEdge({
  library: createLibrary({ objects, covers: createCovers({ objects }), masterSecret: Buffer.alloc(32, 2) }),
  keys,
  clock: systemClock,
  report: createServedReport({ journal: { append: async () => 1 }, clock: systemClock }),
});
const server = createServer((req, res) => void edge(req, res));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  // As many plays as connections: each asks with a token of its own.
  const plays = Array.from({ length: 64 }, (_, i) =>
    createMediaUrls({ keys, baseUrl: '' })
      .sign(
        {
          playId: String(i).padStart(22, 'P'),
          userId: 'U'.repeat(22),
          songId,
          maxRung: 160,
          region: 'ZZ',
          expiresAtMs: Date.now() + 600_000,
        },
        { hasOriginal: false },
      )
      .hlsUrl.replace('master.m3u8', '160/'),
  );
  console.log(JSON.stringify({ port, plays, segments: SEGMENTS }));
});
