/**
 * Moleculer's cacher over our Cache port: answers of actions whose contract gives them `cachedMs` are kept
 * by the node that serves them, shared where the cache is. A cache that is broken never fails a call.
 */
import { hash } from 'node:crypto';
import { Cachers, type Context } from 'moleculer';
import { UnsupportedError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Cache } from '../../kit/ports/cache.ts';

const log = logger('bus');

type Handler = (ctx: Context) => Promise<unknown>;

/** Moleculer's own key joins texts without escaping them: one call's parameters could pass for another's. */
export const answerKey = (action: string, params: object): string => {
  const ordered = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
  return `answer/${action}/${hash('sha256', JSON.stringify(ordered), 'base64url')}`;
};

type Options = ConstructorParameters<typeof Cachers.Base>[0] & object;

export class PortCacher extends Cachers.Base<Options> {
  readonly #cache: Cache;
  /** Calls that are being answered: who asks the same meanwhile gets the same. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(cache: Cache) {
    super({ keygen: ({ name = '' }, _options, { params }) => answerKey(name, params as object) });
    this.#cache = cache;
  }

  override middlewareWithoutLock(
    ctx: Context,
    key: string,
    handler: Handler,
    { ttl }: { readonly ttl: number },
  ): Promise<unknown> {
    const running = this.#running.get(key);
    if (running) return running.then((answer) => structuredClone(answer));
    const answering = this.#answer(ctx, key, handler, ttl).finally(() => this.#running.delete(key));
    this.#running.set(key, answering);
    return answering;
  }

  async #answer(ctx: Context, key: string, handler: Handler, ttlSec: number): Promise<unknown> {
    const kept = await this.get(key);
    if (kept !== null) return kept;
    const answer = await handler(ctx);
    await this.set(key, answer, ttlSec);
    return answer;
  }

  override async get(key: string): Promise<Record<string, unknown> | null> {
    try {
      return (await this.#cache.get<Record<string, unknown>>(key)) ?? null;
    } catch (error) {
      log.warn({ err: error }, 'a kept answer could not be read');
      return null;
    }
  }

  override async set(key: string, answer: unknown, ttlSec = 0): Promise<void> {
    try {
      await this.#cache.set(key, answer, ttlSec * 1000);
    } catch (error) {
      log.warn({ err: error }, 'an answer could not be kept');
    }
  }

  override async del(keys: string | string[]): Promise<void> {
    await Promise.all([keys].flat().map((key) => this.#cache.delete(key)));
  }

  /** The cache is whose it is; the composition root closes it. */
  override async close(): Promise<void> {}

  override clean(): Promise<never> {
    return notOffered();
  }
  override getWithTTL(): Promise<never> {
    return notOffered();
  }
  override lock(): Promise<never> {
    return notOffered();
  }
  override tryLock(): Promise<never> {
    return notOffered();
  }
}

const notOffered = () =>
  Promise.reject(
    new UnsupportedError(
      'CACHER_LIMITED',
      'The cache neither lists nor locks; kept answers end by themselves.',
    ),
  );
