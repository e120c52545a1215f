import t from 'tap';
import { base62, ID_PATTERN, idFrom, systemIds } from './sources.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const numberOf = (id: string): bigint =>
  [...id].reduce((sum, digit) => sum * 62n + BigInt(ALPHABET.indexOf(digit)), 0n);

void t.test('an id holds its 48 bits of time and 80 of chance, digit by digit', async (t) => {
  const entropy = Uint8Array.from([255, 0, 1, 128, 127, 254, 3, 200, 9, 77]);
  for (const nowMs of [0, 1, 1_790_000_000_123, 2 ** 48 - 1]) {
    const id = idFrom(nowMs, entropy);
    t.match(id, new RegExp(ID_PATTERN));
    const bits = [...entropy].reduce((sum, byte) => (sum << 8n) | BigInt(byte), BigInt(nowMs));
    t.equal(numberOf(id), bits, String(nowMs));
  }
  t.equal(base62(new Uint8Array(16)), '0'.repeat(22));
  t.equal(numberOf(base62(new Uint8Array(16).fill(255))), 2n ** 128n - 1n);
});

void t.test('text order is the order of time', async (t) => {
  const times = [1, 255, 256, 61_000, 1_790_000_000_000, 1_790_000_000_001];
  const ids = times.map((nowMs, i) => idFrom(nowMs, new Uint8Array(10).fill(250 - i)));
  t.same(ids.toSorted(), ids);
});

void t.test('no id comes twice, however many share one draw of chance', async (t) => {
  const ids = Array.from({ length: 2000 }, () => systemIds.next());
  t.equal(new Set(ids).size, ids.length);
});
