/** The search index in memory, on MiniSearch; the search actor fills it at start. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import MiniSearch, { type SearchOptions } from 'minisearch';
import {
  SEARCH_ONE_TYPO_CHARS_MIN,
  SEARCH_TERMS_MAX,
  SEARCH_TWO_TYPOS_CHARS_MIN,
  SEARCH_UPSERT_CHUNK,
  SEARCH_WINDOW_MAX,
} from '../../config/engine-limits.ts';
import { BadRequestError } from '../../kit/errors.ts';
import type {
  CollectionSpec,
  SearchCollection,
  SearchDocument,
  SearchIndex,
  SearchQuery,
} from '../../kit/ports/search-index.ts';
import { assertFilterable, countFacets, matches } from './search-filter.ts';
import { wordsOf } from './search-text.ts';

interface Match {
  readonly document: SearchDocument;
  readonly score: number;
}

const typosForgiven = (word: string): number => {
  if (word.length >= SEARCH_TWO_TYPOS_CHARS_MIN) return 2;
  return word.length >= SEARCH_ONE_TYPO_CHARS_MIN ? 1 : 0;
};

export function openSearchIndex(): SearchIndex {
  const collections = new Map<string, SearchCollection>();
  return {
    scope: 'process',
    async open(spec) {
      const collection = collections.get(spec.name) ?? openCollection(spec);
      collections.set(spec.name, collection);
      return collection;
    },
  };
}

function openCollection(spec: CollectionSpec): SearchCollection {
  const documents = new Map<string, SearchDocument>();
  const index = new MiniSearch<SearchDocument>({
    fields: Object.keys(spec.text),
    extractField: (document, field) => textOf(document[field]),
    tokenize: wordsOf,
    // Folding is part of cutting into words.
    processTerm: (word) => word,
  });
  const searchOptions: SearchOptions = {
    boost: { ...spec.text },
    fuzzy: typosForgiven,
    prefix: (_word, position, words) => position === words.length - 1,
    tokenize: (text) => wordsOf(text).slice(0, SEARCH_TERMS_MAX),
  };

  function matchesOf(q: string): Match[] {
    if (q.trim() === '') return [...documents.values()].map((document) => ({ document, score: 0 }));
    const all = index.search(q, { ...searchOptions, combineWith: 'AND' });
    // Nothing has every word: then the songs that have the most of them are still better than none.
    const found = all.length > 0 ? all : index.search(q, { ...searchOptions, combineWith: 'OR' });
    return found.map(({ id, score }) => ({ document: documents.get(id as string) as SearchDocument, score }));
  }

  return {
    async upsert(changed) {
      for (let start = 0; start < changed.length; start += SEARCH_UPSERT_CHUNK) {
        if (start > 0) await nextTurn();
        for (const document of changed.slice(start, start + SEARCH_UPSERT_CHUNK)) {
          const own = structuredClone(document);
          if (index.has(own.id)) index.replace(own);
          else index.add(own);
          documents.set(own.id, own);
        }
      }
    },
    async delete(ids) {
      for (const id of ids) if (documents.delete(id)) index.discard(id);
    },
    async query(query) {
      assertQuery(spec, query);
      const { filter, sort } = query;
      const found = matchesOf(query.q).filter(({ document }) => !filter || matches(document, filter));
      found.sort(sort ? bySortField(sort.field, sort.desc) : byScore);
      return {
        total: found.length,
        hits: found
          .slice(query.offset, query.offset + query.limit)
          .map(({ document, score }) => ({ id: document.id, score })),
        facets: countFacets(
          found.map(({ document }) => document),
          query.facets ?? [],
        ),
      };
    },
    async count() {
      return documents.size;
    },
  };
}

/** @throws BadRequestError `SEARCH_WINDOW_EXCEEDED`, `UNKNOWN_SEARCH_FIELD` */
function assertQuery(spec: CollectionSpec, query: SearchQuery): void {
  if (query.offset + query.limit > SEARCH_WINDOW_MAX) {
    throw new BadRequestError(
      'SEARCH_WINDOW_EXCEEDED',
      `Only the first ${SEARCH_WINDOW_MAX} results can be paged through. Narrow the search.`,
      { windowMax: SEARCH_WINDOW_MAX },
    );
  }
  const filterable = new Set([...spec.facets, ...spec.sortable]);
  if (query.filter) assertFilterable(query.filter, filterable);
  for (const field of query.facets ?? []) assertKnown(field, spec.facets.includes(field));
  if (query.sort) assertKnown(query.sort.field, spec.sortable.includes(query.sort.field));
}

function assertKnown(field: string, known: boolean): void {
  if (!known) {
    throw new BadRequestError('UNKNOWN_SEARCH_FIELD', `The field ${field} cannot be used like this.`, {
      field,
    });
  }
}

const textOf = (value: SearchDocument[string]): string =>
  Array.isArray(value) ? value.join('\n') : value === undefined ? '' : String(value);

const byId = (a: Match, b: Match): number => (a.document.id < b.document.id ? -1 : 1);
const byScore = (a: Match, b: Match): number => b.score - a.score || byId(a, b);

/** Documents without the field come last, either way. */
function bySortField(field: string, desc: boolean) {
  const rankOf = ({ document }: Match): number => {
    const value = document[field];
    if (typeof value !== 'number') return Number.POSITIVE_INFINITY;
    return desc ? -value : value;
  };
  return (a: Match, b: Match): number => {
    const [left, right] = [rankOf(a), rankOf(b)];
    return left === right ? byScore(a, b) : left - right;
  };
}
