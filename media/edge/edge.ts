/**
 * The edge: serves packaged music to whoever holds a signed path, and previews and covers to anyone. It asks
 * nothing of the control plane; everything it needs stands in the path and in the objects.
 */
import type { ServerResponse } from 'node:http';
import { RUNGS } from '../../actors/catalog/contract.ts';
import { AntiphonError, ForbiddenError } from '../../kit/errors.ts';
import { type HttpHandler, type HttpRequest, problemOf, sendProblem } from '../../kit/http.ts';
import { logger } from '../../kit/log.ts';
import type { Clock } from '../../kit/sources.ts';
import type { Library } from './library.ts';
import { bytesServed, requests } from './metrics.ts';
import { type EdgePath, isEdgePath, parsePath, type TrackFile } from './path.ts';
import {
  IMMUTABLE,
  NO_STORE,
  OPEN_TO_ALL,
  PASSING,
  PRIVATE,
  type Shape,
  sendBody,
  sendFile,
} from './respond.ts';
import type { ServedReport } from './served.ts';
import { createTokenVerifier, type MediaKeys, type TokenClaims } from './token.ts';

const log = logger('edge');

export interface EdgeDeps {
  readonly library: Library;
  readonly keys: MediaKeys;
  readonly report: Pick<ServedReport, 'served'>;
  readonly clock: Clock;
}

type Kind = TrackFile['kind'] | 'preview' | 'cover' | 'coverColors';

const MP4 = 'audio/mp4';
/** The original may be better than any rung, and goes to whom the best is allowed. */
const neededRung = (file: TrackFile): number => {
  if (file.kind === 'original') return Math.max(...RUNGS);
  return 'rung' in file ? file.rung : 0;
};

const SHAPES: Readonly<Record<Kind, Shape>> = {
  master: { type: 'application/vnd.apple.mpegurl', cacheControl: PRIVATE },
  playlist: { type: 'application/vnd.apple.mpegurl', cacheControl: PRIVATE },
  manifest: { type: 'application/dash+xml', cacheControl: PRIVATE },
  key: { type: 'application/octet-stream', cacheControl: NO_STORE },
  init: { type: MP4, cacheControl: IMMUTABLE },
  encryptedInit: { type: MP4, cacheControl: IMMUTABLE },
  segment: { type: MP4, cacheControl: IMMUTABLE },
  file: { type: MP4, cacheControl: PRIVATE },
  original: { type: 'application/octet-stream', cacheControl: PRIVATE },
  waveform: { type: 'application/json', cacheControl: IMMUTABLE },
  preview: { type: MP4, cacheControl: IMMUTABLE },
  cover: { type: 'image/webp', cacheControl: IMMUTABLE },
  coverColors: { type: 'application/json', cacheControl: IMMUTABLE },
};

const STAND_IN: Shape = { ...SHAPES.cover, cacheControl: PASSING };

const METHODS = 'GET, HEAD, OPTIONS';
/** Set by an edge of ours (infra/deploy/nginx). */
const BEHIND_EDGE = 'x-antiphon-edge';
const UNTOLD = { served: () => undefined };

