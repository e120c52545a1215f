/** The commands of administrators: each becomes effects on songs, albums and artists. */
import { createHash } from 'node:crypto';
import {
  CORRECTION_SONGS_AWAITED_MAX,
  CORRECTIONS_OF_TARGET_MAX,
  PAGE_DEFAULT,
} from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { BadRequestError, ConflictError, NotFoundError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { base62, type IdSource } from '../../kit/sources.ts';
import type { CorrectionBook } from './book.ts';
import type { ArtistRef, catalogContract } from './contract.ts';
import type { Effect, Target } from './correct.ts';
import type { CorrectionEvent, CorrectionLog } from './correction-log.ts';
import type {
  AlbumChoice,
  ArtistChoice,
  Corrected,
  CorrectionKind,
  correctionActions,
} from './corrections-contract.ts';
import { shownOf } from './domain.ts';
import { albumGone, artistGone, songGone } from './gone.ts';
import type { ShelfReader } from './shelf-reader.ts';
import type { Spread } from './spread.ts';
import type { SongRow, TargetEffect } from './tables.ts';

interface CorrectorDeps {
  readonly log: CorrectionLog;
  readonly spread: Spread;
  readonly reader: ShelfReader;
  readonly openBook: () => CorrectionBook;
  readonly ids: IdSource;
}

interface By {
  readonly byUserId: string;
  readonly commandId?: string | undefined;
}

interface Decided {
  /** Names for the list of corrections: of what it concerns, and of what that goes into. */
  readonly about: readonly string[];
  readonly into?: string;
  readonly effects: readonly TargetEffect[];
  readonly went?: Omit<Corrected, 'correctionId'>;
}

const ID_BYTES = 16;
/** The same for each repeat of a command. */
const idOfCommand = (byUserId: string, commandId: string): string =>
  base62(createHash('sha256').update(`${byUserId}/${commandId}`).digest().subarray(0, ID_BYTES));
const chooseOne = (message: string) => new BadRequestError('CHOOSE_ONE', message);
const on = (target: Target, effect: Effect): TargetEffect => ({ target, effect });
/** Without what was not given. */
const given = <F extends object>(fields: F): F => JSON.parse(JSON.stringify(fields)) as F;
const isEmpty = (fields: object): boolean => Object.keys(fields).length === 0;
const nothingToCorrect = () =>
  new BadRequestError('NOTHING_TO_CORRECT', 'Name at least one thing that is to be different.');

export interface Corrector {
  readonly handlers: Pick<Handlers<typeof catalogContract>, keyof typeof correctionActions>;
  consume(records: readonly JournalRecord[]): Promise<void>;
}

export function createCorrector({ log, spread, reader, openBook, ids }: CorrectorDeps): Corrector {
  async function albumNow(book: CorrectionBook, albumId: string): Promise<string> {
    const root = await book.root('album', albumId);
    const [card] = await reader.storedAlbums([root]);
    if (!card) throw albumGone();
    return root;
  }

  const titleOf = async (albumId: string): Promise<string> =>
    (await reader.storedAlbums([albumId]))[0]?.view.title ?? '';

  async function artistNow(book: CorrectionBook, artistId: string): Promise<ArtistRef> {
    const root = await book.root('artist', artistId);
    const [card] = await reader.storedArtists([root]);
    if (!card) throw artistGone();
    const { name, sortName, mbid } = card.view;
    return { artistId: root, name, ...(sortName !== undefined && { sortName }), ...(mbid && { mbid }) };
  }

  async function chosenArtist(book: CorrectionBook, { artistId, name }: ArtistChoice): Promise<ArtistRef> {
    if ((artistId === undefined) === (name === undefined)) {
      throw chooseOne('Name an artist by artistId, or by a name, and not by both.');
    }
    if (artistId !== undefined) return artistNow(book, artistId);
    const known = await reader.artistNamed(name as string);
    return known ? artistNow(book, known) : { artistId: ids.next(), name: name as string };
  }

  const chosenArtists = (book: CorrectionBook, choices: readonly ArtistChoice[] | undefined) =>
    choices && Promise.all(choices.map((choice) => chosenArtist(book, choice)));

  async function chosenAlbum(book: CorrectionBook, { albumId, title }: AlbumChoice) {
    if ((albumId === undefined) === (title === undefined)) {
      throw chooseOne('Name an album by albumId, or a title for a new one, and not both.');
    }
    return albumId === undefined
      ? { to: ids.next(), title: title as string }
      : { to: await albumNow(book, albumId) };
  }

  async function songRows(songIds: readonly string[]): Promise<SongRow[]> {
    const rows = await reader.rows([...new Set(songIds)]);
    return rows.map((row) => {
      if (!row || row.removed) throw songGone();
      return row;
    });
  }

  async function move(book: CorrectionBook, rows: readonly SongRow[], choice: AlbumChoice): Promise<Decided> {
    const chosen = await chosenAlbum(book, choice);
    const effects = rows.map((row) => {
      const { songId, album } = shownOf(row);
      if (album.albumId === chosen.to) {
        throw new ConflictError('ALREADY_THERE', 'A song is in that album already; choose another album.');
      }
      return on(`song/${songId}`, { kind: 'albumMoved', from: album.albumId, ...chosen });
    });
    const about = rows.map((row) => shownOf(row).title);
    return {
      effects,
      about,
      into: 'title' in chosen ? chosen.title : await titleOf(chosen.to),
      went: { albumId: chosen.to },
    };
  }

  async function roots(
    book: CorrectionBook,
    kind: 'album' | 'artist',
    idsGiven: readonly string[],
    into: string,
  ) {
    const found = new Set<string>();
    for (const id of idsGiven) {
      const now = kind === 'album' ? await albumNow(book, id) : (await artistNow(book, id)).artistId;
      if (now !== into) found.add(now);
    }
    if (found.size === 0)
      throw new ConflictError('ALREADY_ONE', 'These are one already; there is nothing to merge.');
    return [...found];
  }

  async function assertRoom(book: CorrectionBook, effects: readonly TargetEffect[]): Promise<void> {
    for (const { target } of effects) {
      if ((await book.entries(target)).length >= CORRECTIONS_OF_TARGET_MAX) {
        throw new ConflictError(
          'TOO_MANY_CORRECTIONS',
          `${target} has ${CORRECTIONS_OF_TARGET_MAX} corrections; undo some of them first.`,
        );
      }
    }
  }

  /** Shows a part at once, so that who corrects one album sees it; the journal's consumer does the rest. */
  async function show({ effects }: CorrectionEvent): Promise<void> {
    await spread.effects(effects, (songs) => songs >= CORRECTION_SONGS_AWAITED_MAX);
  }

  async function correct(
    kind: CorrectionKind,
    { byUserId, commandId }: By,
    what: Readonly<Record<string, unknown>>,
    decide: (book: CorrectionBook) => Promise<Decided>,
  ): Promise<Corrected> {
    const correctionId = commandId === undefined ? ids.next() : idOfCommand(byUserId, commandId);
    const event = await log.append(correctionId, async () => {
      const book = openBook();
      const decided = await decide(book);
      await assertRoom(book, decided.effects);
      return { type: 'corrected', correctionId, byUserId, kind, what: given(what), ...decided };
    });
    await show(event);
    return { correctionId, ...event.went };
  }

  return {
    handlers: {
      correctSong: ({ songId, byUserId, commandId, album, artists, ...rest }) =>
        correct('song', { byUserId, commandId }, { songId, album, artists, ...rest }, async (book) => {
          const rows = await songRows([songId]);
          const refs = await chosenArtists(book, artists);
          const fields = given({ ...rest, ...(refs && { artists: refs }) });
          const moved = album && (await move(book, rows, album));
          if (isEmpty(fields) && !moved) throw nothingToCorrect();
          const said = isEmpty(fields) ? [] : [on(`song/${songId}`, { kind: 'song', fields })];
          const about = rows.map((row) => shownOf(row).title);
          return { about, ...moved, effects: [...said, ...(moved?.effects ?? [])] };
        }),

      correctAlbum: ({ albumId, byUserId, commandId, artists, ...rest }) =>
        correct('album', { byUserId, commandId }, { albumId, artists, ...rest }, async (book) => {
          const root = await albumNow(book, albumId);
          const refs = await chosenArtists(book, artists);
          const fields = given({ ...rest, ...(refs && { artists: refs }) });
          if (isEmpty(fields)) throw nothingToCorrect();
          return {
            effects: [on(`album/${root}`, { kind: 'album', fields })],
            about: [await titleOf(root)],
            went: { albumId: root },
          };
        }),

      correctArtist: ({ artistId, byUserId, commandId, ...rest }) =>
        correct('artist', { byUserId, commandId }, { artistId, ...rest }, async (book) => {
          const { artistId: root, name } = await artistNow(book, artistId);
          const fields = given(rest);
          if (isEmpty(fields)) throw nothingToCorrect();
          return {
            effects: [on(`artist/${root}`, { kind: 'artist', fields })],
            about: [name],
            went: { artistId: root },
          };
        }),

      mergeArtists: ({ artistId, artistIds, byUserId, commandId }) =>
        correct('mergeArtists', { byUserId, commandId }, { artistId, artistIds }, async (book) => {
          const into = await artistNow(book, artistId);
          const merged = await roots(book, 'artist', artistIds, into.artistId);
          return {
            effects: merged.map((id) => on(`artist/${id}`, { kind: 'artistMerged', into })),
            about: await Promise.all(merged.map(async (id) => (await artistNow(book, id)).name)),
            into: into.name,
            went: { artistId: into.artistId },
          };
        }),

      splitArtist: ({ artistId, into, albumIds = [], songIds = [], byUserId, commandId }) => {
        const what = { artistId, into, albumIds, songIds };
        return correct('splitArtist', { byUserId, commandId }, what, async (book) => {
          const { artistId: from, name } = await artistNow(book, artistId);
          const to = await chosenArtist(book, into);
          if (to.artistId === from) {
            throw new ConflictError('ALREADY_THERE', 'That is the same artist; choose another one.');
          }
          const albums = await Promise.all(albumIds.map((id) => albumNow(book, id)));
          await songRows(songIds);
          const targets: Target[] = [
            ...albums.map((id): Target => `album/${id}`),
            ...songIds.map((id): Target => `song/${id}`),
          ];
          if (targets.length === 0) throw nothingToCorrect();
          const effects = targets.map((target) => on(target, { kind: 'artistMoved', from, to }));
          return { effects, about: [name], into: to.name, went: { artistId: to.artistId } };
        });
      },

      mergeAlbums: ({ albumId, albumIds, byUserId, commandId }) =>
        correct('mergeAlbums', { byUserId, commandId }, { albumId, albumIds }, async (book) => {
          const into = await albumNow(book, albumId);
          const merged = await roots(book, 'album', albumIds, into);
          return {
            effects: merged.map((id) => on(`album/${id}`, { kind: 'albumMerged', into })),
            about: await Promise.all(merged.map(titleOf)),
            into: await titleOf(into),
            went: { albumId: into },
          };
        }),

      splitAlbum: ({ albumId, songIds, into, byUserId, commandId }) =>
        correct('splitAlbum', { byUserId, commandId }, { albumId, songIds, into }, async (book) => {
          const from = await albumNow(book, albumId);
          const rows = await songRows(songIds);
          if (rows.some((row) => shownOf(row).album.albumId !== from)) {
            throw new NotFoundError(
              'SONG_NOT_IN_ALBUM',
              'Not all of these songs are in this album; look again.',
            );
          }
          return move(book, rows, into);
        }),

      async undoCorrection({ correctionId, byUserId }) {
        await show(await log.undo(correctionId, byUserId));
        return { correctionId };
      },

      corrections: ({ cursor, limit = PAGE_DEFAULT }) =>
        log.page({ limit, ...(cursor !== undefined && { cursor }) }),
    },

    async consume(records) {
      for (const record of records) {
        const { correctionId, effects } = record.data as CorrectionEvent;
        await log.put(record);
        await spread.effects(effects);
        await log.done(correctionId, record.seq);
      }
    },
  };
}
