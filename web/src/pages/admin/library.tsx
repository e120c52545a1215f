/** The folders that music comes from: how far they are taken in, live, and what was refused. */
import { useEffect, useState } from 'preact/hooks';
import type { Folder } from '../../../../media/library/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { folderNews } from '../../state/live.ts';
import { toast } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { ago, clock, count } from '../../ui/format.ts';
import { Button, IconButton } from '../../ui/parts/button.tsx';
import { Dialog } from '../../ui/parts/dialog.tsx';
import { openMenuAt } from '../../ui/parts/menu.tsx';
import { EmptyState, Problem, Skeleton } from '../../ui/parts/states.tsx';
import { Table } from '../../ui/parts/table.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { usePages } from '../../ui/use-pages.ts';
import { AddFolderDialog } from './add-folder-dialog.tsx';
import { bytes, decimal } from './format.ts';
import { doing, FormDialog, Mark } from './parts.tsx';

type Asked = { readonly s: 'add' } | { readonly s: 'remove' | 'refusals'; readonly folder: Folder };

/** What was loaded, with what was told since. */
function useFolders() {
  const found = useLoad('admin:folders', adminApi.folders);
  const [told, setTold] = useState<ReadonlyMap<string, Folder | undefined>>(new Map());
  const news = folderNews.value;
  useEffect(() => {
    if (news) setTold((before) => new Map(before).set(news.folderId, news.folder));
  }, [news]);
  const loaded = found.s === 'ready' ? found.value.items : [];
  const known = new Set(loaded.map(({ folderId }) => folderId));
  const added = [...told.values()].filter((folder) => folder && !known.has(folder.folderId));
  const folders = [
    ...loaded.map((folder) => (told.has(folder.folderId) ? told.get(folder.folderId) : folder)),
    ...added,
  ];
  return {
    found,
    folders: folders.filter((folder) => folder !== undefined),
    reload() {
      setTold(new Map());
      found.reload();
    },
  };
}

export function Library() {
  const { found, folders, reload } = useFolders();
  const [asked, setAsked] = useState<Asked>();
  if (found.s === 'failed') return <Problem text={found.text} retry={reload} />;
  if (found.s === 'loading') return <Skeleton shape="rows" />;
  const add = (
    <Button icon="plus" tone="primary" onClick={() => setAsked({ s: 'add' })}>
      {ta('library.add')}
    </Button>
  );
  const close = () => {
    setAsked(undefined);
    reload();
  };
  return (
    <>
      {folders.length === 0 ? (
        <EmptyState title={ta('library.none')} icon="library" action={add}>
          {ta('library.noneText')}
        </EmptyState>
      ) : (
        <>
          <div class="admin-tools end">
            <Button onClick={() => doing(adminApi.scan(), ta('library.scanning'), reload)}>
              {ta('library.scanAll')}
            </Button>
            {add}
          </div>
          {folders.map((folder) => (
            <FolderCard key={folder.folderId} folder={folder} onAsk={setAsked} reload={reload} />
          ))}
        </>
      )}
      {asked?.s === 'add' && <AddFolderDialog onClose={close} />}
      {asked?.s === 'remove' && <RemoveFolder folder={asked.folder} onClose={close} />}
      {asked?.s === 'refusals' && <Refusals folder={asked.folder} onClose={() => setAsked(undefined)} />}
    </>
  );
}

interface FolderProps {
  readonly folder: Folder;
  readonly onAsk: (asked: Asked) => void;
  readonly reload: () => void;
}