export function createEdge({ library, keys, report, clock }: EdgeDeps): HttpHandler {
  const verifier = createTokenVerifier({ keys, clock });

  /** @throws ForbiddenError `MEDIA_TOKEN_INVALID`, `MEDIA_TOKEN_EXPIRED`, `RUNG_NOT_ALLOWED` */
  const admit = (path: Extract<EdgePath, { kind: 'track' }>): TokenClaims => {
    const verified = verifier.verify(path.token, path.songId);
    switch (verified.s) {
      case 'forged':
        throw new ForbiddenError('MEDIA_TOKEN_INVALID', 'This address was not signed for this song.');
      case 'expired':
        throw new ForbiddenError('MEDIA_TOKEN_EXPIRED', 'This address has expired; ask for a new one.');
      case 'valid':
        if (neededRung(path.file) > verified.claims.maxRung) {
          throw new ForbiddenError('RUNG_NOT_ALLOWED', 'This address does not allow so high a quality.');
        }
        return verified.claims;
    }
  };

  const serveTrack = async (
    path: Extract<EdgePath, { kind: 'track' }>,
    req: HttpRequest,
    res: ServerResponse,
  ): Promise<number> => {
    const { songId, file, name } = path;
    const claims = admit(path);
    const shape = SHAPES[file.kind];
    // What an edge in front keeps, it reports by itself, each time it serves it. Whoever else says so only
    // leaves a play of his own without its evidence.
    const told: Pick<ServedReport, 'served'> = req.headers[BEHIND_EDGE] === undefined ? report : UNTOLD;
    switch (file.kind) {
      case 'segment': {
        const sent = sendBody(req, res, await library.kept(name, songId, file), shape);
        if (sent > 0) told.served(claims.playId, songId, file.rung, file.index);
        return sent;
      }
      case 'init':
      case 'encryptedInit':
      case 'waveform':
        return sendBody(req, res, await library.kept(name, songId, file), shape);
      case 'master':
      case 'manifest':
      case 'playlist':
        return sendBody(req, res, await library.manifest(songId, file, claims.maxRung), shape);
      case 'key':
        return sendBody(req, res, await library.key(songId, file.rung), shape);
      case 'file':
        return sendFile(req, res, await library.file(songId, file.rung), shape, (segment) =>
          told.served(claims.playId, songId, file.rung, segment),
        );
      case 'original': {
        await using original = await library.original(songId);
        return await sendFile(req, res, original, { ...shape, type: original.type }, (segment) =>
          told.served(claims.playId, songId, claims.maxRung, segment),
        );
      }
    }
  };

  const serve = async (path: EdgePath, req: HttpRequest, res: ServerResponse): Promise<number> => {
    switch (path.kind) {
      case 'track':
        return serveTrack(path, req, res);
      case 'preview':
        return sendBody(req, res, await library.preview(path.songId), SHAPES.preview);
      case 'cover': {
        const body = await library.cover(path.coverId, path.sizePx);
        return sendBody(req, res, body, body.standsIn ? STAND_IN : SHAPES.cover);
      }
      case 'coverColors':
        return sendBody(req, res, await library.coverColors(path.coverId), SHAPES.coverColors);
    }
  };

  return async (req, res) => {
    const url = req.url ?? '';
    if (!isEdgePath(url)) return false;
    let kind: Kind | 'unknown' = 'unknown';
    try {
      if (req.method !== 'GET' && req.method !== 'HEAD') {
        answerMethod(req, res);
      } else {
        const path = parsePath(url);
        kind = path.kind === 'track' ? path.file.kind : path.kind;
        const sent = await serve(path, req, res);
        if (sent > 0) bytesServed.inc({ kind }, sent);
      }
    } catch (error) {
      fail(req, res, error, kind);
    }
    requests.inc({ kind, status: res.statusCode });
    return true;
  };
}

class MethodNotAllowedError extends AntiphonError {
  readonly status = 405;
}

function answerMethod(req: HttpRequest, res: ServerResponse): void {
  res.setHeader('Allow', METHODS);
  if (req.method !== 'OPTIONS') {
    throw new MethodNotAllowedError('METHOD_NOT_ALLOWED', `Media addresses take ${METHODS}.`);
  }
  res.writeHead(204, [
    ...OPEN_TO_ALL.flat(),
    ...['Access-Control-Allow-Methods', METHODS],
    ...['Access-Control-Allow-Headers', 'Range, If-None-Match, If-Range'],
    ...['Access-Control-Max-Age', '86400'],
  ]);
  res.end();
}

function fail(req: HttpRequest, res: ServerResponse, error: unknown, kind: string): void {
  const told = problemOf(error, req.requestId ?? '');
  if (told.status >= 500) log.error({ err: error, requestId: req.requestId, kind }, 'media request failed');
  if (res.headersSent) {
    res.destroy();
    return;
  }
  for (const [name, value] of OPEN_TO_ALL) res.setHeader(name, value);
  sendProblem(res, told);
}
