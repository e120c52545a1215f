/**
 * The web player's refresh token lives in a cookie that no script can read. Apps, which have a keychain, get
 * it in the body.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BadRequestError, ForbiddenError, UnauthenticatedError } from '../../kit/errors.ts';
import type { Session } from '../accounts/contract.ts';
import type { Origins } from './origin.ts';
import type { Given } from './params.ts';
import type { Route } from './routes.ts';

const CLIENT_HEADER = 'x-antiphon-client';

export interface RefreshCookie {
  /**
   * Whether this request keeps its refresh token in the cookie.
   *
   * @throws ForbiddenError `CROSS_SITE` when a page of another origin asks.
   */
  applies(req: IncomingMessage, route: Route): boolean;
  /** The parameters with the cookie's token, where the action takes one. */
  withToken(req: IncomingMessage, route: Route, given: Given): Given;
  /** Moves the token of a session into the cookie, or ends the cookie; the answer that is left. */
  afterwards(res: ServerResponse, route: Route, result: unknown): unknown;
  clear(res: ServerResponse): void;
}

const takesToken = (route: Route): boolean => Object.hasOwn(route.action.params.properties, 'refreshToken');

const cookieOf = (req: IncomingMessage, name: string): string | undefined =>
  req.headers.cookie
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);

/** `secure`: browsers reach the service by https. The prefix then binds the cookie to this very host. */
export function createRefreshCookie(deps: {
  readonly secure: boolean;
  readonly origins: Origins;
  readonly nowMs: () => number;
}): RefreshCookie {
  const { secure, origins, nowMs } = deps;
  const name = secure ? '__Host-antiphon_refresh' : 'antiphon_refresh';
  // The __Host- prefix demands Path=/.
  const attributes = `HttpOnly; SameSite=Strict; ${secure ? 'Path=/; Secure' : 'Path=/api'}`;
  const set = (res: ServerResponse, token: string, maxAgeSec: number) =>
    res.setHeader('Set-Cookie', `${name}=${token}; Max-Age=${maxAgeSec}; ${attributes}`);

  return {
    applies(req, route) {
      if (req.headers[CLIENT_HEADER] !== 'web' || !(route.session || takesToken(route))) return false;
      if (!origins.isSameOrigin(req)) {
        throw new ForbiddenError('CROSS_SITE', 'The web player logs in from its own pages only.');
      }
      return true;
    },
    withToken(req, route, given) {
      if (!takesToken(route)) return given;
      if (Object.hasOwn(given, 'refreshToken')) {
        const problems = ['refreshToken: comes from the cookie'];
        throw new BadRequestError('INVALID_PARAMS', `${problems[0]}.`, { problems });
      }
      const refreshToken = cookieOf(req, name);
      if (!refreshToken) throw new UnauthenticatedError('NO_SESSION', 'Log in.');
      return { ...given, refreshToken };
    },
    afterwards(res, route, result) {
      if (!route.session) {
        set(res, '', 0);
        return result;
      }
      const { refreshToken, ...rest } = result as Session;
      set(res, refreshToken, Math.max(0, Math.floor((rest.refreshExpiresAtMs - nowMs()) / 1000)));
      return rest;
    },
    clear: (res) => set(res, '', 0),
  };
}
