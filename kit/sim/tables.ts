/** The simulated tables: rows by partition and clustering key, as the port promises, behind a faulty line. */
import type {
  Cas,
  ClusteringKey,
  Op,
  Page,
  ScanOptions,
  Table,
  TableSpec,
  Tables,
  Versioned,
} from '../ports/tables.ts';
import { clone } from './records.ts';
import type { StoreCall } from './stores.ts';

interface Stored {
  readonly ck: ClusteringKey;
  readonly row: unknown;
  readonly version: number;
}

/** By table and partition, in order of the clustering key. */
export type TablesContent = Map<string, Stored[]>;

type KeyPart = string | number | undefined;

/** Over as many parts as both have: a prefix equals what it begins. */
function compare(a: readonly KeyPart[], b: readonly KeyPart[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined || x === y) continue;
    return x < y ? -1 : 1;
  }
  return 0;
}

export function tablesFor(content: TablesContent, call: StoreCall): Tables {
  return { open: (spec) => tableFor(spec, content, call) };
}

function tableFor<CK extends ClusteringKey, R>(
  { name }: TableSpec<CK, R>,
  content: TablesContent,
  call: StoreCall,
): Table<CK, R> {
  const keyOf = (pk: string) => `${name}/${pk}`;
  const rowsOf = (pk: string): Stored[] => content.get(keyOf(pk)) ?? [];
  const found = (pk: string, ck: CK) => rowsOf(pk).find((stored) => compare(stored.ck, ck) === 0);
  const without = (pk: string, ck: CK) => rowsOf(pk).filter((stored) => compare(stored.ck, ck) !== 0);
  const rowAt = (pk: string, ck: CK) => clone(found(pk, ck)?.row) as R | undefined;
  const set = (pk: string, ck: CK, row: unknown, version: number) => {
    const rows = [...without(pk, ck), { ck, row, version }];
    content.set(
      keyOf(pk),
      rows.sort((a, b) => compare(a.ck, b.ck)),
    );
  };
  const drop = (pk: string, ck: CK) => void content.set(keyOf(pk), without(pk, ck));
  const versioned = (pk: string, ck: CK): Versioned<R> | undefined => {
    const stored = found(pk, ck);
    return stored && { row: clone(stored.row) as R, version: stored.version };
  };
  const writeIf = (pk: string, ck: CK, expectedVersion: number, row: unknown): Cas<R> => {
    const current = versioned(pk, ck);
    if ((current?.version ?? 0) !== expectedVersion) return { s: 'rejected', ...(current && { current }) };
    set(pk, ck, row, expectedVersion + 1);
    return { s: 'applied', version: expectedVersion + 1 };
  };

  function scanNow(pk: string, { from, to, desc, limit, cursor }: ScanOptions<CK>): Page<CK, R> {
    const skipped = Number(cursor ?? 0);
    const inRange = rowsOf(pk).filter(
      ({ ck }) => (!from || compare(ck, from) >= 0) && (!to || compare(ck, to) < 0),
    );
    const rows = (desc ? inRange.toReversed() : inRange).slice(skipped, skipped + limit);
    return {
      rows: rows.map(({ ck, row }) => ({ ck: ck as CK, row: clone(row) as R })),
      ...(skipped + limit < inRange.length && { cursor: String(skipped + limit) }),
    };
  }

  return {
    get: (pk, ck) => call(`get ${keyOf(pk)} ${ck}`, () => rowAt(pk, ck)),
    getMany: (keys) => call(`get ${name} ${keys}`, () => keys.map(([pk, ck]) => rowAt(pk, ck))),
    getVersioned: (pk, ck) => call(`get ${keyOf(pk)} ${ck}`, () => versioned(pk, ck)),
    scan: (pk, options) => call(`scan ${keyOf(pk)}`, () => scanNow(pk, options)),
    put(pk, ck, row) {
      const copy = clone(row);
      return call(`put ${keyOf(pk)} ${ck} ${JSON.stringify(copy)}`, () => set(pk, ck, copy, 1));
    },
    insertIfAbsent(pk, ck, row) {
      const copy = clone(row);
      return call(`insert ${keyOf(pk)} ${ck}`, () => writeIf(pk, ck, 0, copy));
    },
    compareAndSet(pk, ck, expectedVersion, row) {
      const copy = clone(row);
      return call(`set ${keyOf(pk)} ${ck}`, () => writeIf(pk, ck, expectedVersion, copy));
    },
    delete: (pk, ck) => call(`delete ${keyOf(pk)} ${ck}`, () => drop(pk, ck)),
    batch(pk, ops) {
      const copies: readonly Op<CK, R>[] = clone(ops);
      return call(`batch ${keyOf(pk)}`, () => {
        for (const op of copies) {
          if ('put' in op) set(pk, op.ck, op.put, 1);
          else drop(pk, op.delete);
        }
      });
    },
  };
}
