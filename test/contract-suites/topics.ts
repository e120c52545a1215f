/** What every engine of the Topics port must keep. */
import t, { type Test } from 'tap';
import type { Topics } from '../../kit/ports/topics.ts';
import type { OpenEngine } from './harness.ts';

export function topicsSuite(name: string, openEngine: OpenEngine<Topics>): void {
  const rule = (title: string, run: (t: Test, opened: Awaited<ReturnType<typeof openEngine>>) => unknown) => {
    void t.test(`${name}: ${title}`, async (t) => {
      await using opened = await openEngine();
      await run(t, opened);
    });
  };

  /** Collects messages; `until` resolves when so many are there. */
  function inbox() {
    const messages: unknown[] = [];
    let check = () => {};
    return {
      messages,
      handler: (message: unknown) => {
        messages.push(message);
        check();
      },
      until: (count: number) =>
        new Promise<void>((resolve) => {
          check = () => messages.length >= count && resolve();
          check();
        }),
    };
  }

  rule('messages reach each subscriber of the topic in order, as copies', async (t, { engine }) => {
    const [first, second, other] = [inbox(), inbox(), inbox()];
    await using _a = await engine.subscribe('t.1', first.handler);
    await using _b = await engine.subscribe('t.1', second.handler);
    await using _c = await engine.subscribe('t.2', other.handler);
    const message = { n: 0 };
    await engine.publish('t.1', message);
    message.n = 1;
    await engine.publish('t.1', message);
    await engine.publish('t.2', 'end');
    await Promise.all([first.until(2), second.until(2), other.until(1)]);
    t.strictSame(first.messages, [{ n: 0 }, { n: 1 }]);
    t.strictSame(second.messages, first.messages);
    t.not(second.messages[0], first.messages[0]);
    t.strictSame(other.messages, ['end']);
  });

  rule('a subscriber that fails or has left does not harm the others', async (t, { engine }) => {
    const [gone, living] = [inbox(), inbox()];
    const subscription = await engine.subscribe('t', gone.handler);
    await using _bad = await engine.subscribe('t', () => {
      throw new Error('subscriber fault');
    });
    await using _good = await engine.subscribe('t', living.handler);
    await subscription[Symbol.asyncDispose]();
    await engine.publish('t', 1);
    await living.until(1);
    t.strictSame(gone.messages, []);
  });

  rule('a handler that publishes cannot overtake its own message', async (t, { engine }) => {
    const seen = inbox();
    await using _first = await engine.subscribe('t', (message) => {
      if (message === 1) void engine.publish('t', 2);
    });
    await using _second = await engine.subscribe('t', seen.handler);
    await engine.publish('t', 1);
    await seen.until(2);
    t.strictSame(seen.messages, [1, 2]);
  });
}
