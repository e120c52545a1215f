/**
 * Moleculer's NATS transporter, made to notice: servers that come and go, nodes that nobody reaches any more,
 * and messages too large to be sent.
 */
import { Transporters } from 'moleculer';
import type { ConnectionOptions, Msg, NatsConnection } from 'nats';
import { BUS_MESSAGE_BYTES_MAX } from '../../config/engine-limits.ts';
import { TooLargeError } from '../../kit/errors.ts';
import { LostAttemptError } from './lost-attempt.ts';
import { INTERRUPTED } from './peers.ts';
import { REQUEST, RESPONSE } from './wire-json.ts';

type AnyPacket = Parameters<Transporters.NATS['publish']>[0];

const PING = 'PING';

/** Whoever publishes with a reply subject is told at once, with this status, that nobody listens. */
const NO_RESPONDERS = 503;

/** A Moleculer transporter; give an instance to `brokerOptions`. It connects in the background, for ever. */
export class NatsTransporter extends Transporters.NATS {
  readonly #options: ConnectionOptions;
  #up = Promise.withResolvers<void>();

  /** `options` as `natsConnectOptions` (infra/nats) makes them. */
  constructor(options: ConnectionOptions) {
    super();
    this.#options = { ...options, waitOnFirstConnect: true };
    // What Moleculer hands to the client.
    this.opts = this.#options as never;
  }

  override async connect(): Promise<void> {
    await super.connect();
    this.#up.resolve();
    void this.#follow(this.client as NatsConnection);
  }

  /** Without a server nobody can be told, and the connection must end all the same. */
  override async disconnect(): Promise<void> {
    const client = this.client as NatsConnection | null;
    await client?.flush().catch(() => undefined);
    await client?.close();
    this.client = null;
  }

  override makeSubscriptions(topics: Parameters<Transporters.NATS['makeSubscriptions']>[0]): Promise<void> {
    const callback = (_error: unknown, message: Msg) => this.#tellAway(message);
    (this.client as NatsConnection).subscribe(`${this.#awaySubject}.>`, { callback });
    return super.makeSubscriptions(topics);
  }

  get #awaySubject(): string {
    return `${this.prefix}.AWAY.${this.nodeID}`;
  }

  /** Subscriptions come back by themselves; what others have missed of us, and we of them, does not. */
  async #follow(client: NatsConnection): Promise<void> {
    for await (const { type } of client.status()) {
      if (type === 'disconnect') {
        if (this.connected) this.#up = Promise.withResolvers();
        this.connected = false;
      } else if (type === 'reconnect') {
        void this.broker.broadcastLocal(INTERRUPTED);
        // Not waited for: it takes a while, in which the connection may be lost again.
        const told = this.onConnected(true);
        this.#up.resolve();
        told.catch((error: unknown) =>
          this.logger.warn('the nodes were not told of the reconnection', error),
        );
      }
    }
  }

  /** Without Moleculer's copy of what the client hands over: nobody else holds it. */
  override async subscribe(command: string, nodeId?: string): Promise<void> {
    (this.client as NatsConnection).subscribe(this.getTopicName(command, nodeId), {
      callback: (_error, { data }) =>
        void this.receive(command, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    });
  }

  /** Nobody listens at a node's subject: its process has ended, or has lost its server. */
  #tellAway({ subject, headers }: Msg): void {
    if (headers?.code !== NO_RESPONDERS) return;
    const [type, ...rest] = subject.slice(this.#awaySubject.length + 1).split('.');
    const name = rest.join('.');
    const nodeId = type === PING ? name : this.transit.pendingRequests.get(name)?.nodeID;
    if (type === REQUEST) this.#lose(name);
    // It is back with its next heartbeat.
    if (nodeId) this.broker.registry.nodes.disconnected(nodeId, true);
  }

  #lose(requestId: string): void {
    const request = this.transit.pendingRequests.get(requestId) as
      | { action: { name: string }; nodeID: string }
      | undefined;
    if (request)
      this.#refuse(requestId, new LostAttemptError('undelivered', request.action.name, request.nodeID));
  }

  #refuse(requestId: string, error: Error): void {
    const request = this.transit.pendingRequests.get(requestId);
    this.transit.removePendingRequest(requestId);
    request?.reject(error);
  }

  /** While there is no server the client would drop what it is given, and not say so. */
  override async prepublish(packet: AnyPacket): Promise<void> {
    if (!this.connected && packet.type === REQUEST) return this.#lose(packet.payload.id ?? '');
    if (!this.connected && packet.type === PING) return;
    if (!this.connected && packet.type === RESPONSE) await this.#up.promise;
    return super.prepublish(packet);
  }

  override async publish(packet: AnyPacket): Promise<void> {
    const data = this.serialize(packet);
    if (data.length > BUS_MESSAGE_BYTES_MAX) return this.#tooLarge(packet, data.length);
    const client = this.client as NatsConnection | null;
    const reply = this.#replySubject(packet);
    client?.publish(
      this.getTopicName(packet.type, packet.target),
      data,
      reply === undefined ? {} : { reply },
    );
  }

  #replySubject({ type, target, payload }: AnyPacket): string | undefined {
    if (type === REQUEST) return `${this.#awaySubject}.${type}.${payload.id}`;
    return type === PING && target ? `${this.#awaySubject}.${type}.${target}` : undefined;
  }

  /** Its caller is told, on whichever side it waits. */
  async #tooLarge({ type, target, payload }: AnyPacket, bytes: number): Promise<void> {
    const error = new TooLargeError(
      'BUS_MESSAGE_TOO_LARGE',
      `A message of ${bytes} bytes is too large for the bus; ask for less at once.`,
      { bytes, bytesMax: BUS_MESSAGE_BYTES_MAX },
    );
    const { id = '' } = payload;
    if (type === REQUEST) this.#refuse(id, error);
    else if (type === RESPONSE && target) await this.transit.sendResponse(target, id, {}, {}, {}, error);
    else throw error;
  }
}
