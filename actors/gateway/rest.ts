/** Answers one REST request in named stages: admit, read, call, answer. */
import type { ServerResponse } from 'node:http';
import { BadRequestError, UnauthenticatedError } from '../../kit/errors.ts';
import { type HttpRequest, sendJson } from '../../kit/http.ts';
import type { AccessClaims } from '../accounts/contract.ts';
import { bearerOf } from './access.ts';
import type { Admission } from './admission.ts';
import { hasBody, readJsonObject } from './body.ts';
import type { ClientAddresses } from './client-address.ts';
import type { Dispatch } from './dispatch.ts';
import { fromQuery, type Given } from './params.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import type { RefreshCookie } from './refresh-cookie.ts';
import { type Match, templateOf } from './router.ts';
import type { Route } from './routes.ts';

export interface RestDeps {
  readonly admission: Admission;
  readonly addresses: ClientAddresses;
  readonly cookie: RefreshCookie;
  readonly dispatch: Dispatch;
}

export type ServeRest = (match: Match, url: string, req: HttpRequest, res: ServerResponse) => Promise<void>;

/** GET takes a query, everything else a JSON body: a password has no business in a URL. */
async function read(route: Route, url: string, req: HttpRequest): Promise<Given> {
  const at = url.indexOf('?');
  const query = at < 0 ? '' : url.slice(at + 1);
  if (route.method === 'GET') {
    if (hasBody(req)) throw new BadRequestError('BODY_NOT_WANTED', 'A GET request has no body here.');
    return fromQuery(route, query);
  }
  if (query !== '') throw new BadRequestError('QUERY_NOT_WANTED', 'Send parameters in the JSON body.');
  return readJsonObject(req);
}

const NOT_KEPT = ['Cache-Control', 'no-store'];

function answer(res: ServerResponse, route: Route, result: unknown): void {
  if (route.status === 204) res.writeHead(204, NOT_KEPT).end();
  else sendJson(res, route.status, result, NOT_KEPT);
}

export function createRest({ admission, addresses, cookie, dispatch }: RestDeps): ServeRest {
  const admit = (route: Route, req: HttpRequest, res: ServerResponse): Promise<AccessClaims | undefined> =>
    admission.admit({
      route,
      token: bearerOf(req.headers.authorization),
      address: () => addresses.of(req),
      onCount: (limit, count) => {
        for (const [name, value] of rateLimitHeaders(limit, count)) res.setHeader(name, value);
      },
    });

  return async (match, url, req, res) => {
    const { route } = match;
    req.route = templateOf(route);
    const claims = await admit(route, req, res);
    const given = await read(route, url, req);
    const requestId = req.requestId ?? '';
    if (!cookie.applies(req, route)) {
      answer(res, route, await dispatch(match, given, claims, requestId));
      return;
    }
    try {
      const result = await dispatch(match, cookie.withToken(req, route, given), claims, requestId);
      answer(res, route, cookie.afterwards(res, route, result));
    } catch (error) {
      // A refresh token that no longer holds would only be refused again at the next page load.
      if (error instanceof UnauthenticatedError && route.actionName === 'refresh') cookie.clear(res);
      throw error;
    }
  };
}
