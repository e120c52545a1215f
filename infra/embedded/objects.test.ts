import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { OBJECT_TEMP_AGE_MS_MAX } from '../../config/limits.ts';
import { systemClock } from '../../kit/sources.ts';
import { manualClock, tempFolder } from '../../test/contract-suites/harness.ts';
import { objectsSuite } from '../../test/contract-suites/objects.ts';
import { openObjects } from './objects.ts';

objectsSuite('files', async () => {
  const folder = await tempFolder();
  return {
    engine: await openObjects(join(folder.path, 'objects'), manualClock()),
    async advance() {},
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

void t.test('files: a link never leads out of the root', async (t) => {
  await using folder = await tempFolder();
  const root = join(folder.path, 'objects');
  const outside = join(folder.path, 'outside');
  const engine = await openObjects(root, systemClock);
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'secret');
  await symlink(outside, join(root, 'way'));
  await symlink(join(outside, 'secret'), join(root, 'file'));
  t.equal(await engine.get('way/secret'), undefined);
  t.equal(await engine.get('file'), undefined);
  await t.rejects(engine.put('way/in', Buffer.from('x')), { code: 'BAD_OBJECT_KEY' });
  await t.rejects(engine.put('way/new/in', Buffer.from('x')), { code: 'BAD_OBJECT_KEY' });
  await engine.delete('way/secret');
  t.strictSame(await readdir(outside), ['secret']);
  await engine.put('file', Buffer.from('own'));
  t.equal(
    String(await engine.get('file')),
    'own',
    'a link in the place of an object is replaced, not followed',
  );
});

void t.test('files: a key cannot run through an object, nor be a folder of others', async (t) => {
  await using folder = await tempFolder();
  const engine = await openObjects(join(folder.path, 'objects'), systemClock);
  await engine.put('a/b', Buffer.from('x'));
  await t.rejects(engine.put('a', Buffer.from('x')), { code: 'OBJECT_KEY_CLASH' });
  await t.rejects(engine.put('a/b/c', Buffer.from('x')), { code: 'OBJECT_KEY_CLASH' });
});

void t.test('files: abandoned temporary files are swept at open, young ones are left alone', async (t) => {
  await using folder = await tempFolder();
  const root = join(folder.path, 'objects');
  await openObjects(root, systemClock);
  const temp = join(root, '.incoming');
  await writeFile(join(temp, 'abandoned'), 'x');
  await openObjects(root, systemClock);
  t.strictSame(await readdir(temp), ['abandoned']);
  await openObjects(root, manualClock(Date.now() + OBJECT_TEMP_AGE_MS_MAX + 5000));
  t.strictSame(await readdir(temp), []);
});
