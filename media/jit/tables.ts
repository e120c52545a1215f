import { table } from '../../kit/ports/tables.ts';

/** Lengths that headers do not tell, or tell wrongly, of the file that had so many bytes. */
export const jitLengths = table<
  readonly [],
  {
    readonly bytes: number;
    /** At the source's sample rate. */
    readonly samples: number;
    /** Addresses given before then are of the length that the headers say. */
    readonly fromMs: number;
  }
>({
  name: 'jit_lengths',
  partition: 'song_id',
  clustering: [],
});
export type LengthRow = { readonly bytes: number; readonly samples: number; readonly fromMs: number };

/** What was packaged here of songs that have a file: it may be dropped, and made again. */
export interface PackageRow {
  /** `making`: what lies there is not whole yet. */
  readonly s: 'making' | 'there';
  readonly bytes: number;
  readonly lastPlayedAtMs: number;
}
export const jitPackages = table<readonly [string], PackageRow>({
  name: 'jit_packages',
  partition: 'all_packages',
  clustering: [['song_id', 'text']],
});
