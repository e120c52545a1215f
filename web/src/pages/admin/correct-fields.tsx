/** What one song, album or artist says of itself, as fields; only those that were changed are sent. */
import { useState } from 'preact/hooks';
import type { AlbumView, ArtistView, SongView } from '../../../../actors/catalog/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { toast } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { t } from '../../texts/texts.ts';
import { Select, TextField, Toggle } from '../../ui/parts/fields.tsx';
import { albumCalled } from './album-called.ts';
import { FormDialog, textOf } from './parts.tsx';

interface Named {
  readonly artistId: string;
  readonly name: string;
}

const namesOf = (artists: readonly Named[]): string => artists.map(({ name }) => name).join('; ');

/** Those that stay keep their id, however many are called the same. */
const choicesOf = (text: string, before: readonly Named[]) =>
  partsOf(text, ';').map((name) => {
    const known = before.find((artist) => artist.name === name);
    return known ? { artistId: known.artistId } : { name };
  });

const partsOf = (text: string, separator: string): string[] =>
  text
    .split(separator)
    .map((part) => part.trim())
    .filter(Boolean);

/** A field's text if it was changed to something. */
function changedText(form: FormData, name: string, before: string | undefined): string | undefined {
  const text = textOf(form, name);
  return text && text !== (before ?? '') ? text : undefined;
}

function changedNumber(form: FormData, name: string, before: number | undefined): number | undefined {
  const text = changedText(form, name, before === undefined ? undefined : String(before));
  return text === undefined ? undefined : Number(text);
}

/** Without what was left as it is. */
const onlyGiven = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

/** Nothing is laid over what was left as it is. */
async function save<T extends object>(
  change: T,
  correct: (change: T) => Promise<unknown>,
  onClose: () => void,
): Promise<void> {
  if (Object.keys(change).length > 0) {
    await correct(change);
    toast(ta('correct.done'));
  }
  onClose();
}

interface NumberFieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: number | undefined;
}

/** What files say can be changed but not emptied. */
const NumberField = ({ name, label, value }: NumberFieldProps) => (
  <TextField
    label={label}
    name={name}
    type="number"
    min={1}
    max={9999}
    required={value !== undefined}
    {...(value !== undefined && { defaultValue: String(value) })}
  />
);

export function CorrectSong({ song, onClose }: { song: SongView; onClose: () => void }) {
  const { songId, title, artists, album, discNumber, year, genres } = song;
  // Zero stands for none.
  const trackNumber = song.trackNumber || undefined;
  const [explicit, setExplicit] = useState(song.explicit);
  return (
    <FormDialog
      title={ta('correct.song')}
      text={ta('correct.text')}
      submit={t('action.save')}
      onClose={onClose}
      onSubmit={async (form) => {
        const names = changedText(form, 'artists', namesOf(artists));
        const albumTitle = changedText(form, 'album', album.title);
        const genreText = textOf(form, 'genres');
        await save(
          onlyGiven({
            title: changedText(form, 'title', title),
            artists: names === undefined ? undefined : choicesOf(names, artists),
            album: albumTitle === undefined ? undefined : await albumCalled(albumTitle, artists),
            discNumber: changedNumber(form, 'disc', discNumber),
            trackNumber: changedNumber(form, 'track', trackNumber),
            year: changedNumber(form, 'year', year),
            genres: genreText === genres.join(', ') ? undefined : partsOf(genreText, ','),
            explicit: explicit === song.explicit ? undefined : explicit,
          }),
          (change) => adminApi.correctSong(songId, change),
          onClose,
        );
      }}
    >
      <TextField label={ta('correct.title')} name="title" required defaultValue={title} maxLength={500} />
      <TextField
        label={ta('correct.artists')}
        hint={ta('correct.artistsHint')}
        name="artists"
        required
        defaultValue={namesOf(artists)}
      />
      <TextField label={ta('correct.albumTitle')} name="album" required defaultValue={album.title} />
      <div class="field-row">
        <NumberField label={ta('correct.disc')} name="disc" value={discNumber} />
        <NumberField label={ta('correct.track')} name="track" value={trackNumber} />
        <NumberField label={ta('correct.year')} name="year" value={year} />
      </div>
      <TextField
        label={ta('correct.genres')}
        hint={ta('correct.genresHint')}
        name="genres"
        defaultValue={genres.join(', ')}
      />
      <Toggle label={t('song.explicit')} checked={explicit} onChoose={setExplicit} />
    </FormDialog>
  );
}

const KINDS = ['album', 'ep', 'single', 'compilation'] as const;

export function CorrectAlbum({ album, onClose }: { album: AlbumView; onClose: () => void }) {
  const { albumId, title, artists, year } = album;
  const [type, setType] = useState(album.type);
  return (
    <FormDialog
      title={ta('correct.album')}
      text={ta('correct.text')}
      submit={t('action.save')}
      onClose={onClose}
      onSubmit={async (form) => {
        const names = changedText(form, 'artists', namesOf(artists));
        await save(
          onlyGiven({
            title: changedText(form, 'title', title),
            artists: names === undefined ? undefined : choicesOf(names, artists),
            year: changedNumber(form, 'year', year),
            originalYear: changedNumber(form, 'originalYear', album.originalYear),
            label: changedText(form, 'label', undefined),
            type: type === album.type ? undefined : type,
          }),
          (change) => adminApi.correctAlbum(albumId, change),
          onClose,
        );
      }}
    >
      <TextField label={ta('correct.title')} name="title" required defaultValue={title} maxLength={500} />
      <TextField
        label={ta('correct.artists')}
        hint={ta('correct.artistsHint')}
        name="artists"
        required
        defaultValue={namesOf(artists)}
      />
      <div class="field-row">
        <NumberField label={ta('correct.year')} name="year" value={year} />
        <NumberField label={ta('correct.originalYear')} name="originalYear" value={album.originalYear} />
      </div>
      <TextField label={ta('correct.label')} name="label" maxLength={500} />
      <Select
        label={ta('correct.kind')}
        value={type}
        options={KINDS.map((kind) => [kind, t(`kind.${kind}`)] as const)}
        onChoose={setType}
      />
    </FormDialog>
  );
}

export const CorrectArtist = ({
  artist: { artistId, name, sortName },
  onClose,
}: {
  artist: ArtistView;
  onClose: () => void;
}) => (
  <FormDialog
    title={ta('correct.artist')}
    text={ta('correct.text')}
    submit={t('action.save')}
    onClose={onClose}
    onSubmit={async (form) => {
      await save(
        onlyGiven({
          name: changedText(form, 'name', name),
          sortName: changedText(form, 'sortName', sortName ?? name),
        }),
        (change) => adminApi.correctArtist(artistId, change),
        onClose,
      );
    }}
  >
    <TextField label={ta('correct.name')} name="name" required defaultValue={name} maxLength={500} />
    <TextField
      label={ta('correct.sortName')}
      name="sortName"
      required
      defaultValue={sortName ?? name}
      maxLength={500}
    />
  </FormDialog>
);
