/** Metrics of others that rules and dashboards ask for, by who tells them. */
export const EXPORTED_METRICS: readonly string[] = [
  // Prometheus itself.
  'up',
  // blackbox-exporter
  'probe_success',
  'probe_ssl_earliest_cert_expiry',
  // node-exporter
  'node_filesystem_avail_bytes',
  'node_filesystem_size_bytes',
  // prometheus-nats-exporter, with -jsz=all
  'jetstream_server_total_streams',
  'jetstream_server_total_message_bytes',
  'jetstream_stream_last_seq',
];
