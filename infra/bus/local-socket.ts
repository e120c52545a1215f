/**
 * Moleculer packets between processes of one machine, over a socket in the data folder that only its owner
 * can open. The service is the hub; the operators' REPL joins as a node that hosts nothing.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transporters } from 'moleculer';

/** The kernel's limit for a socket's path is 108 bytes; longer ones move to the temporary folder. */
const SOCKET_PATH_BYTES_MAX = 100;
const FRAME_BYTES_MAX = 16 * 1024 * 1024;
const LENGTH_BYTES = 4;
const TOPIC_LENGTH_BYTES = 2;

export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

export function busSocketPath(dataDir: string): string {
  const inside = join(dataDir, 'bus.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  return join(tmpdir(), `antiphon-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}.sock`);
}

function frameOf(topic: string, data: Buffer): Buffer {
  const name = Buffer.from(topic);
  const head = Buffer.allocUnsafe(LENGTH_BYTES + TOPIC_LENGTH_BYTES);
  head.writeUInt32BE(TOPIC_LENGTH_BYTES + name.length + data.length, 0);
  head.writeUInt16BE(name.length, LENGTH_BYTES);
  return Buffer.concat([head, name, data]);
}

/** Cuts the byte stream into frames again; a peer that breaks the format is cut off. */
function readFrames(socket: Socket, onFrame: (topic: string, data: Buffer, frame: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    while (held.length >= LENGTH_BYTES) {
      const length = held.readUInt32BE(0);
      if (length > FRAME_BYTES_MAX || length < TOPIC_LENGTH_BYTES) {
        socket.destroy();
        return;
      }
      const end = LENGTH_BYTES + length;
      if (held.length < end) return;
      const topicEnd = LENGTH_BYTES + TOPIC_LENGTH_BYTES + held.readUInt16BE(LENGTH_BYTES);
      const topic = held.toString('utf8', LENGTH_BYTES + TOPIC_LENGTH_BYTES, topicEnd);
      onFrame(topic, held.subarray(topicEnd, end), held.subarray(0, end));
      held = held.subarray(end);
    }
  });
}

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(path, () => {
      server.removeListener('error', failed);
      done();
    });
  });

const connected = (path: string): Promise<Socket> =>
  new Promise((done, failed) => {
    const socket = connect(path);
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.removeListener('error', failed);
      done(socket);
    });
  });

/**
 * Listens on `path`, first clearing away a socket that a killed process left behind.
 *
 * @throws AlreadyRunningError when a living process answers there.
 */
async function claim(server: Server, path: string): Promise<void> {
  try {
    await listening(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const alive = await connected(path).then(
      (socket) => socket.destroy() !== undefined,
      () => false,
    );
    if (alive) throw new AlreadyRunningError('Antiphon is already running on this data folder.');
    await rm(path, { force: true });
    await listening(server, path);
  }
}

export interface LocalSocketOptions {
  readonly path: string;
  readonly role: 'hub' | 'spoke';
}

/** A Moleculer transporter; give an instance to `BrokerOptions.transporter`. */
export class LocalSocketTransporter extends Transporters.Base {
  readonly #options: LocalSocketOptions;
  readonly #commands = new Map<string, string>();
  readonly #peers = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: LocalSocketOptions) {
    super({});
    this.#options = options;
  }

  override async connect(): Promise<void> {
    const { path, role } = this.#options;
    if (role === 'hub') {
      this.#server = createServer((socket) => this.#join(socket));
      await claim(this.#server, path);
    } else {
      const hub = await connected(path);
      hub.on('close', () => {
        this.connected = false;
      });
      this.#join(hub);
    }
    await this.onConnected();
  }

  #join(socket: Socket): void {
    this.#peers.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#peers.delete(socket));
    readFrames(socket, (topic, data, frame) => {
      if (this.#options.role === 'hub') {
        for (const peer of this.#peers) if (peer !== socket) peer.write(frame);
      }
      this.#deliver(topic, data);
    });
  }

  #deliver(topic: string, data: Buffer): void {
    const command = this.#commands.get(topic);
    // A copy: the frame's memory is the socket's and is used again.
    if (command) this.receive(command, Buffer.from(data));
  }

  override async disconnect(): Promise<void> {
    this.connected = false;
    for (const peer of this.#peers) peer.end();
    const server = this.#server;
    if (server) await new Promise((done) => server.close(done));
  }

  override async subscribe(command: string, nodeID?: string): Promise<void> {
    this.#commands.set(this.getTopicName(command, nodeID ?? ''), command);
  }

  // The node that serves a request is chosen by the caller's registry, never by the transporter.
  override async subscribeBalancedRequest(): Promise<void> {}
  override async subscribeBalancedEvent(): Promise<void> {}

  override async send(topic: string, data: Buffer): Promise<void> {
    const frame = frameOf(topic, data);
    for (const peer of this.#peers) peer.write(frame);
    // As on any bus, a node hears what it publishes to a topic that it listens to.
    setImmediate(() => this.#deliver(topic, data));
  }
}
