/** What every engine of the SearchIndex port must keep. Scores differ between engines: hit sets and firsts count. */
import t, { type Test } from 'tap';
import type { SearchCollection, SearchIndex, SearchQuery } from '../../kit/ports/search-index.ts';
import type { OpenEngine } from './harness.ts';

const SONGS = [
  { id: '1', title: 'Yesterday', artist: 'The Beatles', genre: ['pop', 'rock'], year: 1965, live: false },
  { id: '2', title: 'Here Comes the Sun', artist: 'The Beatles', genre: ['rock'], year: 1969, live: false },
  { id: '3', title: 'Jóga', artist: 'Björk', genre: ['electronic'], year: 1997, live: true },
  { id: '4', title: '夜に駆ける', artist: 'YOASOBI', genre: ['pop'], year: 2019, live: false },
  { id: '5', title: 'Катюша', artist: 'Хор', genre: ['folk'], year: 1938, live: true },
  { id: '6', title: 'Sun', artist: 'Two Door Cinema Club', genre: ['rock'], year: 2012, live: false },
  { id: '7', title: "Don't Stop", artist: 'Sunshine Band', genre: ['pop'], live: false },
];

export function searchIndexSuite(name: string, openEngine: OpenEngine<SearchIndex>): void {
  const rule = (title: string, run: (t: Test, songs: SearchCollection) => unknown) => {
    void t.test(`${name}: ${title}`, async (t) => {
      await using opened = await openEngine();
      const songs = await opened.engine.open({
        name: 'suite_songs',
        text: { title: 3, artist: 1 },
        facets: ['genre', 'live'],
        sortable: ['year'],
      });
      await songs.upsert(SONGS);
      await run(t, songs);
    });
  };
  const ids = async (songs: SearchCollection, q: string, rest: Partial<SearchQuery> = {}) =>
    (await songs.query({ q, limit: 10, offset: 0, ...rest })).hits.map(({ id }) => id);

  rule('words match whole, without accents and case, in any script', async (t, songs) => {
    t.strictSame(await ids(songs, 'yesterday'), ['1']);
    t.strictSame(await ids(songs, 'BJORK joga'), ['3']);
    t.strictSame(await ids(songs, 'катюша'), ['5']);
    t.strictSame(await ids(songs, '夜'), ['4']);
    t.strictSame(await ids(songs, 'dont stop'), ['7']);
    t.strictSame(await ids(songs, 'qqqq'), []);
  });

  rule('typos are forgiven by the length of the word', async (t, songs) => {
    t.strictSame(await ids(songs, 'yestreday'), ['1'], 'two edits in a long word');
    t.strictSame(await ids(songs, 'bjirk'), ['3'], 'one edit in a short word');
    t.strictSame(await ids(songs, 'sxn '), [], 'none in a word of three');
  });

  rule('the last word may be unfinished, and all words count', async (t, songs) => {
    t.strictSame((await ids(songs, 'the beat')).sort(), ['1', '2']);
    t.strictSame(await ids(songs, 'beatles yest'), ['1']);
  });

  rule('a match in a heavier field comes first', async (t, songs) => {
    const found = await ids(songs, 'sun');
    t.equal(found[0], '6');
    t.strictSame(found.toSorted(), ['2', '6', '7']);
  });

  rule('filters, facets and sorting', async (t, songs) => {
    t.strictSame((await ids(songs, '', { filter: { field: 'genre', equals: 'pop' } })).sort(), [
      '1',
      '4',
      '7',
    ]);
    const anyOf = { field: 'genre', anyOf: ['folk', 'electronic'] } as const;
    t.strictSame((await ids(songs, '', { filter: anyOf })).sort(), ['3', '5']);
    t.strictSame((await ids(songs, '', { filter: { field: 'year', from: 1965, to: 1969 } })).sort(), [
      '1',
      '2',
    ]);
    t.strictSame((await ids(songs, '', { filter: { field: 'live', equals: true } })).sort(), ['3', '5']);
    const rockButNotPop = {
      all: [{ field: 'genre', equals: 'rock' }, { not: { field: 'genre', equals: 'pop' } }],
    } as const;
    t.strictSame((await ids(songs, '', { filter: rockButNotPop })).sort(), ['2', '6']);
    const { facets } = await songs.query({ q: 'beatles', facets: ['genre'], limit: 1, offset: 0 });
    t.strictSame(facets.genre, [
      { value: 'rock', count: 2 },
      { value: 'pop', count: 1 },
    ]);
    const rising = await ids(songs, '', { sort: { field: 'year', desc: false } });
    t.strictSame(rising, ['5', '1', '2', '3', '6', '4', '7'], 'without a year comes last');
    t.equal((await ids(songs, '', { sort: { field: 'year', desc: true } }))[0], '4');
  });

  rule('results are paged within a window', async (t, songs) => {
    const sort = { field: 'year', desc: false };
    const page = await songs.query({ q: '', sort, limit: 2, offset: 4 });
    t.equal(page.total, 7);
    t.strictSame(
      page.hits.map(({ id }) => id),
      ['6', '4'],
    );
    await t.rejects(songs.query({ q: '', limit: 50, offset: 100_000 }), { code: 'SEARCH_WINDOW_EXCEEDED' });
    await t.rejects(songs.query({ q: '', filter: { field: 'nope', equals: 1 }, limit: 1, offset: 0 }), {
      code: 'UNKNOWN_SEARCH_FIELD',
    });
  });

  rule('a document is replaced and deleted', async (t, songs) => {
    await songs.upsert([{ id: '1', title: 'Tomorrow', artist: 'The Beatles' }]);
    t.strictSame(await ids(songs, 'yesterday'), []);
    t.strictSame(await ids(songs, 'tomorrow'), ['1']);
    t.equal(await songs.count(), 7);
    await songs.delete(['1', 'none']);
    t.strictSame(await ids(songs, 'tomorrow'), []);
    t.equal(await songs.count(), 6);
  });
}
