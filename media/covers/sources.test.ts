// Goal: where a cover lies is known from indexing on. Method: the sources on the embedded tables.
import t from 'tap';
import { COVER_SOURCES_PER_SCAN } from '../../config/limits.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { enginesOf } from '../../test/doubles/engines.ts';
import { coverIdOf } from './cover-id.ts';
import { type CoverSource, createCoverSources } from './sources.ts';

const COVER = coverIdOf(Buffer.from('one'));

const pathsOf = async (sources: AsyncIterable<CoverSource>): Promise<string[]> => {
  const paths: string[] = [];
  for await (const { path } of sources) paths.push(path);
  return paths.sort();
};

t.test('a cover’s id is that of its bytes', async (t) => {
  t.match(COVER, /^[0-9A-Za-z]{22}$/);
  t.equal(coverIdOf(new Uint8Array(Buffer.from('one'))), COVER);
  t.not(coverIdOf(Buffer.from('two')), COVER);
});

t.test('each file that holds the image is a source, until it is forgotten', async (t) => {
  const { tables } = await enginesOf(t);
  const sources = createCoverSources(tables);
  const long = `/music/${'long/'.repeat(800)}cover.jpg`;
  await sources.remember(COVER, { s: 'file', path: long });
  await sources.remember(COVER, { s: 'embedded', path: '/music/a.flac', format: 'flac' });
  await sources.remember(COVER, { s: 'embedded', path: '/music/a.flac', format: 'flac' });
  await sources.remember(coverIdOf(Buffer.from('two')), { s: 'file', path: '/music/other.png' });
  t.same(await pathsOf(sources.of(COVER)), ['/music/a.flac', long].sort());
  await sources.forget(COVER, { s: 'file', path: long });
  t.same(await pathsOf(createCoverSources(tables).of(COVER)), ['/music/a.flac']);
  await sources.remember(COVER, { s: 'file', path: long });
  t.equal((await pathsOf(sources.of(COVER))).length, 2, 'comes back');
  t.same(await pathsOf(sources.of(coverIdOf(Buffer.from('none')))), []);
});

t.test('more sources than one page are all given', async (t) => {
  const { tables } = await enginesOf(t);
  const sources = createCoverSources(tables);
  const count = COVER_SOURCES_PER_SCAN * 2 + 1;
  for (let i = 0; i < count; i++) await sources.remember(COVER, { s: 'file', path: `/music/${i}.jpg` });
  t.equal((await pathsOf(sources.of(COVER))).length, count);
});

t.test('songs of one folder write their cover once', async (t) => {
  const { tables } = await enginesOf(t);
  let puts = 0;
  const counting: Tables = {
    open(spec) {
      const real = tables.open(spec);
      const put: typeof real.put = (...args) => {
        puts += 1;
        return real.put(...args);
      };
      return { ...real, put };
    },
  };
  const sources = createCoverSources(counting);
  for (let i = 0; i < 12; i++) await sources.remember(COVER, { s: 'file', path: '/music/cover.jpg' });
  t.equal(puts, 1);
});
