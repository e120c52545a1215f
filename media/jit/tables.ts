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
