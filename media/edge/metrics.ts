import { counter } from '../../kit/metrics.ts';

export const requests = counter('edge_requests_total', 'Media requests answered', ['kind', 'status']);
export const bytesServed = counter('edge_served_bytes_total', 'Bytes of media put on the wire', ['kind']);
export const lookups = counter('edge_cache_lookups_total', 'Lookups in the cache of media', ['result']);
export const reportsDropped = counter(
  'edge_reports_dropped_total',
  'Served segments left out of the journal because too many plays waited to be written',
);
export const cacheRequests = counter(
  'edge_nginx_requests_total',
  'Requests answered by the edge in nginx, by what its cache had (hit, miss, stale, ...; none: not asked)',
  ['result', 'status'],
);
export const cacheBytes = counter('edge_nginx_bytes_total', 'Bytes sent by the edge in nginx', ['result']);
export const edgeReportsLost = counter('edge_nginx_reports_lost_total', 'Reports that could not be taken', [
  'why',
]);
