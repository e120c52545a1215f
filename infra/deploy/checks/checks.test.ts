/** Goal: each check of the deployment can fail. Method: a small deployment that is well, and one fault at a time. */
import t from 'tap';
import { type ComposeModel, type ComposeService, composeProblems } from './compose.ts';
import { edgeProblems } from './edge.ts';
import { listProblems, type Manifest, manifestProblems } from './manifests.ts';
import { alertsWithoutAdvice, metricsOf, unknownMetrics, withoutGrafana } from './queries.ts';

const well: ComposeService = {
  image: 'nats:2.15.2-alpine',
  restart: 'unless-stopped',
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  read_only: true,
  healthcheck: { test: ['CMD', 'true'] },
  deploy: { resources: { limits: { cpus: '1', memory: '1G', pids: 10 } } },
  environment: { ANTIPHON_ROLES: 'gateway', ANTIPHON_NATS_SEED_FILE: '/seed' },
  ports: [{ host_ip: '127.0.0.1', published: '4600' }],
  volumes: [
    { type: 'bind', source: '/there', target: '/x' },
    { type: 'volume', source: 'secrets-nats', target: '/y' },
  ],
};
const secrets: ComposeService = {
  ...well,
  restart: 'no',
  environment: {},
  volumes: [{ type: 'volume', source: 'secrets-nats', target: '/secrets/nats' }],
};
const facts = {
  existing: new Set(['/there']),
  variables: new Set(['ANTIPHON_ROLES', 'ANTIPHON_NATS_SEED']),
  roles: ['gateway'],
  parts: { nats: ['nats-1'] },
};
const problemsWith = (change: object, more: ComposeModel['services'] = {}): string[] =>
  composeProblems({ services: { secrets, 'nats-1': { ...well, ...change }, ...more } }, facts);

t.test('a compose deployment that is well has no problem', async (t) => {
  t.strictSame(problemsWith({}), []);
  t.strictSame(problemsWith({ healthcheck: undefined, 'x-no-healthcheck': 'It has no shell.' }), []);
});

t.test('each fault of a compose service is told', async (t) => {
  const faults: readonly (readonly [change: object, told: RegExp])[] = [
    [{ healthcheck: undefined }, /nats-1 has no health check/],
    [{ deploy: { resources: { limits: { cpus: '1', memory: '1G' } } } }, /nats-1 has no limit of pids/],
    [{ deploy: undefined }, /nats-1 has no limit of memory/],
    [{ restart: undefined }, /nats-1 has no restart policy/],
    [{ cap_drop: [] }, /nats-1 keeps capabilities/],
    [{ security_opt: [] }, /nats-1 may gain privileges/],
    [{ read_only: undefined }, /nats-1 does not say whether its root is read-only/],
    [{ image: 'nats:latest' }, /nats-1 runs nats:latest/],
    [{ image: 'nats' }, /nats-1 runs nats/],
    [{ ports: [{ published: '4600' }] }, /nats-1 publishes 4600 beyond this machine/],
    [{ volumes: [{ type: 'bind', source: '/gone', target: '/x' }] }, /nats-1 mounts \/gone/],
    [{ environment: { ANTIPHON_ROLES: 'gateway', ANTIPHON_NATZ: 'x' } }, /nats-1 sets ANTIPHON_NATZ/],
    [{ environment: {} }, /nobody hosts the role gateway/],
    [{ environment: { ANTIPHON_ROLES: 'gateway,gatway' } }, /there is no role gatway/],
    [
      { depends_on: { other: { condition: 'service_completed_successfully' } } },
      /waits for the end of other/,
    ],
  ];
  for (const [change, told] of faults) {
    const problems = problemsWith(change, { other: { ...well, volumes: [], environment: {} } });
    t.ok(
      problems.some((problem) => told.test(problem)),
      `${told}: ${problems.join('; ')}`,
    );
  }
});

t.test('waiting for the health of who has no health check is told', async (t) => {
  const { healthcheck: _, ...rest } = well;
  const mute: ComposeService = { ...rest, volumes: [], 'x-no-healthcheck': 'It has no shell.' };
  const problems = problemsWith({ depends_on: { mute: { condition: 'service_healthy' } } }, { mute });
  t.strictSame(problems, ['nats-1 waits for the health of mute, which has no health check']);
});

