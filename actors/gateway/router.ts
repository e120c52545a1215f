/** Finds the route of a method and path; literal segments win over parameters. */
import { BadRequestError } from '../../kit/errors.ts';
import { type Method, ROUTES, type Route } from './routes.ts';

export const API_PREFIX = '/api';

export interface Match {
  readonly route: Route;
  readonly pathParams: Readonly<Record<string, string>>;
}

interface Node {
  readonly literal: Map<string, Node>;
  param?: { readonly name: string; readonly node: Node };
  readonly routes: Map<Method, Route>;
}

const node = (): Node => ({ literal: new Map(), routes: new Map() });

function insert(root: Node, route: Route): void {
  let at = root;
  for (const segment of route.path.slice(1).split('/')) {
    if (segment.startsWith('{')) {
      at.param ??= { name: segment.slice(1, -1), node: node() };
      at = at.param.node;
    } else {
      const next = at.literal.get(segment) ?? node();
      at.literal.set(segment, next);
      at = next;
    }
  }
  at.routes.set(route.method, route);
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new BadRequestError('BAD_URL', 'The path is not well-formed percent-encoding.');
  }
}

export interface Router {
  /** `path` is below /api. @throws BadRequestError for a path that cannot be decoded. */
  find(method: string, path: string): Match | undefined;
  /** Methods that the path knows, for Allow; empty when there is no such path. */
  allowed(path: string): Method[];
}

export function createRouter(routes: readonly Route[] = ROUTES): Router {
  const root = node();
  for (const route of routes) insert(root, route);

  const walk = (path: string) => {
    const pathParams: Record<string, string> = {};
    let at: Node | undefined = root;
    for (const segment of path.slice(1).split('/')) {
      const literal: Node | undefined = at.literal.get(segment);
      if (!literal && at.param && segment) pathParams[at.param.name] = decode(segment);
      at = literal ?? (segment ? at.param?.node : undefined);
      if (!at) return undefined;
    }
    return { routes: at.routes, pathParams };
  };

  return {
    find(method, path) {
      const found = walk(path);
      const route = found?.routes.get((method === 'HEAD' ? 'GET' : method) as Method);
      return found && route && { route, pathParams: found.pathParams };
    },
    allowed: (path) => [...(walk(path)?.routes.keys() ?? [])],
  };
}

const templates = new Map(ROUTES.map((route) => [route, API_PREFIX + route.path]));

/** How a route is called in logs, metrics and socket calls. */
export const templateOf = (route: Route): string => templates.get(route) ?? API_PREFIX + route.path;
