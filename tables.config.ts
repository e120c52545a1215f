/**
 * Every table of the service, by the version of the Cassandra schema that brought it.
 *
 * A new table is one line here: a new version at the end. A version that was released never changes.
 */
import * as accounts from './actors/accounts/tables.ts';
import * as catalog from './actors/catalog/tables.ts';
import { CATALOG_TABLES_1 } from './actors/catalog/tables-released.ts';
import { HEALTH_HOURS } from './actors/health/tables.ts';
import * as history from './actors/history/tables.ts';
import * as likes from './actors/likes/tables.ts';
import type { Schema } from './infra/cassandra/schema.ts';
import { ACTOR_SNAPSHOTS } from './kit/actor/snapshot.ts';
import { coverSourceTable } from './media/covers/tables.ts';
import { ingestJobs } from './media/ingest/jobs.ts';
import { ingestFiles, ingestIds, ingestOwners } from './media/ingest/tables.ts';
import { jitLengths, jitPackages } from './media/jit/tables.ts';
import * as library from './media/library/tables.ts';
import { releaseTable } from './media/warming/releases.ts';

export const SCHEMA: Schema = [
  {
    version: 1,
    tables: [
      ...[accounts.ACCOUNTS, accounts.USERNAME_CLAIMS, accounts.USERNAMES],
      ...[accounts.ADMINS, accounts.SIGNING_KEYS],
      ...[CATALOG_TABLES_1.songs, catalog.lyricsTable, CATALOG_TABLES_1.albums, CATALOG_TABLES_1.albumSongs],
      ...[CATALOG_TABLES_1.artists, CATALOG_TABLES_1.lists, CATALOG_TABLES_1.listBuckets],
      ...[CATALOG_TABLES_1.shares, CATALOG_TABLES_1.totals],
      ...[history.entryTable, history.bucketTable, history.erasedTable],
      ...[likes.likeTable, likes.likeListTable, likes.likeCountTable, likes.erasedTable],
      ...[ingestIds, ingestFiles, ingestOwners, ingestJobs],
      ...[releaseTable, ACTOR_SNAPSHOTS],
    ],
  },
  {
    version: 2,
    tables: [
      coverSourceTable,
      ...[history.dayTable, history.listenerSongTable, history.topTable],
      ...[history.songTotalTable, history.recentTable],
      ...[library.libraryFolders, library.libraryFiles, library.libraryRefusals, library.librarySongFiles],
      accounts.INVITATIONS,
      ...[catalog.songTable, catalog.albumTable, catalog.albumSongTable, catalog.artistTable],
      ...[catalog.artistAlbumTable, catalog.listTable, catalog.listBucketTable],
      ...[catalog.shareTable, catalog.totalsTable, catalog.preparedTable],
      ...[catalog.correctedTable, catalog.correctionTable, catalog.correctionHeadTable],
      HEALTH_HOURS,
      ...[jitLengths, jitPackages],
    ],
  },
];
