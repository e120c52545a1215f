/**
 * Moleculer packets between processes of one machine, over a socket in the data folder that only its owner
 * can open. The service is the hub; the operators' REPL joins as a node that hosts nothing.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Transporters } from 'moleculer';
import { BUS_PEER_UNREAD_BYTES_MAX } from '../../config/engine-limits.ts';
import { ForbiddenError, UnavailableError } from '../../kit/errors.ts';
import { frameOf, readFrames } from './socket-frames.ts';

/** The kernel's limit for a socket's path is 108 bytes; longer ones move to the temporary folder. */
const SOCKET_PATH_BYTES_MAX = 100;
const OWNER_ONLY_UMASK = 0o177;
const OTHERS_MAY_WRITE = 0o022;

export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

export class NotRunningError extends Error {
  override readonly name = 'NotRunningError';
}

export function busSocketPath(dataDir: string): string {
  const inside = join(dataDir, 'bus.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(tmpdir(), `antiphon-${name}`, 'bus.sock');
}

/** In a place where anybody may make files, such as /tmp, somebody else's socket could lie in wait at our path. */
async function assertOurs(folder: string): Promise<void> {
  const [own, parent] = await Promise.all([lstat(folder), lstat(dirname(folder))]);
  if ((parent.mode & OTHERS_MAY_WRITE) === 0 || !process.getuid) return;
  const isOurs = own.isDirectory() && own.uid === process.getuid();
  if (isOurs && (own.mode & OTHERS_MAY_WRITE) === 0) return;
  throw new ForbiddenError(
    'BUS_FOLDER_NOT_OURS',
    `${folder} belongs to somebody else, or others may write there. Remove it, or name a data folder with a shorter path.`,
    { folder },
  );
}

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((done, failed) => {
    server.once('error', failed);
    // The file is made within the call to listen, so it is its owner's alone from the first moment on.
    const umask = process.umask(OWNER_ONLY_UMASK);
    try {
      server.listen(path, () => {
        server.removeListener('error', failed);
        done();
      });
    } finally {
      process.umask(umask);
    }
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

const nobodyAnswers = (error: unknown): boolean =>
  ['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '');

async function isAlive(path: string): Promise<boolean> {
  try {
    (await connected(path)).destroy();
    return true;
  } catch (error) {
    if (nobodyAnswers(error)) return false;
    throw error;
  }
}

/** Listens on `path`, first clearing away a socket that a killed process left behind. */
async function claim(server: Server, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await assertOurs(dirname(path));
  try {
    await listening(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (await isAlive(path)) {
      throw new AlreadyRunningError('Antiphon is already running on this data folder.');
    }
    await rm(path, { force: true });
    await listening(server, path);
  }
}

async function joinHub(path: string): Promise<Socket> {
  try {
    const hub = await connected(path);
    await assertOurs(dirname(path));
    return hub;
  } catch (error) {
    if (nobodyAnswers(error)) throw new NotRunningError('No Antiphon is running on this data folder.');
    throw error;
  }
}

export interface LocalSocketOptions {
  readonly path: string;
  readonly role: 'hub' | 'spoke';
}

/** A Moleculer transporter; give an instance to `BrokerOptions.transporter`, opened. */
export class LocalSocketTransporter extends Transporters.Base {
  readonly #options: LocalSocketOptions;
  readonly #commands = new Map<string, string>();
  readonly #peers = new Set<Socket>();
  #server: Server | undefined;
  #isOpen = false;

  constructor(options: LocalSocketOptions) {
    super({});
    this.#options = options;
  }

  /**
   * Takes the place on the socket. To be called before the broker starts: Moleculer tries a connection that
   * failed again and again without telling anybody.
   *
   * @throws AlreadyRunningError when another hub is alive there; NotRunningError when a spoke finds no hub;
   *   ForbiddenError `BUS_FOLDER_NOT_OURS`.
   */
  async open(): Promise<void> {
    const { path, role } = this.#options;
    if (role === 'hub') {
      const server = createServer((socket) => this.#join(socket));
      await claim(server, path);
      this.#server = server;
    } else {
      const hub = await joinHub(path);
      hub.once('close', () => this.#hubGone());
      this.#join(hub);
    }
    this.#isOpen = true;
  }

  override async connect(): Promise<void> {
    if (!this.#isOpen) await this.open();
    await this.onConnected();
  }

  #join(socket: Socket): void {
    this.#peers.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#peers.delete(socket));
    readFrames(socket, (topic, data, frame) => {
      if (this.#options.role === 'hub') {
        for (const peer of this.#peers) if (peer !== socket) this.#write(peer, frame);
      }
      this.#deliver(topic, data);
    });
  }

  /** What is under way fails now instead of at its deadline; what comes later is refused by `prepublish`. */
  #hubGone(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.connected = false;
    const pending = this.transit?.pendingRequests ?? new Map();
    for (const [id, { reject }] of pending) {
      pending.delete(id);
      reject(hubGone());
    }
    void this.broker?.broadcastLocal('$transporter.disconnected', { graceFul: false });
  }

  override async prepublish(packet: Parameters<Transporters.Base['prepublish']>[0]): Promise<void> {
    if (this.#options.role === 'spoke' && !this.#isOpen && packet.type === 'REQ') throw hubGone();
    return super.prepublish(packet);
  }

  #deliver(topic: string, data: Buffer): void {
    const command = this.#commands.get(topic);
    if (command) void this.receive(command, data);
  }

  #write(peer: Socket, frame: Buffer): void {
    if (peer.writableLength > BUS_PEER_UNREAD_BYTES_MAX) peer.destroy();
    else peer.write(frame);
  }

  override async disconnect(): Promise<void> {
    this.connected = false;
    this.#isOpen = false;
    // One that does not read would never let its connection end.
    for (const peer of this.#peers) {
      if (peer.writableLength > 0) peer.destroy();
      else peer.destroySoon();
    }
    const server = this.#server;
    this.#server = undefined;
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
    for (const peer of this.#peers) this.#write(peer, frame);
    // As on any bus, a node hears what it publishes to a topic that it listens to.
    setImmediate(() => this.#deliver(topic, data));
  }
}

const hubGone = (): UnavailableError =>
  new UnavailableError(
    'SERVICE_STOPPED',
    'The service has stopped, or its connection was lost; join it again.',
  );
