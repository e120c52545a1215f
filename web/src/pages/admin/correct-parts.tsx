/** Several that are one, and one that is several. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { AlbumView, ArtistView } from '../../../../actors/catalog/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { api } from '../../api/api.ts';
import { toast } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { list } from '../../ui/format.ts';
import { TextField } from '../../ui/parts/fields.tsx';
import { Problem, Skeleton } from '../../ui/parts/states.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { albumCalled } from './album-called.ts';
import { FormDialog, textOf } from './parts.tsx';

interface Candidate {
  readonly id: string;
  readonly title: string;
  readonly about: string;
}

const fromAlbum = ({ albumId, title, artists, year, songCount }: AlbumView): Candidate => ({
  id: albumId,
  title,
  about: [list(artists.map(({ name }) => name)), year, ta('library.songs', { n: songCount })]
    .filter(Boolean)
    .join(' · '),
});

interface ChoicesProps {
  readonly candidates: readonly Candidate[];
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
}

const Choices = ({ candidates, chosen, onChoose }: ChoicesProps) => (
  <div class="choices">
    {candidates.map(({ id, title, about }) => (
      <label key={id} class="choice">
        <input
          type="checkbox"
          checked={chosen.has(id)}
          onChange={(event) => {
            const next = new Set(chosen);
            if (event.currentTarget.checked) next.add(id);
            else next.delete(id);
            onChoose(next);
          }}
        />
        <span>
          <b>{title}</b>
          <small>{about}</small>
        </span>
      </label>
    ))}
  </div>
);

interface CorrectProps {
  readonly title: string;
  readonly text?: string;
  readonly submit: string;
  readonly chosen: ReadonlySet<string>;
  readonly onClose: () => void;
  readonly correct: (ids: string[], form: FormData) => Promise<unknown>;
  readonly children: ComponentChildren;
}

function CorrectChosen({ chosen, correct, onClose, children, ...rest }: CorrectProps) {
  return (
    <FormDialog
      {...rest}
      disabled={chosen.size === 0}
      onClose={onClose}
      onSubmit={async (form) => {
        await correct([...chosen], form);
        toast(ta('correct.done'));
        onClose();
      }}
    >
      {children}
    </FormDialog>
  );
}

interface MergeProps {
  readonly name: string;
  readonly find: (query: string) => Promise<readonly Candidate[]>;
  readonly merge: (ids: string[]) => Promise<unknown>;
  readonly onClose: () => void;
}

function Merge({ name, find, merge, onClose }: MergeProps) {
  const [query, setQuery] = useState(name);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const found = useLoad(
    `admin:merge:${query}`,
    () => (query.trim() ? find(query) : Promise.resolve([])),
    [],
    {
      keeps: false,
    },
  );
  return (
    <CorrectChosen
      title={ta('correct.mergeWith', { name })}
      text={ta('correct.mergeText', { name })}
      submit={ta('correct.merge')}
      chosen={chosen}
      correct={merge}
      onClose={onClose}
    >
      <input
        class="search-input"
        type="search"
        aria-label={ta('correct.find')}
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setChosen(new Set());
        }}
      />
      {found.s === 'failed' && <Problem text={found.text} retry={found.reload} />}
      {found.s === 'loading' && <Skeleton shape="rows" />}
      {found.s === 'ready' && found.value.length === 0 && <p class="fine">{ta('correct.nothing')}</p>}
      {found.s === 'ready' && <Choices candidates={found.value} chosen={chosen} onChoose={setChosen} />}
    </CorrectChosen>
  );
}

export const MergeArtists = ({
  artist: { artistId, name },
  onClose,
}: {
  artist: ArtistView;
  onClose: () => void;
}) => (
  <Merge
    name={name}
    find={async (query) =>
      ((await api.search(query, 'artist')).artists?.items ?? [])
        .filter((other) => other.artistId !== artistId)
        .map((other) => ({
          id: other.artistId,
          title: other.name,
          about: ta('library.songs', { n: other.songCount }),
        }))
    }
    merge={(artistIds) => adminApi.mergeArtists(artistId, artistIds)}
    onClose={onClose}
  />
);

export const MergeAlbums = ({
  album: { albumId, title },
  onClose,
}: {
  album: AlbumView;
  onClose: () => void;
}) => (
  <Merge
    name={title}
    find={async (query) =>
      ((await api.search(query, 'album')).albums?.items ?? [])
        .filter((other) => other.albumId !== albumId)
        .map(fromAlbum)
    }
    merge={(albumIds) => adminApi.mergeAlbums(albumId, albumIds)}
    onClose={onClose}
  />
);

interface SplitProps {
  readonly id: string;
  readonly title: string;
  readonly hint: string;
  readonly load: () => Promise<readonly Candidate[]>;
  readonly split: (ids: string[], into: string) => Promise<unknown>;
  readonly onClose: () => void;
}

function Split({ id, title, hint, load, split, onClose }: SplitProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const found = useLoad(`admin:split:${id}`, load, [], { keeps: false });
  return (
    <CorrectChosen
      title={title}
      submit={ta('correct.move')}
      chosen={chosen}
      correct={(ids, form) => split(ids, textOf(form, 'into'))}
      onClose={onClose}
    >
      {found.s === 'failed' && <Problem text={found.text} retry={found.reload} />}
      {found.s === 'loading' && <Skeleton shape="rows" />}
      {found.s === 'ready' && <Choices candidates={found.value} chosen={chosen} onChoose={setChosen} />}
      <TextField
        label={ta('correct.into')}
        hint={hint}
        name="into"
        required
        maxLength={500}
        autocomplete="off"
      />
    </CorrectChosen>
  );
}

export const SplitAlbum = ({
  album: { albumId, title, artists },
  onClose,
}: {
  album: AlbumView;
  onClose: () => void;
}) => (
  <Split
    id={albumId}
    title={ta('correct.splitAlbum', { name: title })}
    hint={ta('correct.intoAlbumHint')}
    load={async () =>
      (await api.album(albumId)).songs.map((song) => ({
        id: song.songId,
        title: song.title,
        about: list(song.artists.map(({ name }) => name)),
      }))
    }
    split={async (songIds, title) =>
      adminApi.splitAlbum(albumId, { songIds, into: await albumCalled(title, artists) })
    }
    onClose={onClose}
  />
);

export const SplitArtist = ({
  artist: { artistId, name },
  onClose,
}: {
  artist: ArtistView;
  onClose: () => void;
}) => (
  <Split
    id={artistId}
    title={ta('correct.splitArtist', { name })}
    hint={ta('correct.intoArtistHint')}
    load={async () => (await api.artist(artistId)).albums.map(fromAlbum)}
    split={(albumIds, into) => adminApi.splitArtist(artistId, { albumIds, into: { name: into } })}
    onClose={onClose}
  />
);
