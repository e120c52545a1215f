/** Goal: a segment opens over plain HTTP as it does over HTTPS. Method: with Web Crypto and without. */
import { createCipheriv } from 'node:crypto';
import t from 'tap';
import { decrypted } from './decrypt.ts';

const clear = Uint8Array.from({ length: 240_001 }, (_, i) => (i * 7919) % 256);
const key = new Uint8Array(16).fill(3);
const iv = new Uint8Array(16).fill(5);
const cipher = createCipheriv('aes-128-cbc', key, iv);
const sealed = new Uint8Array(Buffer.concat([cipher.update(clear), cipher.final()]));

t.test('in a secure context', async (t) => {
  t.same(Buffer.compare(await decrypted(sealed, key, iv), clear), 0);
});

t.test('over plain HTTP', async (t) => {
  t.intercept(globalThis, 'crypto', { value: { getRandomValues: () => undefined } });
  t.same(Buffer.compare(await decrypted(sealed, key, iv), clear), 0);
});
