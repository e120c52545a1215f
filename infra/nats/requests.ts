/**
 * Requests as an append needs them, at half the cost of the client's own: one inbox, numbers instead of random
 * names, one timer for all, and headers written at once.
 */
import { createInbox, ErrorCode, type MsgHdrs, type NatsConnection, NatsError } from 'nats';
import { JOURNAL_REQUESTS_SWEEP_MS } from '../../config/engine-limits.ts';
import type { Clock } from '../../kit/sources.ts';

interface Waiting {
  readonly untilMs: number;
  readonly resolve: (text: string) => void;
  readonly reject: (error: NatsError) => void;
}

export interface Requests {
  /**
   * Resolves with the text of the answer.
   *
   * @param headers names and values, which hold nothing that a header could not
   * @throws NatsError of ErrorCode.Timeout, up to JOURNAL_REQUESTS_SWEEP_MS late; NoResponders;
   *   MaxPayloadExceeded; or what publishing over an ended connection throws
   */
  ask(
    subject: string,
    text: string,
    headers: readonly (readonly [string, string])[],
    msMax: number,
  ): Promise<string>;
}

const NO_RESPONDERS = 503;

/** All that the client does with headers that it sends. */
const encoded = (headers: readonly (readonly [string, string])[]): MsgHdrs => {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const bytes = Buffer.from(`NATS/1.0\r\n${lines}\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
};

/** They end with the connection. */
export function openRequests(connection: NatsConnection, clock: Clock): Requests {
  const inbox = `${createInbox()}.`;
  const waiting = new Map<string, Waiting>();
  let asked = 0;
  let isSweeping = false;

  connection.subscribe(`${inbox}*`, {
    callback(error, message) {
      if (error) return;
      const token = message.subject.slice(inbox.length);
      const request = waiting.get(token);
      if (!request) return;
      waiting.delete(token);
      const { data } = message;
      if (data.length === 0 && message.headers?.code === NO_RESPONDERS) {
        request.reject(NatsError.errorForCode(ErrorCode.NoResponders));
      } else {
        request.resolve(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
      }
    },
  });

  function sweep(): void {
    const nowMs = clock.nowMs();
    for (const [token, { untilMs, reject }] of waiting) {
      if (untilMs > nowMs) continue;
      waiting.delete(token);
      reject(NatsError.errorForCode(ErrorCode.Timeout));
    }
    isSweeping = waiting.size > 0;
    if (isSweeping) clock.after(JOURNAL_REQUESTS_SWEEP_MS, sweep);
  }

  return {
    ask: (subject, text, headers, msMax) =>
      new Promise((resolve, reject) => {
        const token = (asked++).toString(36);
        connection.publish(subject, text, { reply: inbox + token, headers: encoded(headers) });
        waiting.set(token, { untilMs: clock.nowMs() + msMax, resolve, reject });
        if (isSweeping) return;
        isSweeping = true;
        clock.after(JOURNAL_REQUESTS_SWEEP_MS, sweep);
      }),
  };
}