function FolderCard({ folder, onAsk, reload }: FolderProps) {
  const { folderId, path, counts, state } = folder;
  const menu = [
    {
      label: ta('library.scan'),
      act: () => doing(adminApi.scan(folderId), ta('library.scanning'), reload),
    },
    {
      label: ta('library.remove'),
      act: () => onAsk({ s: 'remove', folder }),
      danger: true,
      separated: true,
    },
  ];
  // What a first look counts is told when it is through.
  const isCounted = counts.files > 0 || state.s !== 'scanning';
  const facts = [
    ta('library.songs', { n: counts.songs }),
    ta('library.files', { n: counts.files }),
    bytes(counts.bytes),
    ...(counts.duplicates > 0 ? [ta('library.duplicates', { n: counts.duplicates })] : []),
    ...(counts.gone > 0 ? [ta('library.gone', { n: counts.gone })] : []),
  ];
  return (
    <section class="admin-card folder" aria-label={path}>
      <header class="admin-card-head">
        <h2>
          <bdi>{path}</bdi>
        </h2>
        <IconButton
          icon="more"
          label={ta('more', { name: path })}
          onClick={(event) => openMenuAt(event.currentTarget, path, menu)}
        />
      </header>
      <FolderState folder={folder} />
      <ul class="facts">
        {isCounted && facts.map((fact) => <li key={fact}>{fact}</li>)}
        {counts.refused > 0 && (
          <li>
            <button type="button" class="link warn" onClick={() => onAsk({ s: 'refusals', folder })}>
              {ta('library.refused', { n: counts.refused })}
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}

const timeLeft = (ms: number): string =>
  ms < 60_000 ? ta('library.seconds', { n: Math.ceil(ms / 1000) }) : clock(ms);

function FolderState({ folder: { state, watched } }: { folder: Folder }) {
  switch (state.s) {
    case 'idle':
      return (
        <p class="folder-state">
          <Mark tone="good">
            {state.lastScanAtMs === undefined
              ? ta('library.idle')
              : ta('library.idleSince', { ago: ago(state.lastScanAtMs) })}
          </Mark>{' '}
          <small>{ta(watched ? 'library.watched' : 'library.notWatched')}</small>
        </p>
      );
    case 'waiting':
      return (
        <p class="folder-state">
          <Mark tone="plain">{ta('library.waiting')}</Mark>
        </p>
      );
    case 'unreadable':
      return (
        <p class="folder-state" role="alert">
          <Mark tone="danger">{ta('library.unreadable')}</Mark> <small>{state.why}</small>
        </p>
      );
    case 'scanning': {
      const { done, total, perSecond, remainingMs, refused } = state;
      const words =
        total === undefined ? ta('library.counting', { n: done }) : ta('library.reading', { done, total });
      return (
        <div class="folder-state scanning">
          <progress
            aria-label={words}
            {...(total !== undefined && { value: done, max: Math.max(1, total) })}
          />
          <p>
            <span>
              {words}
              {refused > 0 && ` · ${ta('library.refused', { n: refused })}`}
            </span>
            <span>
              {perSecond > 0 && ta('library.rate', { n: decimal(perSecond) })}
              {remainingMs !== undefined && ` · ${ta('library.rest', { time: timeLeft(remainingMs) })}`}
            </span>
          </p>
        </div>
      );
    }
  }
}

const RemoveFolder = ({ folder: { folderId, path }, onClose }: { folder: Folder; onClose: () => void }) => (
  <FormDialog
    title={ta('library.removeTitle')}
    text={ta('library.removeText', { path })}
    submit={ta('library.removeButton')}
    tone="danger"
    onClose={onClose}
    onSubmit={async () => {
      await adminApi.removeFolder(folderId);
      toast(ta('library.removed'));
      onClose();
    }}
  />
);

function Refusals({ folder: { folderId, path, counts }, onClose }: { folder: Folder; onClose: () => void }) {
  const refusals = usePages(`admin:refusals:${folderId}`, (cursor) => adminApi.refusals(folderId, cursor), [
    counts.refused,
  ]);
  const { first } = refusals;
  const below = (file: string): string => (file.startsWith(path) ? file.slice(path.length + 1) : file);
  return (
    <Dialog title={`${ta('library.refusedTitle')} (${count(counts.refused)})`} onClose={onClose} wide>
      {first.s === 'failed' && <Problem text={first.text} retry={first.reload} />}
      {first.s === 'loading' && <Skeleton shape="rows" />}
      {first.s === 'ready' && refusals.items.length === 0 && <p>{ta('library.refusedNone')}</p>}
      {refusals.items.length > 0 && (
        <Table
          caption={ta('library.refusedTitle')}
          rows={refusals.items}
          keyOf={(refusal) => refusal.path}
          columns={[
            {
              key: 'path',
              title: ta('library.refusedPath'),
              render: (refusal) => <bdi title={refusal.path}>{below(refusal.path)}</bdi>,
            },
            { key: 'why', title: ta('library.refusedWhy'), render: ({ why }) => why },
          ]}
        />
      )}
      {refusals.hasMore && <Button onClick={refusals.loadMore}>{ta('loadMore')}</Button>}
    </Dialog>
  );
}
