/** Filters and facet counts over documents. A field that holds a list matches when one of its values does. */
import { BadRequestError } from '../../kit/errors.ts';
import type { Filter, SearchDocument, SearchHits } from '../../kit/ports/search-index.ts';

type Scalar = string | number | boolean;

function valuesOf(document: SearchDocument, field: string): readonly Scalar[] {
  const value = document[field];
  if (value === undefined) return [];
  return typeof value === 'object' ? value : [value];
}

export function matches(document: SearchDocument, filter: Filter): boolean {
  if ('all' in filter) return filter.all.every((part) => matches(document, part));
  if ('not' in filter) return !matches(document, filter.not);
  const values = valuesOf(document, filter.field);
  if ('equals' in filter) return values.includes(filter.equals);
  if ('anyOf' in filter) return values.some((value) => (filter.anyOf as readonly Scalar[]).includes(value));
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = filter;
  return values.some((value) => typeof value === 'number' && value >= from && value <= to);
}

/** @throws BadRequestError `UNKNOWN_SEARCH_FIELD` */
export function assertFilterable(filter: Filter, fields: ReadonlySet<string>): void {
  if ('all' in filter) {
    for (const part of filter.all) assertFilterable(part, fields);
  } else if ('not' in filter) assertFilterable(filter.not, fields);
  else if (!fields.has(filter.field)) {
    throw new BadRequestError('UNKNOWN_SEARCH_FIELD', `The field ${filter.field} cannot be filtered by.`, {
      field: filter.field,
    });
  }
}

/** Values by falling count, then by name. */
export function countFacets(
  documents: readonly SearchDocument[],
  fields: readonly string[],
): SearchHits['facets'] {
  return Object.fromEntries(
    fields.map((field) => {
      const counts = new Map<string, number>();
      for (const document of documents) {
        for (const value of valuesOf(document, field)) {
          counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
        }
      }
      const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
      return [field, sorted.map(([value, count]) => ({ value, count }))];
    }),
  );
}
