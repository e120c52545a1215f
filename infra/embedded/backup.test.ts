/**
 * Goal: a backup is one moment, whole or not believed, and a restore puts all of it into place or nothing.
 * Method: a data folder with every kind of content; backups and restores of it are looked at, damaged file by
 * file, and killed at chosen points. The running service under load is tried in test/whole/backup.test.ts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { table } from '../../kit/ports/tables.ts';
import { systemClock } from '../../kit/sources.ts';
import { manualClock, tempFolder } from '../../test/contract-suites/harness.ts';
import { takeBackup } from './backup.ts';
import { findSnapshot, snapshotIds } from './backup-manifest.ts';
import { restoreBackup, verifyBackup } from './backup-restore.ts';
import { type Embedded, openEmbedded } from './open-embedded.ts';

const things = table<[number], { text: string }>({
  name: 'things',
  partition: 'owner',
  clustering: [['n', 'number']],
});
const OBJECTS = 24;

async function fill({ journal, tables, objects }: Embedded): Promise<void> {
  const rows = tables.open(things);
  for (let n = 0; n < 20; n++) {
    await journal.append('s', 's.1', { n });
    await rows.put('ada', [n], { text: `row ${n}` });
  }
  for (let n = 0; n < OBJECTS; n++) {
    await objects.put(`tracks/${n % 7}/${n}.mp4`, Buffer.alloc(40_000, `object ${n} `));
  }
}

async function world(t: Test) {
  const folder = await tempFolder();
  t.teardown(() => folder[Symbol.asyncDispose]());
  const dataDir = join(folder.path, 'data');
  const embedded = await openEmbedded({ dataDir, clock: systemClock });
  t.teardown(() => embedded[Symbol.asyncDispose]());
  await fill(embedded);
  await writeFile(join(dataDir, 'secrets.json'), '{"masterSecret":"a secret"}\n', { mode: 0o600 });
  const clock = manualClock();
  const backup = join(folder.path, 'backup');
  return {
    embedded,
    dataDir,
    backup,
    beside: (name: string) => join(folder.path, name),
    async take(keep?: number, into = backup) {
      clock.advance(1000);
      return takeBackup({ dataDir, into, appVersion: '1', clock, ...(keep !== undefined && { keep }) });
    },
  };
}

const hidden = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('.'));

t.test('a restored folder holds what the folder held, for its owner alone', async (t) => {
  const { take, backup, beside } = await world(t);
  const { hasSecrets } = await take();
  t.ok(hasSecrets);
  const dataDir = beside('restored');
  await restoreBackup({ backup, dataDir });
  t.equal((await stat(dataDir)).mode & 0o777, 0o700);
  t.equal((await stat(join(dataDir, 'secrets.json'))).mode & 0o777, 0o600);
  t.equal((await stat(join(dataDir, 'store', 'data.mdb'))).mode & 0o777, 0o600);
  await using restored = await openEmbedded({ dataDir, clock: systemClock });
  t.same(
    (await restored.journal.read('s', 's.1')).map(({ data }) => data),
    Array.from({ length: 20 }, (_, n) => ({ n })),
  );
  t.equal((await restored.tables.open(things).scan('ada', { limit: 100 })).rows.length, 20);
  for (let n = 0; n < OBJECTS; n++) {
    const object = await restored.objects.get(`tracks/${n % 7}/${n}.mp4`);
    t.ok(object?.equals(Buffer.alloc(40_000, `object ${n} `)));
  }
  t.equal(await restored.journal.append('s', 's.1', { n: 20 }, { expectedSeq: 20 }), 21, 'and it goes on');
});

t.test('a backup holds its moment: what is written later is not in it', async (t) => {
  const { embedded, take, backup, beside } = await world(t);
  await take();
  await embedded.journal.append('s', 's.1', 'later');
  await embedded.objects.put('tracks/0/0.mp4', Buffer.from('packaged anew'));
  await restoreBackup({ backup, dataDir: beside('restored') });
  await using restored = await openEmbedded({ dataDir: beside('restored'), clock: systemClock });
  t.equal(await restored.journal.lastSeq('s', 's.1'), 20);
  t.equal((await restored.objects.get('tracks/0/0.mp4'))?.length, 40_000);
});

t.test('a second backup copies new and replaced objects only', async (t) => {
  const { embedded, take, backup } = await world(t);
  t.equal((await take()).objectsCopied, OBJECTS);
  t.equal((await take()).objectsCopied, 0);
  await embedded.objects.put('tracks/0/0.mp4', Buffer.from('packaged anew'));
  await embedded.objects.put('tracks/new/1.mp4', Buffer.from('new'));
  await embedded.objects.put('tracks/new/2.mp4', Buffer.from('new'));
  t.equal((await take()).objectsCopied, 2, 'one content is kept once');
  t.equal((await snapshotIds(backup)).length, 3);
  for (const id of await snapshotIds(backup)) t.equal((await verifyBackup(backup, id)).id, id);
});

t.test('with --keep the oldest snapshots go, with the objects that only they had', async (t) => {
  const { embedded, take, backup, beside } = await world(t);
  const first = await take();
  await embedded.objects.delete('tracks/0/0.mp4');
  await take();
  const { snapshotsRemoved } = await take(2);
  t.same(snapshotsRemoved, [first.snapshot.id]);
  const pool = await readdir(join(backup, 'objects'), { recursive: true, withFileTypes: true });
  t.equal(pool.filter((entry) => entry.isFile()).length, OBJECTS - 1);
  await t.rejects(findSnapshot(backup, first.snapshot.id), { code: 'NO_SUCH_BACKUP' });
  await restoreBackup({ backup, dataDir: beside('restored') });
  await t.rejects(take(0), { code: 'BAD_KEEP' });
});

t.test('a backup that was truncated or changed anywhere is refused, and nothing is written', async (t) => {
  const { take, backup, beside } = await world(t);
  const { snapshot } = await take();
  const files = (await readdir(backup, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(backup.length + 1));
  const someOfEach = [
    ...files.filter((name) => name.startsWith('snapshots')),
    ...files.filter((name) => name.startsWith('objects')).slice(0, 1),
  ];
  t.equal(someOfEach.length, 6);
  const damages: [string, (path: string) => Promise<void>][] = [
    ['truncated', async (path) => truncate(path, (await stat(path)).size - 1)],
    ['with a byte changed', changeOneByte],
    ['longer', (path) => appendFile(path, ' \n{}')],
    ['gone', (path) => rm(path)],
  ];
  for (const name of someOfEach) {
    for (const [how, damage] of damages) {
      const copy = beside('damaged');
      await cp(backup, copy, { recursive: true });
      await damage(join(copy, name));
      const dataDir = beside('restored');
      await t.rejects(restoreBackup({ backup: copy, dataDir }), { code: 'BACKUP_DAMAGED' }, `${name} ${how}`);
      t.notOk(existsSync(dataDir));
      await rm(copy, { recursive: true });
    }
  }
  t.same(hidden(beside('.')), [], 'no draft stays');
  t.equal((await verifyBackup(backup)).id, snapshot.id, 'the backup itself is whole');
});

async function changeOneByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

t.test('a damaged object does not keep a later backup from being whole', async (t) => {
  const { take, backup } = await world(t);
  await take();
  const [folder = ''] = await readdir(join(backup, 'objects'));
  const [name = ''] = await readdir(join(backup, 'objects', folder));
  await truncate(join(backup, 'objects', folder, name), 10);
  t.equal((await take()).objectsCopied, 1);
  await verifyBackup(backup);
});

t.test('only an absent or empty folder is restored into', async (t) => {
  const { dataDir, take, backup, beside } = await world(t);
  await take();
  const before = await readFile(join(dataDir, 'secrets.json'), 'utf8');
  await t.rejects(restoreBackup({ backup, dataDir }), { code: 'DATA_FOLDER_NOT_EMPTY' });
  t.equal(await readFile(join(dataDir, 'secrets.json'), 'utf8'), before);
  await mkdir(beside('empty'));
  await restoreBackup({ backup, dataDir: beside('empty') });
  t.ok(existsSync(join(beside('empty'), 'store')));
});

t.test('a backup goes to an empty folder or an earlier backup, outside the data', async (t) => {
  const { dataDir, take, beside } = await world(t);
  await t.rejects(take(undefined, join(dataDir, 'backup')), { code: 'BACKUP_INSIDE_DATA' });
  await t.rejects(take(undefined, dataDir), { code: 'BACKUP_INSIDE_DATA' });
  await mkdir(beside('photos'));
  await writeFile(beside('photos/one.jpg'), 'x');
  await t.rejects(take(undefined, beside('photos')), { code: 'BACKUP_FOLDER_FOREIGN' });
  await t.rejects(restoreBackup({ backup: beside('photos'), dataDir: beside('r') }), {
    code: 'NO_SUCH_BACKUP',
  });
  const nowhere = { dataDir: beside('nowhere'), into: beside('b'), appVersion: '1', clock: systemClock };
  await t.rejects(takeBackup(nowhere), { code: 'NO_DATA_FOLDER' });
  t.notOk(existsSync(beside('b')));
});

t.test('of two backups into one folder, the second is refused while the first runs', async (t) => {
  const { take } = await world(t);
  const outcomes = await Promise.allSettled([take(), take()]);
  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  t.match(
    outcomes.find((outcome) => outcome.status === 'rejected'),
    { reason: { code: 'BACKUP_UNDER_WAY' } },
  );
  await take();
});

const KILL_TRIES_MAX = 10;
/** Runs it in a process of its own and kills that as soon as `isReached`. */
async function killedWhen(
  what: 'backup' | 'restore',
  dataDir: string,
  backup: string,
  isReached: () => boolean,
) {
  const program = join(import.meta.dirname, 'backup-run.ts');
  const child = spawn(process.execPath, [program, what, dataDir, backup], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  while (child.exitCode === null && !isReached()) await nextTurn();
  child.kill('SIGKILL');
  await exited;
  return child.signalCode === 'SIGKILL';
}

const filesBelow = (folder: string): number => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .length;
  } catch {
    return 0;
  }
};

