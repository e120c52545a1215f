/** A packaged song behind a small HTTP server, as an edge would serve it, for tests. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Rung } from '../../actors/catalog/contract.ts';
import { dashManifest } from './dash.ts';
import { encryptSegment, segmentIv, segmentKey } from './encrypt.ts';
import { mediaPlaylist, multivariantPlaylist } from './hls.ts';
import { trackUrls } from './names.ts';
import { progressiveFile, progressivePieces } from './progressive.ts';
import { initRange, segmentRange } from './segment.ts';
import { CODEC, FRAME_SAMPLES, type PackagedTrack, type Rendition } from './types.ts';

export const TEST_SECRET = Buffer.alloc(32, 7);

/** 20 s at 44.1 kHz, made up: what manifests are written from. */
export function inventedTrack(): PackagedTrack {
  const frames = [259, 259, 259, 86];
  const rendition = (rung: Rung): Rendition => {
    let offset = 700;
    const segments = frames.map((count) => {
      const entry = {
        offset,
        headBytes: 96 + 4 * count,
        bytes: 96 + count * rung * 3,
        samples: count * FRAME_SAMPLES,
      };
      offset += entry.bytes;
      return entry;
    });
    return {
      rung,
      codec: CODEC,
      channels: rung === 24 ? 1 : 2,
      bandwidthBps: rung * 1100,
      averageBps: rung * 1050,
      initBytes: 700,
      fileBytes: offset,
      segments,
    };
  };
  return {
    version: 1,
    songId: '0000000000000000000001',
    durationMs: 20003,
    sampleRate: 44100,
    samples: 882123,
    priming: 1024,
    renditions: ([24, 96, 160, 320] as const).map(rendition),
  };
}

export type Files = (rung: Rung) => Buffer;

/** Everything a client may ask for below `/m/<token>/<songId>/`, by relative URL. */
export async function servedFiles(track: PackagedTrack, files: Files): Promise<Map<string, Buffer>> {
  const iv = segmentIv(TEST_SECRET, track.songId);
  const served = new Map<string, Buffer>([
    [trackUrls.hls, Buffer.from(multivariantPlaylist(track, 320))],
    [trackUrls.dash, Buffer.from(dashManifest(track, 320, iv))],
  ]);
  for (const rendition of track.renditions) {
    const { rung } = rendition;
    const file = files(rung);
    const key = segmentKey(TEST_SECRET, track.songId, rung);
    const part = ({ start, end }: { start: number; end: number }): Buffer => file.subarray(start, end);
    served.set(trackUrls.mediaPlaylist(rung), Buffer.from(mediaPlaylist(track, rendition, iv)));
    served.set(trackUrls.key(rung), key);
    served.set(trackUrls.init(rung), part(initRange(rendition)));
    served.set(trackUrls.encryptedInit(rung), encryptSegment(part(initRange(rendition)), key, iv));
    for (const i of rendition.segments.keys()) {
      served.set(trackUrls.segment(rung, i), encryptSegment(part(segmentRange(rendition, i)), key, iv));
    }
    const progressive = await progressiveFile(track, rendition, async (start, end) => part({ start, end }));
    const pieces = progressivePieces(progressive, rendition, 0, progressive.bytes);
    served.set(
      trackUrls.file(rung),
      Buffer.concat(
        pieces.map((piece) =>
          piece.from === 'head' ? progressive.head.subarray(piece.start, piece.end) : part(piece),
        ),
      ),
    );
  }
  return served;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.mpd': 'application/dash+xml',
  '.m4a': 'audio/mp4',
};

export async function serve(files: Map<string, Buffer>): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const file = files.get(name);
    response.setHeader(
      'content-type',
      TYPES[name.slice(name.lastIndexOf('.'))] ?? 'application/octet-stream',
    );
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (!file || !range) {
      response.statusCode = file ? 200 : 404;
      response.end(file);
      return;
    }
    const [start, last] = [Number(range[1]), range[2] ? Number(range[2]) : file.length - 1];
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${start}-${last}/${file.length}`);
    response.end(file.subarray(start, last + 1));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
