/**
 * Listens for what the edge in nginx has served, one datagram a request (the `report` log of
 * infra/deploy/nginx), so that hits of its cache count as evidence without a request to the origin.
 *
 * Datagrams can be lost and carry no proof of who sent them: the port belongs on a network of ours.
 */
import { createSocket, type Socket } from 'node:dgram';
import { type Static, Type } from 'typebox';
import { EDGE_REPORTS_BUFFER_BYTES, EDGE_REPORTS_LOOKED_UP_MAX } from '../../config/limits.ts';
import { Id, literals } from '../../kit/contract.ts';
import { logger } from '../../kit/log.ts';
import { validatorOf } from '../../kit/validate.ts';
import type { Library } from './library.ts';
import { cacheBytes, cacheRequests, edgeReportsLost } from './metrics.ts';
import { type TrackFile, trackFile } from './path.ts';
import type { ServedReport } from './served.ts';

const log = logger('edge');

/** $upstream_cache_status; empty when nginx answered by itself. */
const CacheStatus = literals('', 'HIT', 'MISS', 'EXPIRED', 'STALE', 'UPDATING', 'REVALIDATED', 'BYPASS');

/** What becomes a label is bounded: anyone on the network could else fill the metrics with series. */
const Line = Type.Object({
  play: Type.String(),
  song: Type.String(),
  /** The path behind the song, empty for what is open to all. */
  file: Type.String({ maxLength: 40 }),
  method: Type.String(),
  status: Type.Integer({ minimum: 100, maximum: 599 }),
  /** Of the body, as sent. */
  bytes: Type.Integer({ minimum: 0 }),
  /** Content-Range of the answer, or empty. */
  range: Type.String(),
  cache: CacheStatus,
});
type Line = Static<typeof Line>;
const line = validatorOf(Line);
const id = validatorOf(Id);

export interface EdgeReportsDeps {
  readonly library: Pick<Library, 'file'>;
  readonly report: Pick<ServedReport, 'served'>;
}

export interface EdgeReports extends AsyncDisposable {
  readonly port: number;
}

/** @throws Error when the address cannot be listened on. */
export async function listenForEdgeReports(
  deps: EdgeReportsDeps,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<EdgeReports> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  const take = takerOf(deps);
  socket.on('message', (message) => take(message.toString('utf8')));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', (err) => log.error({ err }, 'reports of the edge could not be read'));
  growBuffer(socket);
  return {
    port: socket.address().port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** The kernel's usual buffer overflows within a blink of the event loop. */
function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(EDGE_REPORTS_BUFFER_BYTES);
  } catch (err) {
    log.warn({ err }, 'the buffer for reports of the edge stays as it is; some may be lost under load');
  }
}

function takerOf({ library, report }: EdgeReportsDeps): (message: string) => void {
  let lookups = 0;

  /** Which segments a part of a progressive file holds takes a look at its index. */
  const takeFile = async (told: Line, file: Extract<TrackFile, { kind: 'file' }>): Promise<void> => {
    if (lookups >= EDGE_REPORTS_LOOKED_UP_MAX) {
      edgeReportsLost.inc({ why: 'busy' });
      return;
    }
    lookups += 1;
    try {
      const start = Number(/^bytes (\d+)-/.exec(told.range)?.[1] ?? 0);
      const body = await library.file(told.song, file.rung);
      for (const segment of body.segmentsIn(start, start + told.bytes)) {
        report.served(told.play, told.song, file.rung, segment);
      }
    } catch (err) {
      edgeReportsLost.inc({ why: 'unreadable' });
      log.warn({ err, songId: told.song }, 'a report of the edge could not be taken');
    } finally {
      lookups -= 1;
    }
  };

  return (message) => {
    const told = parse(message);
    if (!told) {
      edgeReportsLost.inc({ why: 'malformed' });
      return;
    }
    const result = told.cache.toLowerCase() || 'none';
    cacheRequests.inc({ result, status: told.status });
    cacheBytes.inc({ result }, told.bytes);
    const gotSound = told.method === 'GET' && (told.status === 200 || told.status === 206) && told.bytes > 0;
    if (!gotSound || !id.Check(told.play) || !id.Check(told.song)) return;
    const file = trackFile(told.file);
    if (file?.kind === 'segment') report.served(told.play, told.song, file.rung, file.index);
    else if (file?.kind === 'file') void takeFile(told, file);
  };
}

/** The line behind the syslog header. */
function parse(message: string): Line | undefined {
  try {
    const told: unknown = JSON.parse(message.slice(message.indexOf('{')));
    return line.Check(told) ? (told as Line) : undefined;
  } catch {
    return undefined;
  }
}
