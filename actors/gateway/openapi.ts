/** The OpenAPI 3.1 document of the routes table. Contract schemas are JSON Schema, so they go in as they are. */
import type { OpenAPIV3_1 } from 'openapi-types';
import type { TSchema } from 'typebox';
import { Folder } from '../../media/library/contract.ts';
import {
  Device,
  Invitation,
  ManagedUser,
  Preferences,
  Profile,
  Session,
  Subscription,
} from '../accounts/contract.ts';
import { AlbumView, ArtistView, Credit, Lyrics, RightsWindow, SongView } from '../catalog/contract.ts';
import { HistoryEntry } from '../history/contract.ts';
import { PlayContext, PlayerAnswer, PlayerState, QueueEntry, Stream } from '../player-session/contract.ts';
import { PlaybackError, PlaybackStart, RungSwitch, Underrun } from './contract.ts';
import { API_PREFIX } from './router.ts';
import { ROUTES, type Route } from './routes.ts';

type Schema = OpenAPIV3_1.SchemaObject;
type Json = Readonly<Record<string, unknown>>;

/** Schemas that get a name; wherever the same schema stands, it is referred to. */
const NAMED: Readonly<Record<string, TSchema>> = {
  Profile,
  Preferences,
  Subscription,
  Session,
  Device,
  ManagedUser,
  Invitation,
  Folder,
  SongView,
  AlbumView,
  ArtistView,
  Lyrics,
  Credit,
  RightsWindow,
  PlayContext,
  QueueEntry,
  PlayerState,
  PlayerAnswer,
  Stream,
  HistoryEntry,
  PlaybackStart,
  Underrun,
  PlaybackError,
  RungSwitch,
};

const TAGS: Readonly<Record<string, string>> = {
  accounts: 'Accounts, sessions, devices and subscriptions',
  search: 'Search',
  catalog: 'Songs, albums and artists',
  'player-session': 'Playing',
  history: 'What was played',
  likes: 'Saved songs',
  gateway: 'Client telemetry',
  library: 'Folders that music is taken in from',
  ingest: 'Music that was sent in',
  health: 'How the service is',
};

const DESCRIPTION = `Log in, then send the access token as \`Authorization: Bearer\`. GET takes query
parameters, every other method a JSON object. Unknown parameters are refused by name. Errors are
application/problem+json (RFC 9457) with a stable \`code\`. Lists are paged: send \`nextCursor\` as \`cursor\`.

The web player sends \`X-Antiphon-Client: web\`: its refresh token then travels in an HttpOnly cookie and is
left out of bodies. Events and player commands also travel over the WebSocket at /api/ws.`;

const EXAMPLE_ID = '02tHqKzT4bVYcJ9sWm1XRd';

const PROBLEM: Schema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'One sentence that says what to do' },
    code: { type: 'string', description: 'Stable, for programs' },
    instance: { type: 'string', description: 'The request id' },
    reason: { type: 'string' },
    retryAfterSec: { type: 'integer' },
    problems: { type: 'array', items: { type: 'string' } },
  },
  examples: [
    {
      type: 'urn:antiphon:problem:SONG_NOT_FOUND',
      title: 'Not Found',
      status: 404,
      detail: 'There is no such song.',
      code: 'SONG_NOT_FOUND',
      instance: EXAMPLE_ID,
    },
  ],
};

const namesByText = new Map(Object.entries(NAMED).map(([name, schema]) => [JSON.stringify(schema), name]));

/** Replaces each part that is a named schema by a reference to it. */
function linked(value: unknown, isRoot = false): unknown {
  if (Array.isArray(value)) return value.map((item) => linked(item));
  if (typeof value !== 'object' || value === null) return value;
  const name = isRoot ? undefined : namesByText.get(JSON.stringify(value));
  if (name) return { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, linked(part)]));
}

const schemaOf = (schema: TSchema, isRoot = false): Schema => linked(schema, isRoot) as Schema;

interface ObjectSchema {
  readonly properties: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
}

const pathParamsOf = (route: Route): string[] =>
  [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);

