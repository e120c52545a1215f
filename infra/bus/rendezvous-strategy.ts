/** Sends every call for one key to one node, and moves only the keys of a node that came or went. */
import { type Context, type Endpoint, Strategies } from 'moleculer';
import { rendezvousOf } from '../../kit/actor/rendezvous.ts';
import { RENDEZVOUS } from '../../kit/service.ts';

class RendezvousStrategy extends Strategies.Base {
  private readonly shardKey: string;

  constructor(...[registry, broker, options]: ConstructorParameters<typeof Strategies.Base>) {
    super(registry, broker, options);
    this.shardKey = (options as { readonly shardKey: string }).shardKey;
  }

  override select(endpoints: Endpoint[], ctx?: Context): Endpoint {
    const { [this.shardKey]: key } = (ctx?.params ?? {}) as Record<string, unknown>;
    return rendezvousOf(String(key), endpoints, (endpoint) => endpoint.id as string) as Endpoint;
  }
}

/**
 * Needed on every node, callers included, before its broker is made: only the strategy's name travels, and a
 * node that does not know it falls back to another one without a word.
 */
export const registerRendezvous = (): void => Strategies.register(RENDEZVOUS, RendezvousStrategy as never);
