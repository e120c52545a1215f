/** Goal: requests are signed as S3 checks them. Method: the worked examples of Amazon's own description. */
import t from 'tap';
import { createSigner, EMPTY_SHA256 } from './s3-signature.ts';

const sign = createSigner({
  region: 'us-east-1',
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
});
const AT_MS = Date.UTC(2013, 4, 24);
const host = 'examplebucket.s3.amazonaws.com';
const signatureOf = (headers: Record<string, string>) => headers.authorization?.split('Signature=')[1];

void t.test('a range of an object', async (t) => {
  const headers = { host, range: 'bytes=0-9' };
  const signed = sign(
    { method: 'GET', path: '/test.txt', query: {}, headers, bodySha256: EMPTY_SHA256 },
    AT_MS,
  );
  t.equal(signatureOf(signed), 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

void t.test('a list by prefix', async (t) => {
  const query = { prefix: 'J', 'max-keys': '2' };
  const signed = sign(
    { method: 'GET', path: '/', query, headers: { host }, bodySha256: EMPTY_SHA256 },
    AT_MS,
  );
  t.equal(signatureOf(signed), '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
});
