/** What was laid over the tags of files, newest first, to be taken back. */
import type { Catalog } from '../../api/admin.ts';
import { adminApi } from '../../api/admin.ts';
import { ta } from '../../texts/admin/texts.ts';
import { ago, list } from '../../ui/format.ts';
import { Button } from '../../ui/parts/button.tsx';
import { EmptyState, Problem, Skeleton } from '../../ui/parts/states.tsx';
import { usePages } from '../../ui/use-pages.ts';
import { Card, doing, Mark } from './parts.tsx';

type Correction = Catalog<'corrections'>['items'][number];

export function Corrections() {
  const corrections = usePages<Correction>('admin:corrections', (cursor) => adminApi.corrections(cursor));
  const { first, items } = corrections;
  if (first.s === 'failed') return <Problem text={first.text} retry={first.reload} />;
  if (first.s === 'loading') return <Skeleton shape="rows" />;
  if (items.length === 0) {
    return (
      <EmptyState title={ta('corrections.none')} icon="check">
        {ta('corrections.noneText')}
      </EmptyState>
    );
  }
  return (
    <Card title={ta('section.corrections')}>
      <ul class="plain-list">
        {items.map((correction) => (
          <Line key={correction.correctionId} correction={correction} reload={first.reload} />
        ))}
      </ul>
      {corrections.hasMore && <Button onClick={corrections.loadMore}>{ta('loadMore')}</Button>}
    </Card>
  );
}

/** What was written into fields; ids say nothing to a person, and `into` is told by its name. */
const wordsOf = (what: Correction['what']): string[] =>
  Object.entries(what).flatMap(([field, value]) => {
    if (/Ids?$/.test(field) || ['artists', 'album', 'into', 'explicit'].includes(field)) return [];
    return [value].flat().map(String);
  });

const Line = ({
  correction: { correctionId, kind, atMs, what, about, into, done, undone },
  reload,
}: {
  correction: Correction;
  reload: () => void;
}) => (
  <li class="admin-line tall">
    <div class="about-line">
      <p>
        <b>
          <bdi>{list(about)}</bdi>
          {into !== undefined && ta('corrections.into', { into })}
        </b>{' '}
        {undone && <Mark tone="plain">{ta('corrections.undone', { ago: ago(undone.atMs) })}</Mark>}
        {!done && <Mark tone="warn">{ta('corrections.working')}</Mark>}
      </p>
      <small>{[ta(`correction.${kind}`), ...wordsOf(what), ago(atMs)].join(' · ')}</small>
    </div>
    {!undone && (
      <Button
        tone="quiet"
        onClick={() => doing(adminApi.undoCorrection(correctionId), ta('corrections.didUndo'), reload)}
      >
        {ta('corrections.undo')}
      </Button>
    )}
  </li>
);
