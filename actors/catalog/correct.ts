/** What corrections make of what a file says. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { CORRECTION_STEPS_MAX } from '../../config/limits.ts';
import type { ArtistRef } from './contract.ts';
import type { AlbumFields, ArtistFields, SongFields } from './corrections-contract.ts';
import type { Shown } from './tables.ts';

/** What is said of one song, album or artist. Artists and albums are named by the id that they have now. */
export type Effect =
  | { readonly kind: 'song'; readonly fields: SongFields & { readonly artists?: readonly ArtistRef[] } }
  | { readonly kind: 'album'; readonly fields: AlbumFields & { readonly artists?: readonly ArtistRef[] } }
  | { readonly kind: 'artist'; readonly fields: ArtistFields }
  | { readonly kind: 'artistMerged'; readonly into: ArtistRef }
  | { readonly kind: 'albumMerged'; readonly into: string }
  /** Of a song, or of all songs of an album: one of its artists is another one. */
  | { readonly kind: 'artistMoved'; readonly from: string; readonly to: ArtistRef }
  /** Of a song. A new album brings its title. */
  | { readonly kind: 'albumMoved'; readonly from: string; readonly to: string; readonly title?: string };

/** In the order in which they were made. */
export type Entry = Effect & { readonly correctionId: string; readonly seq: number };

/** What a correction is about: `song/<id>`, `album/<id>` or `artist/<id>`. */
export type Target = `${'song' | 'album' | 'artist'}/${string}`;

type Lookup = (target: Target) => readonly Entry[];
type Of<K extends Effect['kind']> = Extract<Entry, { kind: K }>;

const all = <K extends Effect['kind']>(entries: readonly Entry[], kind: K): Of<K>[] =>
  entries.filter((entry): entry is Of<K> => entry.kind === kind);

/** What everybody sees in place of what the file says; undefined when that is the same. */
export function corrected(said: Shown, entriesOf: Lookup): Shown | undefined {
  const ofSong = entriesOf(`song/${said.songId}`);
  const { album: home, via } = homeOf(said.album, ofSong, entriesOf);
  const ofAlbum = via.flatMap((albumId) => entriesOf(`album/${albumId}`));

  const fields = all(ofSong, 'song');
  const albumFields = all(entriesOf(`album/${home.albumId}`), 'album');
  const song = fields.reduce((shown, entry) => withFields(shown, entry.fields), said);
  const album = albumFields.reduce((shown, entry) => withAlbumFields(shown, entry.fields), home);

  // Who names the artists outright means those, whatever was moved before.
  const named = (entries: readonly { seq: number; fields: { artists?: unknown } }[]): number =>
    entries.findLast((entry) => entry.fields.artists !== undefined)?.seq ?? 0;
  const moves = all([...ofSong, ...ofAlbum], 'artistMoved').filter(({ seq }) => seq > named(fields));
  const albumMoves = all(ofAlbum, 'artistMoved').filter(({ seq }) => seq > named(albumFields));
  const artistNow = (ref: ArtistRef) => artistOf(ref, moves, entriesOf);

  const about = Object.entries(said.artistAbout ?? {}).map(([artistId, text]) => [
    artistNow({ artistId, name: artistId }).artistId,
    text,
  ]);
  const artists = song.artists.map(artistNow);
  const shown: Shown = {
    ...withCredit(song, artists),
    artists: unique(artists),
    ...(said.artistAbout && { artistAbout: Object.fromEntries(about) as Record<string, string> }),
    album: { ...album, artists: unique(album.artists.map((ref) => artistOf(ref, albumMoves, entriesOf))) },
  };
  return isDeepStrictEqual(shown, said) ? undefined : shown;
}

/** Fields as a release has them: lists are its own. */
function mutable<F extends { readonly artists?: readonly ArtistRef[] }>({ artists, ...fields }: F) {
  return { ...fields, ...(artists && { artists: [...artists] }) };
}

function withFields(shown: Shown, fields: Of<'song'>['fields']): Shown {
  const next = { ...shown, ...mutable(fields) };
  // The credit as tagged names artists that are no longer meant.
  if (fields.artists && fields.displayArtist === undefined) delete next.displayArtist;
  if (fields.title !== undefined && fields.sortTitle === undefined) delete next.sortTitle;
  return next;
}

function withAlbumFields(shown: Shown['album'], fields: Of<'album'>['fields']): Shown['album'] {
  const next = { ...shown, ...mutable(fields) };
  if (fields.title !== undefined && fields.sortTitle === undefined) delete next.sortTitle;
  return next;
}

/** Where a song's album has gone, by way of which albums. */
function homeOf(said: Shown['album'], ofSong: readonly Entry[], entriesOf: Lookup) {
  let album = said;
  // Songs that were moved by themselves follow what is said of the album they went to.
  let via = [said.albumId];
  const moves = all(ofSong, 'albumMoved');
  for (let step = 0; step < CORRECTION_STEPS_MAX; step++) {
    const move = takeFirst(moves, ({ from }) => from === album.albumId);
    const merged = move ? undefined : all(entriesOf(`album/${album.albumId}`), 'albumMerged')[0];
    if (!move && !merged) break;
    album = move ? movedTo(album, move) : { ...album, albumId: (merged as Of<'albumMerged'>).into };
    via = move ? [album.albumId] : [...via, album.albumId];
  }
  return { album, via };
}

function movedTo(album: Shown['album'], { to, title }: Of<'albumMoved'>): Shown['album'] {
  if (title === undefined) return { ...album, albumId: to };
  const { sortTitle: _sort, mbid: _mbid, releaseGroupMbid: _group, discTitles: _discs, ...rest } = album;
  return { ...rest, albumId: to, title };
}

function artistOf(ref: ArtistRef, moved: readonly Of<'artistMoved'>[], entriesOf: Lookup): ArtistRef {
  let artist = ref;
  const moves = [...moved];
  for (let step = 0; step < CORRECTION_STEPS_MAX; step++) {
    const move = takeFirst(moves, ({ from }) => from === artist.artistId);
    const next = move?.to ?? all(entriesOf(`artist/${artist.artistId}`), 'artistMerged')[0]?.into;
    if (!next) break;
    artist = next;
  }
  return all(entriesOf(`artist/${artist.artistId}`), 'artist').reduce(renamed, artist);
}

function renamed({ sortName, ...ref }: ArtistRef, { fields }: Of<'artist'>): ArtistRef {
  // A sort name belongs to the name that it was made for.
  const kept = fields.name === undefined && sortName !== undefined ? { sortName } : {};
  return { ...ref, ...kept, ...fields };
}

/** The artist credit as tagged, with the names that its artists have now. */
function withCredit(song: Shown, artists: readonly ArtistRef[]): Shown {
  if (song.displayArtist === undefined) return song;
  const displayArtist = song.artists.reduce(
    (credit, { name }, i) => credit.replace(name, () => artists[i]?.name ?? name),
    song.displayArtist,
  );
  return { ...song, displayArtist };
}

function takeFirst<T>(items: T[], fits: (item: T) => boolean): T | undefined {
  const at = items.findIndex(fits);
  return at < 0 ? undefined : items.splice(at, 1)[0];
}

const unique = (refs: readonly ArtistRef[]): ArtistRef[] =>
  [...new Map(refs.toReversed().map((ref) => [ref.artistId, ref] as const)).values()].reverse();
