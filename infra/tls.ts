/** What a client of ours shows to, and believes of, an engine that speaks TLS. PEM text. */
export interface ClientTls {
  /** Believed beside nothing else: the service's own certificate authority. Absent: the system's. */
  readonly ca?: string;
  /** Shown to engines that ask who we are. */
  readonly cert?: string;
  readonly key?: string;
}
