/** How the service is, and what goes on, at a glance. */
import type { Health, Metrics, Node } from '../../../../actors/health/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { ta, taOf } from '../../texts/admin/texts.ts';
import { ago, count } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Problem, Skeleton } from '../../ui/parts/states.tsx';
import { Table } from '../../ui/parts/table.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { BarChart } from './charts.tsx';
import { bytes, decimal, lasting, milliseconds } from './format.ts';
import { Card, Mark } from './parts.tsx';
import { useAgain } from './use-again.ts';

const LOOKED_EVERY_MS = 10_000;
const CHART_HOURS = 24;
const DEEDS_SHOWN = 12;

export function Overview() {
  const health = useLoad('admin:health', adminApi.health);
  const metrics = useLoad('admin:metrics', adminApi.metrics);
  useAgain(() => {
    health.reload();
    metrics.reload();
  }, LOOKED_EVERY_MS);
  if (health.s === 'failed') return <Problem text={health.text} retry={health.reload} />;
  if (health.s === 'loading') return <Skeleton shape="rows" />;
  return (
    <>
      <State health={health.value} />
      {metrics.s === 'ready' && <Now metrics={metrics.value} />}
      {metrics.s === 'failed' && <Problem text={metrics.text} retry={metrics.reload} />}
      <Parts health={health.value} />
      <Card title={ta('node.title')}>
        <Nodes nodes={health.value.nodes} />
      </Card>
      <Deeds />
    </>
  );
}

const State = ({ health: { state, warnings } }: { health: Health }) => (
  <section class={`health-state ${state}`} aria-live="polite">
    <span class="health-icon">
      <Icon name={state === 'good' ? 'check' : 'info'} size={26} />
    </span>
    <div>
      <h2>{ta(`health.${state}`)}</h2>
      {warnings.length === 0 ? (
        <p>{ta('health.goodText')}</p>
      ) : (
        <ul>
          {warnings.map(({ code, about }) => (
            <li key={`${code} ${about}`}>{ta(`warning.${code}`, { about: taOf('part.', about) })}</li>
          ))}
        </ul>
      )}
    </div>
  </section>
);

const Figure = ({ label, value }: { label: string; value: string }) => (
  <div class="figure">
    <dt>{label}</dt>
    <dd>{value}</dd>
  </div>
);

function Now({ metrics: { now, hours } }: { metrics: Metrics }) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const today = hours.filter(({ fromMs }) => fromMs >= midnight);
  const sum = (what: 'plays' | 'streams') => today.reduce((total, each) => total + each[what], 0);
  const shown = hours.slice(-CHART_HOURS);
  const chart = (value: (each: (typeof hours)[number]) => number | undefined) =>
    shown.map((each) => ({ atMs: each.fromMs, value: value(each) }));
  const orNone = (ms: number | undefined) => (ms === undefined ? ta('none') : milliseconds(ms));
  return (
    <Card>
      <dl class="figures">
        <Figure label={ta('now.players')} value={count(now.players)} />
        <Figure label={ta('now.plays')} value={count(sum('plays'))} />
        <Figure label={ta('now.streams')} value={count(sum('streams'))} />
        <Figure label={ta('now.requests')} value={decimal(now.requestsPerSec)} />
        <Figure label={ta('now.p50')} value={orNone(now.p50Ms)} />
        <Figure label={ta('now.p99')} value={orNone(now.p99Ms)} />
        <Figure label={ta('now.errors')} value={count(now.errors)} />
      </dl>
      <div class="charts">
        <BarChart title={ta('chart.plays')} points={chart(({ plays }) => plays)} shown={count} />
        <BarChart title={ta('chart.streams')} points={chart(({ streams }) => streams)} shown={count} />
        <BarChart title={ta('chart.p99')} points={chart(({ p99Ms }) => p99Ms)} shown={milliseconds} />
        <BarChart title={ta('chart.errors')} points={chart(({ errors }) => errors)} shown={count} />
      </div>
    </Card>
  );
}

const Parts = ({ health: { engines, behind } }: { health: Health }) => (
  <div class="admin-pair">
    <Card title={ta('parts.title')}>
      <ul class="plain-list">
        {engines.map(({ name, state, tookMs, why }) => (
          <li key={name} class="admin-line">
            <span>{taOf('part.', name)}</span>
            {state === 'good' ? (
              <Mark tone="good">{ta('parts.good', { ms: decimal(tookMs) })}</Mark>
            ) : (
              <Mark tone="danger">{why ?? ta('parts.away')}</Mark>
            )}
          </li>
        ))}
      </ul>
    </Card>
    <Card title={ta('behind.title')}>
      {behind.length === 0 ? (
        <p class="fine">{ta('behind.none')}</p>
      ) : (
        <ul class="plain-list">
          {behind.map(({ stream, consumer, records }) => (
            <li key={`${stream} ${consumer}`} class="admin-line">
              <code>{consumer}</code>
              <span>{ta('behind.records', { n: records })}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  </div>
);

function ffmpegOf({ ffmpeg }: Node) {
  if (!ffmpeg) return ta('node.notNeeded');
  return ffmpeg.s === 'found' ? (
    <span title={ffmpeg.path}>{ffmpeg.version}</span>
  ) : (
    <Mark tone="danger">{ta('node.missing')}</Mark>
  );
}

const Nodes = ({ nodes }: { nodes: readonly Node[] }) => (
  <Table
    caption={ta('node.title')}
    rows={nodes}
    keyOf={({ nodeId }) => nodeId}
    columns={[
      {
        key: 'node',
        title: ta('node.name'),
        render: ({ nodeId, roles }) => <b title={roles.join(', ')}>{nodeId}</b>,
      },
      { key: 'version', title: ta('node.version'), render: ({ version }) => version },
      { key: 'up', title: ta('node.up'), render: ({ startedAtMs }) => lasting(Date.now() - startedAtMs) },
      {
        key: 'memory',
        title: ta('node.memory'),
        numeric: true,
        render: ({ memory }) => bytes(memory.usedBytes),
      },
      {
        key: 'lag',
        title: ta('node.lag'),
        numeric: true,
        render: ({ loopLagMs }) => milliseconds(loopLagMs),
      },
      {
        key: 'disk',
        title: ta('node.disk'),
        numeric: true,
        render: ({ disk }) => (disk ? bytes(disk.freeBytes) : ''),
      },
      { key: 'ffmpeg', title: ta('node.ffmpeg'), render: ffmpegOf },
    ]}
  />
);

function Deeds() {
  const deeds = useLoad('admin:audit', () => adminApi.audit(DEEDS_SHOWN));
  if (deeds.s !== 'ready') return null;
  const { items } = deeds.value;
  return (
    <Card title={ta('audit.title')}>
      {items.length === 0 ? (
        <p class="fine">{ta('audit.none')}</p>
      ) : (
        <ul class="plain-list">
          {items.map(({ atMs, act, by, about, detail = '' }) => (
            <li key={`${atMs} ${act} ${about?.userId}`} class="admin-line">
              <span>
                {taOf('act.', act, {
                  by: by.username ?? ta('deleted'),
                  about: about?.username ?? ta('deleted'),
                  detail,
                })}
              </span>
              <small>{ago(atMs)}</small>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
