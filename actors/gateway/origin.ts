/** Which pages may talk to us: our own, and for the token API those of configured origins. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface OriginOptions {
  /** Where browsers reach the service when a proxy stands in front. */
  readonly publicUrl?: string | undefined;
  /** Other origins whose pages may call the API with a bearer token. */
  readonly corsOrigins: readonly string[];
}

export interface Origins {
  /** By Sec-Fetch-Site and Origin, of which a browser sends at least one; neither is not enough. */
  isSameOrigin(req: IncomingMessage): boolean;
  /** For sockets: apps send no Origin, browsers always do. */
  mayConnect(req: IncomingMessage): boolean;
  /** Sets CORS headers for a configured origin. True when the request was a preflight and is answered. */
  cors(req: IncomingMessage, res: ServerResponse, methods: () => readonly string[]): boolean;
}

const PREFLIGHT_MAX_AGE_SEC = 600;
const ALLOWED_HEADERS = 'Authorization, Content-Type, X-Request-Id';
const EXPOSED_HEADERS = 'X-Request-Id, Retry-After, RateLimit, RateLimit-Policy';

export function createOrigins({ publicUrl, corsOrigins }: OriginOptions): Origins {
  const publicOrigin = publicUrl && new URL(publicUrl).origin;
  const others = new Set(corsOrigins);

  const isOwn = (origin: string, host: string | undefined): boolean => {
    if (origin === publicOrigin) return true;
    const { protocol, host: originHost } = URL.canParse(origin) ? new URL(origin) : {};
    // A proxy may have taken the https off, so the scheme tells pages from apps and no more.
    return (protocol === 'http:' || protocol === 'https:') && originHost === host;
  };

  return {
    isSameOrigin({ headers }) {
      const site = headers['sec-fetch-site'];
      const { origin, host } = headers;
      if (site !== undefined && site !== 'same-origin') return false;
      if (origin !== undefined && !isOwn(origin, host)) return false;
      return site !== undefined || origin !== undefined;
    },
    mayConnect({ headers: { origin, host } }) {
      return origin === undefined || isOwn(origin, host) || others.has(origin);
    },
    cors(req, res, methods) {
      if (others.size === 0) return false;
      res.setHeader('Vary', 'Origin');
      const { origin } = req.headers;
      if (origin === undefined || !others.has(origin)) return false;
      res.setHeader('Access-Control-Allow-Origin', origin);
      res.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
      if (req.method !== 'OPTIONS' || !req.headers['access-control-request-method']) return false;
      res.setHeader('Access-Control-Allow-Methods', methods().join(', '));
      res.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
      res.setHeader('Access-Control-Max-Age', PREFLIGHT_MAX_AGE_SEC);
      res.statusCode = 204;
      res.end();
      return true;
    },
  };
}
