/** Topics within one process. */
import { logger } from '../../kit/log.ts';
import type { Topics } from '../../kit/ports/topics.ts';

const log = logger('topics');

type Handler = (message: unknown) => void;

export function openTopics(): Topics {
  const handlersByTopic = new Map<string, Set<Handler>>();

  function deliver(topic: string, json: string): void {
    for (const handler of [...(handlersByTopic.get(topic) ?? [])]) {
      try {
        handler(JSON.parse(json));
      } catch (error) {
        log.error({ err: error, topic }, 'subscriber failed; the others still get the message');
      }
    }
  }

  return {
    async publish(topic, message) {
      if (!handlersByTopic.has(topic)) return;
      const json = JSON.stringify(message);
      // Later in the same turn, so that a handler that publishes cannot overtake the message it has got.
      queueMicrotask(() => deliver(topic, json));
    },
    async subscribe(topic, handler) {
      const own: Handler = (message) => handler(message);
      const handlers = handlersByTopic.get(topic) ?? new Set();
      handlersByTopic.set(topic, handlers.add(own));
      return {
        async [Symbol.asyncDispose]() {
          handlers.delete(own);
          if (handlers.size === 0 && handlersByTopic.get(topic) === handlers) handlersByTopic.delete(topic);
        },
      };
    },
  };
}
