/** /docs: the OpenAPI document as one page of plain HTML, without a script or anything from elsewhere. */
import type { OpenAPIV3_1 } from 'openapi-types';
import { type HttpHandler, pathOf } from '../../kit/http.ts';

type Operation = OpenAPIV3_1.OperationObject;

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
summary { cursor: pointer; padding: .4rem 0; }
summary:focus-visible { outline: 2px solid; }
details { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { overflow: auto; padding: .8rem; background: color-mix(in srgb, currentColor 7%, transparent); }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
.open { font-size: .8em; opacity: .7; }
p.intro { white-space: pre-line; }
`;

/** Text as it may stand in HTML and in attributes. */
const text = (raw: string): string => raw.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);

/** Text with `code` between backticks, as descriptions are written. */
const prose = (raw: string): string => text(raw).replace(/`([^`]*)`/g, '<code>$1</code>');

const json = (value: unknown): string => `<pre>${text(JSON.stringify(value, null, 2))}</pre>`;

function parametersHtml(parameters: Operation['parameters'] = []): string {
  if (parameters.length === 0) return '';
  const items = parameters.map((parameter) => {
    const { name = '', in: place = '', required, schema } = parameter as OpenAPIV3_1.ParameterObject;
    const kind = text(JSON.stringify(schema));
    return `<li><code>${text(name)}</code> (${place}${required ? ', required' : ''}): <code>${kind}</code></li>`;
  });
  return `<h4>Parameters</h4><ul>${items.join('')}</ul>`;
}

function contentHtml(title: string, body: { content?: Record<string, unknown> } | undefined): string {
  const schema = (body?.content?.['application/json'] as { schema?: unknown } | undefined)?.schema;
  return schema ? `<h4>${title}</h4>${json(schema)}` : '';
}

function operationHtml(path: string, method: string, operation: Operation): string {
  const responses = Object.entries(operation.responses ?? {});
  const [status, success] = responses[0] ?? [];
  const others = responses.slice(1).map(([code]) => code);
  const open = operation.security?.length === 0 ? ' <span class="open">no token needed</span>' : '';
  return `<details id="${text(operation.operationId ?? '')}">
<summary><span class="method">${method.toUpperCase()}</span><code>${text(path)}</code> ${prose(operation.summary ?? '')}${open}</summary>
${parametersHtml(operation.parameters)}${contentHtml('Body', operation.requestBody as never)}${contentHtml(`Answer ${status}`, success as never)}
<p>Problems: ${others.join(', ')}</p></details>`;
}

function tagHtml(document: OpenAPIV3_1.Document, tag: OpenAPIV3_1.TagObject): string {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>)
      .filter(([, operation]) => operation.tags?.includes(tag.name))
      .map(([method, operation]) => operationHtml(path, method, operation)),
  );
  return `<h2>${prose(tag.description ?? tag.name)}</h2>${operations.join('\n')}`;
}

function pageOf(document: OpenAPIV3_1.Document): string {
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="schema-${name}"><summary><code>${name}</code></summary>${json(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(document.info.title)} API</title><link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/docs/style.css"></head>
<body><h1>${text(document.info.title)} API</h1>
<p class="intro">${prose(document.info.description ?? '')}</p>
<p><a href="/api/openapi.json">openapi.json</a></p>
${(document.tags ?? []).map((tag) => tagHtml(document, tag)).join('\n')}
<h2>Schemas</h2>${schemas.join('\n')}
</body></html>`;
}

export function createDocs(document: OpenAPIV3_1.Document): HttpHandler {
  const page = Buffer.from(pageOf(document));
  const style = Buffer.from(STYLE);
  const files = new Map([
    ['/docs', ['text/html; charset=utf-8', page] as const],
    ['/docs/', ['text/html; charset=utf-8', page] as const],
    ['/docs/style.css', ['text/css; charset=utf-8', style] as const],
  ]);
  return async (req, res) => {
    const file = files.get(pathOf(req.url ?? ''));
    if (!file || (req.method !== 'GET' && req.method !== 'HEAD')) return false;
    req.route = '/docs';
    const [type, body] = file;
    res.setHeader('Content-Type', type);
    res.setHeader('Content-Length', body.byteLength);
    res.setHeader('Cache-Control', 'no-cache');
    res.end(req.method === 'HEAD' ? undefined : body);
    return true;
  };
}
