/**
 * node scripts/check-deploy.ts: compose file, manifests, alert rules and dashboards are valid, and ask for nothing
 * that is not there. Needs Go (or the built tools) and promtool; no network, no Docker.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { CLUSTER_ROLES } from '../config/settings.ts';
import { type ComposeModel, composeProblems } from '../infra/deploy/checks/compose.ts';
import { edgeProblems } from '../infra/deploy/checks/edge.ts';
import { EXPORTED_METRICS } from '../infra/deploy/checks/exported-metrics.ts';
import { listProblems, type Manifest, manifestProblems } from '../infra/deploy/checks/manifests.ts';
import {
  alertsWithoutAdvice,
  type Query,
  unknownMetrics,
  withoutGrafana,
} from '../infra/deploy/checks/queries.ts';
import { partsOf, type Vault } from '../infra/deploy/secrets/parts.ts';
import { COMPOSE_GO, findProgram, goTool, KUBECTL_VALIDATE } from '../infra/local/tools.ts';
import { collectProcessMetrics, registry } from '../kit/metrics.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const deploy = join(root, 'infra/deploy');
const COMPOSE = join(root, 'docker-compose.yml');
const KUBERNETES_VERSION = '1.30';
const OUTPUT_BYTES_MAX = 16 * 1024 ** 2;

const text = (path: string): Promise<string> => readFile(path, 'utf8');
const filesOf = async (folder: string, pattern: string): Promise<string[]> =>
  (await Array.fromAsync(glob(pattern, { cwd: folder }))).sort();

/** What a program complained of, or undefined. */
const complaint = (program: string, args: readonly string[]): Promise<string | undefined> =>
  run(program, args, { maxBuffer: OUTPUT_BYTES_MAX }).then(
    () => undefined,
    ({ stdout = '', stderr = '', message }: { stdout?: string; stderr?: string; message: string }) =>
      (stdout + stderr).trim() || message,
  );

async function inTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-check-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const variables = async (): Promise<Set<string>> =>
  new Set((await text(join(root, 'config/settings.ts'))).match(/ANTIPHON_[A-Z0-9_]+/g));

/** Host names by part; the secrets themselves do not matter here, but their form does. */
function partHosts(): Record<string, readonly string[]> {
  const seed = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';
  const vault = new Proxy({} as Vault, { get: (_, name) => (String(name).endsWith('seed') ? seed : 'x') });
  return Object.fromEntries(partsOf(vault, { natsRoutes: [] }).map(({ name, hosts }) => [name, hosts]));
}

async function checkCompose(): Promise<string[]> {
  const composeGo = await goTool(COMPOSE_GO);
  const env = { ...process.env, COMPOSE_PROFILES: 'cassandra-3' };
  const options = { env, cwd: root, maxBuffer: OUTPUT_BYTES_MAX };
  const read = (file: string) => run(composeGo, ['-format', 'json', file], options);
  const refusesWrongKey = await inTempFolder(async (folder) => {
    const broken = join(folder, 'docker-compose.yml');
    await writeFile(broken, (await text(COMPOSE)).replace('    healthcheck:', '    helthcheck:'));
    return read(broken).then(
      () => false,
      () => true,
    );
  });
  const model = JSON.parse((await read(COMPOSE)).stdout) as ComposeModel;
  const sources = Object.values(model.services).flatMap(({ volumes = [] }) =>
    volumes.map(({ source }) => source),
  );
  const existing = new Set(sources.filter((source) => source !== undefined && existsSync(source)));
  const facts = { existing, variables: await variables(), roles: CLUSTER_ROLES, parts: partHosts() };
  return [
    ...(refusesWrongKey ? [] : ['compose-go takes a key that does not exist: this check proves nothing']),
    ...composeProblems(model, facts as Parameters<typeof composeProblems>[1]),
  ];
}

async function checkManifests(): Promise<string[]> {
  const validate = await goTool(KUBECTL_VALIDATE);
  const adapter = parse(await text(join(deploy, 'prometheus/adapter.yml'))) as Adapter;
  const measured = new Set(adapter.rules.map(({ name }) => name.as));
  const known = await variables();
  const perFolder = ['k8s', 'k8s/canary'].map(async (name) => {
    const folder = join(deploy, name);
    const files = (await readdir(folder)).filter(
      (file) => file.endsWith('.yaml') && file !== 'kustomization.yaml',
    );
    const { resources } = parse(await text(join(folder, 'kustomization.yaml'))) as { resources: string[] };
    const perFile = files.map(async (file) => {
      const path = join(folder, file);
      const content = await text(path);
      const manifests = parseAllDocuments(content).map((document) => document.toJS() as Manifest);
      const wrong = await complaint(validate, ['--version', KUBERNETES_VERSION, path]);
      const unknown = (content.match(/\bANTIPHON_[A-Z0-9_]+/g) ?? []).filter(
        (variable) => !known.has(variable.replace(/_FILE$/, '')),
      );
      return [
        ...(wrong ? [wrong] : []),
        ...unknown.map((variable) => `${file} sets ${variable}, which config/settings.ts does not know`),
        ...manifestProblems(manifests, measured),
      ];
    });
    return [...listProblems(resources, files), ...(await Promise.all(perFile)).flat()];
  });
  return (await Promise.all(perFolder)).flat();
}

