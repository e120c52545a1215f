/** Prometheus metrics, in one registry a process. Names follow prometheus.io/docs/practices/naming. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export const registry = new Registry();
const PREFIX = 'antiphon_';

export const counter = <L extends string = never>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
) => new Counter<L>({ name: PREFIX + name, help, labelNames, registers: [registry] });

export const gauge = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
  new Gauge<L>({ name: PREFIX + name, help, labelNames, registers: [registry] });

export const histogram = <L extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly L[] = [],
) =>
  new Histogram<L>({ name: PREFIX + name, help, buckets: [...buckets], labelNames, registers: [registry] });

/** Event-loop delay, garbage collection, memory and CPU of this process. */
export const collectProcessMetrics = (): void => collectDefaultMetrics({ register: registry });
