// Goal: the published document is valid OpenAPI 3.1 and says of every route what the gateway does.

import type { ServerResponse } from 'node:http';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenAPIV3_1 } from 'openapi-types';
import t from 'tap';
import type { HttpRequest } from '../../kit/http.ts';
import { createDocs } from './docs.ts';
import { openApiOf } from './openapi.ts';
import { templateOf } from './router.ts';
import { ROUTES } from './routes.ts';

const document = openApiOf();

void t.test('it is valid OpenAPI 3.1', async (t) => {
  const result = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  t.equal(result.errors, undefined);
  t.equal(result.valid, true);
});

void t.test('every reference leads somewhere', (t) => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
  t.ok(refs.length > 50);
  const components = document.components as unknown as Record<string, Record<string, unknown>>;
  const missing = refs.filter(([, kind = '', name = '']) => !components[kind]?.[name]);
  t.same(missing, []);
  t.end();
});

void t.test('every route stands in it once, with what it takes and no more', (t) => {
  const ids = new Set<string>();
  for (const route of ROUTES) {
    const item = document.paths?.[templateOf(route)] as Record<string, OpenAPIV3_1.OperationObject>;
    const operation = item?.[route.method.toLowerCase()];
    if (!operation) throw new Error(`${route.method} ${route.path} is missing.`);
    ids.add(operation.operationId ?? '');
    const text = JSON.stringify([operation.parameters ?? [], operation.requestBody ?? {}]);
    for (const name of Object.keys(route.inject)) {
      t.notMatch(text, new RegExp(`"${name}"`), `${operation.operationId} does not offer ${name}`);
    }
    t.equal(operation.security?.length, route.auth === 'none' ? 0 : 1);
    t.ok(operation.responses?.[String(route.status)]);
  }
  t.equal(ids.size, ROUTES.length);
  t.end();
});

void t.test('the page of it shows code as code', async (t) => {
  const handle = createDocs(document);
  let page = '';
  const req = { url: '/docs', method: 'GET' } as HttpRequest;
  const res = {
    setHeader() {},
    end(body: Buffer) {
      page = String(body);
    },
  } as unknown as ServerResponse;
  t.equal(await handle(req, res), true);
  t.match(page, '<code>Authorization: Bearer</code>');
  t.notMatch(page.replace(/<pre>[\s\S]*?<\/pre>/g, ''), '`');
});