async function checkEdge(): Promise<string[]> {
  const templates = await filesOf(deploy, 'nginx/*.template');
  const texts = await Promise.all(templates.map((file) => text(join(deploy, file))));
  return edgeProblems(texts.join('\n'), {
    'docker-compose.yml': await text(COMPOSE),
    'k8s/edge.yaml': await text(join(deploy, 'k8s/edge.yaml')),
    'nginx/README.md': await text(join(deploy, 'nginx/README.md')),
  });
}

interface Adapter {
  readonly rules: readonly {
    readonly name: { readonly as: string };
    readonly metricsQuery: string;
    readonly seriesQuery: string;
  }[];
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly expr: string; readonly alert?: string; readonly record?: string }[];
  }[];
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

/** Metrics that our code registers: every module that has some is loaded, and the registry asked. */
async function ourMetrics(): Promise<Set<string>> {
  collectProcessMetrics();
  for (const file of await filesOf(root, '{actors,infra,kit,media}/**/*.ts')) {
    if (/\.(test|engine|bench)\.ts$/.test(file)) continue;
    if (/from '[^']*\/metrics\.ts'/.test(await text(join(root, file)))) await import(join(root, file));
  }
  const known = new Set<string>();
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    known.add(name);
    if (String(type) === 'histogram')
      for (const part of ['bucket', 'sum', 'count']) known.add(`${name}_${part}`);
  }
  return known;
}

async function allQueries(): Promise<{ queries: Query[]; alerts: string[]; records: string[] }> {
  const queries: Query[] = [];
  const [alerts, records]: [string[], string[]] = [[], []];
  for (const file of await filesOf(deploy, 'prometheus/rules/*.yml')) {
    for (const { rules } of (parse(await text(join(deploy, file))) as Rules).groups) {
      for (const { expr, alert, record } of rules) {
        queries.push({ place: `rule ${alert ?? record}`, query: expr });
        if (alert) alerts.push(alert);
        if (record) records.push(record);
      }
    }
  }
  for (const file of await filesOf(deploy, 'grafana/dashboards/*.json')) {
    const { title, panels } = JSON.parse(await text(join(deploy, file))) as Dashboard;
    for (const panel of panels) {
      for (const { expr } of panel.targets) {
        queries.push({ place: `${title}: ${panel.title}`, query: withoutGrafana(expr) });
      }
    }
  }
  const adapter = parse(await text(join(deploy, 'prometheus/adapter.yml'))) as Adapter;
  for (const { name, metricsQuery, seriesQuery } of adapter.rules) {
    const series = seriesQuery.split('{')[0] ?? '';
    const query = metricsQuery
      .replaceAll('<<.Series>>', series)
      .replaceAll('<<.LabelMatchers>>', 'pod="a"')
      .replaceAll('<<.GroupBy>>', 'pod');
    queries.push({ place: `adapter ${name.as}`, query });
  }
  return { queries, alerts, records };
}

async function checkQueries(): Promise<string[]> {
  const promtool = await findProgram('promtool');
  if (!promtool) throw new Error('promtool is needed: apt-get install prometheus');
  const { queries, alerts, records } = await allQueries();
  const rules = await filesOf(deploy, 'prometheus/rules/*.yml');
  const ruleFiles = rules.map((file) => join(deploy, file));
  const unparsed = await inTempFolder(async (folder) => {
    const file = join(folder, 'queries.yml');
    const asRules = queries.map(({ query }, index) => ({ record: `check:query${index}`, expr: query }));
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ groups: [{ name: 'queries', rules: asRules }] }));
    return complaint(promtool, ['check', 'rules', file]);
  });
  const told = [
    await complaint(promtool, [
      'check',
      'config',
      '--syntax-only',
      join(deploy, 'prometheus/prometheus.yml'),
    ]),
    await complaint(promtool, ['check', 'rules', ...ruleFiles]),
    await complaint(promtool, ['test', 'rules', join(deploy, 'prometheus/rules-test.yml')]),
    unparsed,
  ];
  const known = new Set([...(await ourMetrics()), ...EXPORTED_METRICS, ...records]);
  return [
    ...told.filter((wrong) => wrong !== undefined),
    ...unknownMetrics(queries, known),
    ...alertsWithoutAdvice(alerts, await text(join(root, 'docs/operating.md'))),
  ];
}

const checks: readonly (readonly [name: string, check: () => Promise<string[]>])[] = [
  [`${basename(COMPOSE)}: schema, files, settings, roles, certificates, limits, health`, checkCompose],
  [`Kubernetes ${KUBERNETES_VERSION}: schema, probes, limits, settings, autoscaling`, checkManifests],
  ['The edge: its variables in compose, Kubernetes and the guide', checkEdge],
  ['Prometheus and Grafana: settings, rules, queries, metrics, advice', checkQueries],
];

let failed = 0;
for (const [name, check] of checks) {
  const problems = await check().catch((error: unknown) => [(error as Error).message]);
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  for (const problem of problems) console.error(`       ${problem}`);
  failed += problems.length;
}
process.exit(failed === 0 ? 0 : 1);
