/** Topics on core NATS: a message goes to the servers and processes that want its topic, and nowhere else. */
import { ErrorCode, type NatsConnection, NatsError } from 'nats';
import { TooLargeError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import { encodeToken } from './journal-names.ts';

const log = logger('topics');

export interface NatsTopicsOptions {
  readonly connection: NatsConnection;
  readonly namespace: string;
}

export function openNatsTopics({ connection, namespace }: NatsTopicsOptions): Topics {
  const subjectOf = (topic: string): string => `${namespace}.topics.${encodeToken(topic)}`;
  return {
    async publish(topic, message) {
      const json = JSON.stringify(message);
      try {
        connection.publish(subjectOf(topic), json);
      } catch (error) {
        if (error instanceof NatsError && error.code === ErrorCode.MaxPayloadExceeded) {
          throw new TooLargeError(
            'MESSAGE_TOO_LARGE',
            `A message of ${json.length} characters is too large.`,
            {
              bytesMax: connection.info?.max_payload ?? 0,
            },
          );
        }
        throw away(error);
      }
    },
    async subscribe(topic, handler) {
      const subscription = connection.subscribe(subjectOf(topic), {
        callback: (error, message) => {
          try {
            if (error) throw error;
            handler(message.json());
          } catch (cause) {
            log.error({ err: cause, topic }, 'subscriber failed; the others still get the message');
          }
        },
      });
      // Once the server has answered it knows of the subscription.
      await connection.flush().catch((error: unknown) => {
        subscription.unsubscribe();
        throw away(error);
      });
      return {
        async [Symbol.asyncDispose]() {
          subscription.unsubscribe();
        },
      };
    },
  };
}

const away = (cause: unknown): UnavailableError =>
  new UnavailableError('TOPICS_AWAY', 'The NATS servers do not answer. Try again in a moment.', {
    cause: String(cause),
  });