t.test('a backup that is killed is not believed, and the next one clears up behind it', async (t) => {
  const { dataDir, take, backup } = await world(t);
  const snapshots = join(backup, 'snapshots');
  const drafted = (): string | undefined => (existsSync(snapshots) ? hidden(snapshots)[0] : undefined);
  const points: [string, () => boolean][] = [
    ['once the folder is marked', () => existsSync(join(backup, 'antiphon-backup.json'))],
    ['while the store is copied', () => drafted() !== undefined],
    ['at the first objects', () => filesBelow(join(backup, 'objects')) >= 3],
    ['half way through the objects', () => filesBelow(join(backup, 'objects')) >= OBJECTS / 2],
    ['before it gets its name', () => existsSync(join(snapshots, drafted() ?? '-', 'objects.jsonl'))],
  ];
  let killed = 0;
  for (const [when, isReached] of points) {
    await rm(backup, { recursive: true, force: true });
    if (await killedWhen('backup', dataDir, backup, isReached)) killed++;
    const believed = await findSnapshot(backup).catch(() => undefined);
    if (believed) await verifyBackup(backup);
    await take();
    await verifyBackup(backup);
    t.same(hidden(snapshots), [], when);
    t.notOk(existsSync(join(backup, 'backup.lock')));
  }
  t.ok(killed >= points.length - 1, 'the kills came in time');
});

t.test('a restore that is killed leaves no data folder, and the next one clears up behind it', async (t) => {
  const { take, backup, beside } = await world(t);
  await take();
  await mkdir(beside('in'));
  const dataDir = beside('in/restored');
  const draft = (): string => join(beside('in'), hidden(beside('in'))[0] ?? '-');
  const points: [string, () => boolean][] = [
    ['at its beginning', () => existsSync(draft())],
    ['at the first objects', () => filesBelow(join(draft(), 'objects')) >= 3],
    ['half way through the objects', () => filesBelow(join(draft(), 'objects')) >= OBJECTS / 2],
  ];
  for (const [when, isReached] of points) {
    // A busy machine may let it end before it is seen to have come so far.
    let tries = 0;
    while (!(await killedWhen('restore', dataDir, backup, isReached)) && ++tries < KILL_TRIES_MAX) {
      await rm(dataDir, { recursive: true });
    }
    t.ok(tries < KILL_TRIES_MAX, when);
    t.notOk(existsSync(dataDir), 'there is no half folder');
    t.equal(hidden(beside('in')).length, 1);
    await restoreBackup({ backup, dataDir });
    t.same(hidden(beside('in')), []);
    await rm(dataDir, { recursive: true });
  }
});
