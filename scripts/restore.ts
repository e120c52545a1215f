/** npm run restore -- BACKUP [--snapshot ID] [--data FOLDER] [--verify]: a data folder from a backup. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings } from '../config/settings.ts';
import { restoreBackup, verifyBackup } from '../infra/embedded/backup-restore.ts';

const USAGE =
  'usage: npm run restore -- BACKUP [--snapshot ID] [--data FOLDER] [--verify]   (see docs/backups.md)';

function argumentsOf() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        snapshot: { type: 'string' },
        data: { type: 'string' },
        /** Only checks; writes nothing. */
        verify: { type: 'boolean' },
      },
    });
    if (positionals.length === 1) return { ...values, backup: resolve(positionals[0] as string) };
  } catch {}
  console.error(USAGE);
  process.exit(2);
}

const { backup, snapshot: snapshotId, data, verify } = argumentsOf();
try {
  const named = snapshotId === undefined ? {} : { snapshotId };
  if (verify) {
    const { id, manifest } = await verifyBackup(backup, snapshotId);
    console.log(`antiphon: snapshot ${id} is whole (${manifest.objects.count} objects)`);
  } else {
    const dataDir = data === undefined ? readSettings(process.env, process.cwd()).dataDir : resolve(data);
    const { id, manifest } = await restoreBackup({ backup, dataDir, ...named });
    console.log(`antiphon: ${dataDir} is as it was at ${new Date(manifest.takenAtMs).toISOString()} (${id})`);
    if (!manifest.files['secrets.json']) {
      console.log('  The master secret is not in the backup: start with the ANTIPHON_MASTER_SECRET of then.');
    }
  }
} catch (error) {
  console.error(`antiphon: ${verify ? '' : 'nothing was restored: '}${(error as Error).message}`);
  process.exitCode = 1;
}
