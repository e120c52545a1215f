import { searchIndexSuite } from '../../test/contract-suites/search-index.ts';
import { openSearchIndex } from './search-index.ts';

searchIndexSuite('minisearch', async () => ({
  engine: openSearchIndex(),
  async advance() {},
  async [Symbol.asyncDispose]() {},
}));
