/** The keys that sign: which, since when, until when. */
import { useState } from 'preact/hooks';
import { adminApi } from '../../api/admin.ts';
import { toast } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { Button } from '../../ui/parts/button.tsx';
import { Problem, Skeleton } from '../../ui/parts/states.tsx';
import { Table } from '../../ui/parts/table.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { moment } from './format.ts';
import { Card, FormDialog, Mark } from './parts.tsx';

const TONES = { next: 'plain', signing: 'good', served: 'plain' } as const;

export function Keys() {
  const keys = useLoad('admin:keys', adminApi.signingKeys);
  const [asking, setAsking] = useState(false);
  if (keys.s === 'failed') return <Problem text={keys.text} retry={keys.reload} />;
  if (keys.s === 'loading') return <Skeleton shape="rows" />;
  const { items } = keys.value;
  const waits = items.some(({ state }) => state === 'next');
  return (
    <>
      <Card
        title={ta('keys.signing')}
        actions={
          <Button disabled={waits} onClick={() => setAsking(true)}>
            {ta('keys.rotate')}
          </Button>
        }
      >
        <p class="fine">{ta('keys.signingText')}</p>
        <Table
          caption={ta('keys.signing')}
          rows={items}
          keyOf={({ kid }) => kid}
          columns={[
            { key: 'kid', title: ta('keys.id'), render: ({ kid }) => <code>{kid}</code> },
            {
              key: 'state',
              title: ta('keys.state'),
              render: ({ state }) => <Mark tone={TONES[state]}>{ta(`keyState.${state}`)}</Mark>,
            },
            { key: 'from', title: ta('keys.from'), render: ({ signsFromMs }) => moment(signsFromMs) },
            { key: 'until', title: ta('keys.until'), render: ({ signsUntilMs }) => moment(signsUntilMs) },
          ]}
        />
      </Card>
      <Card title={ta('keys.media')}>
        <p>{ta('keys.mediaText')}</p>
      </Card>
      {asking && (
        <FormDialog
          title={ta('keys.rotateTitle')}
          text={ta('keys.rotateText')}
          submit={ta('keys.rotate')}
          onClose={() => setAsking(false)}
          onSubmit={async () => {
            await adminApi.rotateSigningKey();
            toast(ta('keys.rotated'));
            setAsking(false);
            keys.reload();
          }}
        />
      )}
    </>
  );
}
