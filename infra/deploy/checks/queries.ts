/** Which metrics a query of Prometheus names. Its grammar is promtool's business. */

const WORDS = new Set([
  ...[
    'and',
    'or',
    'unless',
    'by',
    'without',
    'on',
    'ignoring',
    'group_left',
    'group_right',
    'bool',
    'offset',
  ],
  ...['inf', 'nan', 'start', 'end', 'atan2'],
]);
/** Grafana's own, set to what it stands for, so that a query can be parsed. */
const GRAFANA = /\$__(rate_interval|interval|range)\b/g;

export const withoutGrafana = (query: string): string => query.replaceAll(GRAFANA, '5m');

export function metricsOf(query: string): string[] {
  const bare = query
    .replaceAll(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/g, '""')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    // Lists of labels.
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const names = bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)\s*(\(?)/g);
  return [
    ...new Set(
      [...names]
        .filter(([, name = '', bracket]) => bracket === '' && !WORDS.has(name.toLowerCase()))
        .map(([, name = '']) => name),
    ),
  ];
}

export interface Query {
  /** Where it stands, for whoever has to mend it. */
  readonly place: string;
  readonly query: string;
}

/** A sentence for each name that nobody registers. */
export const unknownMetrics = (queries: readonly Query[], known: ReadonlySet<string>): string[] =>
  queries.flatMap(({ place, query }) =>
    metricsOf(query)
      .filter((name) => !known.has(name))
      .map((name) => `${place} asks for ${name}, which nobody tells`),
  );

/** Every alert has a heading in the operator's guide that says what to do. */
export const alertsWithoutAdvice = (alerts: readonly string[], guide: string): string[] =>
  alerts
    .filter((alert) => !new RegExp(`^#+ ${alert}$`, 'm').test(guide))
    .map((alert) => `the operator's guide has no heading ${alert}`);
