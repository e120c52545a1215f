/**
 * Rows by partition and clustering key: the promises that LMDB and Cassandra can both keep.
 *
 * A table is written either plainly or by compare-and-set (`conditional`), and engines refuse the other way. No
 * transaction across partitions.
 */

export type ClusteringKey = readonly (string | number)[];

/** A table is declared next to the actor that owns it. */
export interface TableSpec<CK extends ClusteringKey, R> {
  readonly name: string;
  /** Names of the clustering columns with their types, in order; an empty list means one row a partition. */
  readonly clustering: {
    readonly [I in keyof CK]: readonly [string, CK[I] extends number ? 'number' : 'text'];
  };
  /** The partition column's name. */
  readonly partition: string;
  /**
   * Its rows are written by `insertIfAbsent` and `compareAndSet`, read with their version, and deleted; never
   * `put`. Without it rows are `put` and deleted, and the last write wins by the writers' clocks.
   */
  readonly conditional?: true;
  /** Phantom: the shape of a row. */
  readonly row?: R;
}

export const table = <CK extends ClusteringKey, R>(spec: TableSpec<CK, R>): TableSpec<CK, R> => spec;

/** A row as compare-and-set sees it. `version` grows by one with each write through this path. */
export interface Versioned<R> {
  readonly row: R;
  readonly version: number;
}

export type Cas<R> =
  | { readonly s: 'applied'; readonly version: number }
  | { readonly s: 'rejected'; readonly current?: Versioned<R> }
  /** The engine cannot tell whether it was applied (a Cassandra LWT can time out): read again. */
  | { readonly s: 'unknown' };

export interface PutOptions {
  readonly ttlSec?: number;
}

export interface ScanOptions<CK extends ClusteringKey> {
  /** Inclusive; may be a prefix of the clustering key. */
  readonly from?: Partial<CK>;
  /** Exclusive; may be a prefix of the clustering key. */
  readonly to?: Partial<CK>;
  readonly desc?: boolean;
  readonly limit: number;
  /** From the page before. */
  readonly cursor?: string;
}

export interface Page<CK extends ClusteringKey, R> {
  readonly rows: readonly { readonly ck: CK; readonly row: R }[];
  readonly cursor?: string;
}

export type Op<CK extends ClusteringKey, R> =
  | { readonly put: R; readonly ck: CK; readonly ttlSec?: number }
  | { readonly delete: CK };

export interface Table<CK extends ClusteringKey, R> {
  get(pk: string, ck: CK): Promise<R | undefined>;
  /** Many rows of many partitions, in the order asked for. */
  getMany(keys: readonly (readonly [pk: string, ck: CK])[]): Promise<(R | undefined)[]>;
  getVersioned(pk: string, ck: CK): Promise<Versioned<R> | undefined>;
  put(pk: string, ck: CK, row: R, options?: PutOptions): Promise<void>;
  insertIfAbsent(pk: string, ck: CK, row: R, options?: PutOptions): Promise<Cas<R>>;
  compareAndSet(pk: string, ck: CK, expectedVersion: number, row: R): Promise<Cas<R>>;
  delete(pk: string, ck: CK): Promise<void>;
  /** @throws BadRequestError `BAD_CURSOR` for a cursor that no page gave. */
  scan(pk: string, options: ScanOptions<CK>): Promise<Page<CK, R>>;
  /** One partition, all or nothing, no compare-and-set inside. */
  batch(pk: string, ops: readonly Op<CK, R>[]): Promise<void>;
}

/** Every write resolves once it is durable. */
export interface Tables {
  open<CK extends ClusteringKey, R>(spec: TableSpec<CK, R>): Table<CK, R>;
}