/** What the client gives besides the path. */
function givenOf(route: Route): { names: string[]; required: string[]; properties: Json } {
  const { properties, required = [] } = route.action.params as unknown as ObjectSchema;
  const taken = new Set([...Object.keys(route.inject), ...pathParamsOf(route)]);
  const names = Object.keys(properties).filter((name) => !taken.has(name));
  return {
    names,
    required: required.filter((name) => names.includes(name)),
    properties: Object.fromEntries(names.map((name) => [name, schemaOf(properties[name] as TSchema)])),
  };
}

function parametersOf(route: Route): OpenAPIV3_1.ParameterObject[] {
  const { properties } = route.action.params as unknown as ObjectSchema;
  const given = givenOf(route);
  const inPath: OpenAPIV3_1.ParameterObject[] = pathParamsOf(route).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: schemaOf(properties[name] as TSchema) as never,
    example: EXAMPLE_ID,
  }));
  if (route.method !== 'GET') return inPath;
  const inQuery: OpenAPIV3_1.ParameterObject[] = given.names.map((name) => ({
    name,
    in: 'query',
    required: given.required.includes(name),
    schema: given.properties[name] as never,
  }));
  return [...inPath, ...inQuery];
}

function bodyOf(route: Route): OpenAPIV3_1.RequestBodyObject | undefined {
  const given = givenOf(route);
  if (route.method === 'GET' || given.names.length === 0) return undefined;
  // In the cookie when the web player asks.
  const required = given.required.filter((name) => name !== 'refreshToken');
  const schema = {
    type: 'object',
    properties: given.properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  } as Schema;
  return { required: required.length > 0, content: { 'application/json': { schema } } };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  400: 'Malformed: `problems` names the fields',
  401: 'No valid access token',
  403: 'Not allowed; `reason` says why',
  404: 'There is no such thing',
  409: 'Not possible in the present state',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many requests; Retry-After says when to come back',
  503: 'A part of the service is away for the moment',
};

function responsesOf(route: Route): OpenAPIV3_1.ResponsesObject {
  const statuses = Object.keys(PROBLEMS).filter((status) => {
    if (status === '413' || status === '415') return route.method !== 'GET';
    if (status === '404') return route.path.includes('{') || route.path.startsWith('/me');
    return status !== '403' || route.auth !== 'none' || route.session === true;
  });
  const refs = statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]);
  const success =
    route.status === 204
      ? { description: 'Done' }
      : {
          description: 'Done',
          content: { 'application/json': { schema: schemaOf(route.action.result) } },
        };
  return { [route.status]: success, ...Object.fromEntries(refs) };
}

/** The web player's answers lack the refresh token, so clients may not rely on it. */
function componentOf(name: string, schema: TSchema): Schema {
  const component = schemaOf(schema, true);
  if (name !== 'Session') return component;
  return { ...component, required: (component.required ?? []).filter((field) => field !== 'refreshToken') };
}

function operationOf(route: Route): OpenAPIV3_1.OperationObject {
  const parameters = parametersOf(route);
  const requestBody = bodyOf(route);
  return {
    operationId: `${route.service}.${route.actionName}`,
    summary: route.action.summary,
    tags: [route.service],
    security: route.auth === 'none' ? [] : [{ bearer: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody }),
    responses: responsesOf(route),
  };
}

function pathsOf(routes: readonly Route[]): OpenAPIV3_1.PathsObject {
  const paths: Record<string, Record<string, OpenAPIV3_1.OperationObject>> = {};
  for (const route of routes) {
    const path = API_PREFIX + route.path;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return paths;
}

export function openApiOf(routes: readonly Route[] = ROUTES): OpenAPIV3_1.Document {
  const problems = Object.entries(PROBLEMS).map(([status, description]) => [
    `Problem${status}`,
    {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
  const schemas = Object.entries(NAMED).map(([name, schema]) => [name, componentOf(name, schema)]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Antiphon',
      version: '1',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(routes),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: PROBLEM, ...Object.fromEntries(schemas) },
      responses: Object.fromEntries(problems),
    },
  };
}
