/** A process of its own for backup.test.ts, to be killed: takes a backup or restores one. */
import { systemClock } from '../../kit/sources.ts';
import { takeBackup } from './backup.ts';
import { restoreBackup } from './backup-restore.ts';

const [what, dataDir = '', backup = ''] = process.argv.slice(2);
if (what === 'backup') await takeBackup({ dataDir, into: backup, appVersion: 'test', clock: systemClock });
else await restoreBackup({ backup, dataDir });
