/**
 * Goal: a service that is full for a moment is not shown as an error, and nothing is done twice for it.
 * Method: answers in a row in place of the network.
 */
import t from 'tap';
import { type ApiError, call, openSession } from './http.ts';

const FULL = [503, { code: 'OVERLOADED', retryAfterSec: 0 }] as const;
const AWAY = [503, { code: 'SERVICE_AWAY', retryAfterSec: 0 }] as const;
const FINE = [200, { items: [] }] as const;
type Reply = readonly [status: number, body: object];

const replies: Reply[] = [];
let asked = 0;
t.intercept(globalThis, 'fetch', {
  value: async () => {
    asked++;
    const [status, body] = replies.shift() ?? FINE;
    return new Response(JSON.stringify(body), { status });
  },
});
replies.push([200, { accessToken: 'a', accessExpiresAtMs: Date.now() + 3_600_000 }]);
await openSession('/login', {});

async function after(asks: string, ...row: Reply[]): Promise<{ told: unknown; asked: number }> {
  replies.splice(0, replies.length, ...row);
  asked = 0;
  const [method = '', path = ''] = asks.split(' ');
  const told = await call(method, path).catch((error: ApiError) => error.code);
  return { told, asked };
}

t.test('a question is asked again when the service says that it may, a few times', async (t) => {
  t.strictSame(await after('GET /albums', FULL, FULL), { told: { items: [] }, asked: 3 });
  t.strictSame(await after('POST /songs/lookup', FULL, FULL, FULL), { told: 'OVERLOADED', asked: 3 });
});

t.test('commands are not, which would overtake each other, nor is what is away', async (t) => {
  t.strictSame(await after('POST /me/player/play', FULL), { told: 'OVERLOADED', asked: 1 });
  t.strictSame(await after('GET /albums', AWAY), { told: 'SERVICE_AWAY', asked: 1 });
});
