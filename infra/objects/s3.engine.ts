/** Goal: objects in a bucket keep what files keep, and outlive the server's absence. Method: a real S3 server. */
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { S3_PART_BYTES, S3_PARTS_AT_ONCE_MAX } from '../../config/engine-limits.ts';
import { DAY_MS } from '../../config/limits.ts';
import { systemClock, systemRandom } from '../../kit/sources.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { objectsSuite } from '../../test/contract-suites/objects.ts';
import { newAuthority, newCertificate } from '../deploy/secrets/certificates.ts';
import { freePort } from '../local/process.ts';
import { type LocalS3, startS3 } from '../local/s3.ts';
import { sweepUploads } from './s3-bucket.ts';
import { createS3Http } from './s3-http.ts';
import { keysOf } from './s3-list.ts';
import { openS3Objects } from './s3-objects.ts';

const sources = { clock: systemClock, random: systemRandom };
const folder = await tempFolder();
const server = await startS3({ folder: folder.path });
t.teardown(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

let buckets = 0;
const optionsOf = ({ url, region, accessKey, secretKey }: LocalS3) => ({
  ...sources,
  url,
  region,
  accessKey,
  secretKey,
  bucket: `bucket-${++buckets}`,
});

objectsSuite('s3', async () => {
  const engine = await openS3Objects(optionsOf(server));
  return {
    engine,
    async advance() {},
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
});

const AWAY = { code: 'OBJECTS_UNAVAILABLE', status: 503, retryable: true };

async function serverFor(t: Test): Promise<LocalS3> {
  const folder = await tempFolder();
  const server = await startS3({ folder: folder.path });
  t.teardown(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  return server;
}

async function objectsFor(t: Test, options: ReturnType<typeof optionsOf>) {
  const objects = await openS3Objects(options);
  t.teardown(() => objects[Symbol.asyncDispose]());
  return objects;
}

/** As much as is asked for; `onPiece` says how much that was. */
async function* endless(onPiece: (bytes: number) => void) {
  const piece = Buffer.alloc(1024 ** 2, 'x');
  for (let bytes = 0; ; bytes += piece.length) {
    onPiece(bytes);
    yield piece;
  }
}

void t.test('many who open a new bucket at once all find it', async (t) => {
  const options = optionsOf(server);
  const opened = await Promise.all(Array.from({ length: 8 }, () => objectsFor(t, options)));
  await opened[0]?.put('k', Buffer.from('x'));
  t.equal(String(await opened[7]?.get('k')), 'x');
});

void t.test('wrong credentials are told at the start, in words', async (t) => {
  for (const wrong of [{ secretKey: 'wrong' }, { accessKey: 'nobody' }]) {
    await t.rejects(openS3Objects({ ...optionsOf(server), ...wrong }), {
      code: 'OBJECTS_FORBIDDEN',
      message: /check the access key/,
    });
  }
});

void t.test('an absent server is told at the start', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}`;
  await t.rejects(openS3Objects({ ...optionsOf(server), url }), { ...AWAY, data: { why: /ECONNREFUSED/ } });
});

void t.test('S3 killed: calls fail at once; back: they succeed, and nothing is lost', async (t) => {
  const server = await serverFor(t);
  const objects = await objectsFor(t, optionsOf(server));
  await objects.put('k', Buffer.from('old'));
  await t.rejects(
    objects.put(
      'k',
      endless((bytes) => bytes === 3 * S3_PART_BYTES && server.kill('SIGKILL')),
    ),
    AWAY,
  );
  await t.rejects(objects.get('k'), AWAY);
  await t.rejects(objects.stream('k'), AWAY);
  await t.rejects(Array.fromAsync(objects.list('')), AWAY);
  await server.restart();
  t.equal(String(await objects.get('k')), 'old');
  await objects.put('k', Buffer.from('new'));
  t.equal(String(await objects.get('k')), 'new');
});

void t.test(
  'a server that hangs is given up, with no more read ahead than the parts in flight',
  async (t) => {
    const server = await serverFor(t);
    const objects = await objectsFor(t, optionsOf(server));
    let readBytes = 0;
    const source = endless((bytes) => {
      readBytes = bytes;
      if (bytes === 2 * S3_PART_BYTES) server.kill('SIGSTOP');
    });
    await t.rejects(objects.put('k', source), AWAY);
    t.ok(readBytes <= (S3_PARTS_AT_ONCE_MAX + 4) * S3_PART_BYTES, `${readBytes} bytes were read`);
    server.kill('SIGCONT');
    t.equal(await objects.get('k'), undefined);
  },
);

void t.test('a list goes on where a page ended', async (t) => {
  const options = optionsOf(server);
  const objects = await objectsFor(t, options);
  const keys = ['a-b', 'a/1', 'a/2', 'a/3/4', 'a0', 'b'];
  for (const key of keys) await objects.put(key, Buffer.from(key));
  using http = createS3Http(options);
  for (const pageKeysMax of [1, 2, 3, 6, 7]) {
    t.strictSame(await Array.fromAsync(keysOf(http, '', pageKeysMax)), keys, `pages of ${pageKeysMax}`);
  }
  t.strictSame(await Array.fromAsync(keysOf(http, 'a/', 2)), ['a/1', 'a/2', 'a/3/4']);
});

void t.test('parts that a dead process left are swept', async (t) => {
  const options = optionsOf(server);
  await objectsFor(t, options);
  using http = createS3Http(options);
  await http.send({ method: 'POST', key: 'k', query: { uploads: '' } });
  const uploads = async () =>
    (await http.send({ method: 'GET', query: { uploads: '' } })).body.toString().split('<Upload>').length - 1;
  await sweepUploads(http, Date.now());
  t.equal(await uploads(), 1, 'a young one may still be written');
  await sweepUploads(http, Date.now() + 2 * DAY_MS);
  t.equal(await uploads(), 0);
});

/** Hands all on, but breaks off where the answer to the first request with `loses.text` in it should come. */
async function lossyProxy(t: Test, to: string, loses: { text: string }): Promise<string> {
  const proxy = createServer((client) => {
    const upstream = connect(Number(new URL(to).port), '127.0.0.1');
    let isLosing = false;
    client.on('data', (request) => {
      if (loses.text && request.includes(loses.text)) {
        isLosing = true;
        loses.text = '';
      }
      upstream.write(request);
    });
    upstream.on('data', (answer) => (isLosing ? client.destroy() : client.write(answer)));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
  t.teardown(() => proxy.close());
  return `http://127.0.0.1:${port}`;
}

void t.test('who won but lost the answer is told that it won', async (t) => {
  const loses = { text: '' };
  const objects = await objectsFor(t, {
    ...optionsOf(server),
    url: await lossyProxy(t, server.url, loses),
  });
  for (const [key, content, text] of [
    ['small', Buffer.from('x'), '/small'],
    ['large', Buffer.alloc(S3_PART_BYTES + 3, 'x'), '<CompleteMultipartUpload>'],
  ] as const) {
    loses.text = text;
    t.match(await objects.put(key, content, { ifAbsent: true }), { bytes: content.length });
    t.equal(loses.text, '', 'an answer was lost');
    t.strictSame(await objects.get(key), content);
    await t.rejects(objects.put(key, content, { ifAbsent: true }), { code: 'OBJECT_EXISTS' });
  }
});

void t.test('TLS by our own authority, and by no other', async (t) => {
  const folder = await tempFolder();
  const authority = await newAuthority();
  const own = await newCertificate(authority, ['127.0.0.1']);
  const [certPath, keyPath] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
  await writeFile(certPath, own.cert);
  await writeFile(keyPath, own.key, { mode: 0o600 });
  const server = await startS3({ folder: folder.path, tls: { certPath, keyPath } });
  t.teardown(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  const objects = await openS3Objects({ ...optionsOf(server), tls: { ca: authority.cert } });
  t.teardown(() => objects[Symbol.asyncDispose]());
  await objects.put('k', Buffer.from('x'));
  t.equal(String(await objects.get('k')), 'x');
  await t.rejects(openS3Objects(optionsOf(server)), { ...AWAY, data: { why: /certificate/ } });
});
