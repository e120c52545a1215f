// Goal: what goes over the wire is small, and arrives as Moleculer meant it. Method: packets of each kind, there
// and back.
import t from 'tap';
import { REQUEST, RESPONSE, WireJson } from './wire-json.ts';

const json = new WireJson();
const over = (payload: Record<string, unknown>, type: string): unknown =>
  json.deserialize(json.serialize(payload, type));

const request = {
  ver: '5',
  sender: 'a',
  id: 'a-1',
  action: 'echo.say',
  params: { text: 'Björk 猫 🎧' },
  meta: { deadlineMs: 7 },
  timeout: 5000,
  level: 1,
};

void t.test('a request says what is not a matter of course, in any script', async (t) => {
  const plain = { headers: {}, tracing: null, parentID: null, requestID: null, caller: null, stream: false };
  t.strictSame(over({ ...request, ...plain }, REQUEST), request);
  const said = {
    headers: { a: 1 },
    tracing: false,
    parentID: 'p',
    requestID: 'r',
    caller: 'c',
    stream: true,
  };
  t.strictSame(over({ ...request, ...said, seq: 0 }, REQUEST), { ...request, ...said, seq: 0 });
  const last = { ...request, params: null, stream: false, seq: 3 };
  t.strictSame(over(last, REQUEST), last, 'the end of a stream is no new request');
});

void t.test('an answer keeps null and failure, and brings nothing back of what was sent along', async (t) => {
  const answer = { ver: '5', sender: 'b', id: 'a-1', success: true, data: null };
  t.strictSame(over({ ...answer, meta: { deadlineMs: 7 }, headers: {} }, RESPONSE), answer);
  const failed = { ...answer, success: false, error: { name: 'ConflictError' } };
  t.strictSame(over({ ...failed, headers: { a: 1 } }, RESPONSE), { ...failed, headers: { a: 1 } });
});

void t.test('packets of other kinds are as they were', async (t) => {
  const info = { ver: '5', sender: 'a', services: [{ name: 'echo' }], meta: null };
  t.strictSame(over(info, 'INFO'), info);
});
