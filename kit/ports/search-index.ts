/** Full-text search by intent; engines differ in scores, never in what is asked. */
export type SearchValue = string | number | boolean | readonly string[];

export interface SearchDocument {
  readonly id: string;
  readonly [field: string]: SearchValue | undefined;
}

export interface CollectionSpec {
  readonly name: string;
  /** Text fields that are searched, with their weights. */
  readonly text: Readonly<Record<string, number>>;
  /** Fields that can be filtered by and counted. */
  readonly facets: readonly string[];
  /** Number fields that can be sorted by. */
  readonly sortable: readonly string[];
}

export type Filter =
  | { readonly field: string; readonly equals: string | number | boolean }
  | { readonly field: string; readonly anyOf: readonly (string | number)[] }
  | { readonly field: string; readonly from?: number; readonly to?: number }
  | { readonly all: readonly Filter[] }
  | { readonly not: Filter };

export interface SearchQuery {
  readonly q: string;
  readonly filter?: Filter;
  readonly facets?: readonly string[];
  readonly sort?: { readonly field: string; readonly desc: boolean };
  readonly limit: number;
  readonly offset: number;
}

export interface SearchHits {
  readonly total: number;
  readonly hits: readonly { readonly id: string; readonly score: number }[];
  readonly facets: Readonly<Record<string, readonly { readonly value: string; readonly count: number }[]>>;
}

export interface SearchCollection {
  upsert(documents: readonly SearchDocument[]): Promise<void>;
  delete(ids: readonly string[]): Promise<void>;
  /** Typos are forgiven by word length and the last word matches as a prefix. */
  query(query: SearchQuery): Promise<SearchHits>;
  count(): Promise<number>;
}

export interface SearchIndex {
  /** `process`: each process holds an index of its own and must fill it; `shared`: one for all of them. */
  readonly scope: 'process' | 'shared';
  open(spec: CollectionSpec): Promise<SearchCollection>;
}
