import { table } from '../../kit/ports/tables.ts';
import type { CoverSource } from './sources.ts';

/** Where images of a cover lie on this machine's disk: one row a file. */
export const coverSourceTable = table<[string], CoverSource>({
  name: 'cover_sources',
  partition: 'cover_id',
  clustering: [['path_digest', 'text']],
});
