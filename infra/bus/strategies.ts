/** How a call finds its node. Both strategies pass over nodes that have fallen silent. */
import { type Context, type Endpoint, type ServiceBroker, Strategies } from 'moleculer';
import { rendezvousOf } from '../../kit/actor/rendezvous.ts';
import { RENDEZVOUS } from '../../kit/service.ts';
import { responsive } from './peers.ts';

type Given = ConstructorParameters<typeof Strategies.Base>;

/** Sends every call for one key to one node, and moves only the keys of a node that came or went. */
class RendezvousStrategy extends Strategies.Base {
  private readonly own: ServiceBroker;
  private readonly shardKey: string;

  constructor(...[registry, broker, options]: Given) {
    super(registry, broker, options);
    this.own = broker;
    this.shardKey = (options as { readonly shardKey: string }).shardKey;
  }

  override select(endpoints: Endpoint[], ctx?: Context): Endpoint {
    const { [this.shardKey]: key } = (ctx?.params ?? {}) as Record<string, unknown>;
    const left = responsive(this.own, endpoints);
    return rendezvousOf(String(key), left, (endpoint) => endpoint.id as string) as Endpoint;
  }
}

/** In turn, for actions without a key. */
class TurnsStrategy extends Strategies.Base {
  private readonly own: ServiceBroker;
  private calls = 0;

  constructor(...[registry, broker, options]: Given) {
    super(registry, broker, options);
    this.own = broker;
  }

  override select(endpoints: Endpoint[]): Endpoint {
    const left = responsive(this.own, endpoints);
    this.calls = (this.calls + 1) % left.length;
    return left[this.calls] as Endpoint;
  }
}

export const TURNS = 'Turns';

/**
 * Needed on every node, callers included, before its broker is made: only a strategy's name travels, and a
 * node that does not know it falls back to another one without a word.
 */
export function registerStrategies(): void {
  Strategies.register(RENDEZVOUS, RendezvousStrategy as never);
  Strategies.register(TURNS, TurnsStrategy as never);
}