t.test('a certificate that does not name its holder, and secrets that nobody keeps, are told', async (t) => {
  t.strictSame(problemsWith({}, { 'nats-4': well }), [
    'nats-4 shows the certificate of nats, in which it is not named',
  ]);
  const model = { services: { secrets: { ...secrets, volumes: [] }, 'nats-1': well } };
  t.strictSame(composeProblems(model, facts), ['secrets of nats are kept in no volume']);
});

t.test('the metrics of a query are found, whatever stands around them', async (t) => {
  const metrics = metricsOf(
    'histogram_quantile(0.99, sum by (le, route) (rate(a_bucket{route!~"b|c", d="e}"}[5m]))) > 0.5 ' +
      'and on(job) group_left(x) count(f:g{h="i"}) unless j offset 1h or vector(1)',
  );
  t.strictSame(metrics, ['a_bucket', 'f:g', 'j']);
  t.strictSame(metricsOf('sum(rate(x[5m])) / 4 * 86400 - time() > bool 1e3'), ['x']);
  t.equal(withoutGrafana('rate(x[$__rate_interval])'), 'rate(x[5m])');
});

t.test('a metric that nobody tells, and an alert without advice, are told', async (t) => {
  const queries = [{ place: 'rule A', query: 'rate(known[5m]) + unknown' }];
  t.strictSame(unknownMetrics(queries, new Set(['known'])), ['rule A asks for unknown, which nobody tells']);
  t.strictSame(alertsWithoutAdvice(['TargetDown', 'DiskFull'], '### TargetDown\nDiskFull\n'), [
    "the operator's guide has no heading DiskFull",
  ]);
});

const pod = {
  terminationGracePeriodSeconds: 60,
  securityContext: { runAsNonRoot: true },
  containers: [
    {
      name: 'a',
      readinessProbe: {},
      livenessProbe: {},
      lifecycle: { preStop: {} },
      resources: { requests: {}, limits: {} },
      securityContext: { readOnlyRootFilesystem: true },
    },
  ],
};
const [container] = pod.containers;
const workload = (change: object): Manifest => ({
  kind: 'Deployment',
  metadata: { name: 'gateway' },
  spec: { template: { spec: { ...pod, ...change } } },
});

t.test('each fault of a manifest is told', async (t) => {
  t.strictSame(manifestProblems([workload({})], new Set()), []);
  const faults: readonly (readonly [change: object, told: string])[] = [
    [{ securityContext: {} }, 'may run as root'],
    [{ terminationGracePeriodSeconds: undefined }, 'is killed before it has drained'],
    [{ containers: [{ ...container, resources: { requests: {} } }] }, 'has no limits'],
    [{ containers: [{ ...container, resources: { limits: {} } }] }, 'asks for no resources'],
    [{ containers: [{ ...container, securityContext: {} }] }, 'can write to its root'],
    [{ containers: [{ ...container, readinessProbe: undefined }] }, 'does not say when it is ready'],
    [{ containers: [{ ...container, livenessProbe: undefined }] }, 'does not say that it lives'],
    [{ containers: [{ ...container, lifecycle: undefined }] }, 'ends while it is still sent requests'],
  ];
  for (const [change, told] of faults) {
    t.strictSame(manifestProblems([workload(change)], new Set()), [`Deployment gateway ${told}`]);
  }
  const scaler: Manifest = {
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'gateway' },
    spec: { metrics: [{}, { pods: { metric: { name: 'p99' } } }] },
  };
  t.strictSame(manifestProblems([scaler], new Set(['p99'])), []);
  t.match(manifestProblems([scaler], new Set()), [/scales on p99/]);
  t.strictSame(listProblems(['a.yaml'], ['b.yaml']), [
    'a.yaml is listed, but not there',
    'b.yaml is there, but not listed',
  ]);
});

t.test('a variable of the edge that nobody sets, and one that nobody reads, are told', async (t) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as envsubst has it.
  const template = '# EDGE_TLS names it\n${EDGE_LISTEN} ${EDGE_ORIGIN_SCHEME}://${EDGE_LISTEN}';
  t.strictSame(edgeProblems(template, { compose: 'EDGE_LISTEN: 80\nEDGE_ORIGIN_SCHEME: http' }), []);
  t.strictSame(edgeProblems(template, { compose: 'EDGE_LISTEN: 80\nEDGE_GONE: 1' }), [
    'compose leaves out EDGE_ORIGIN_SCHEME',
    'compose sets EDGE_GONE, which no template reads',
  ]);
});
