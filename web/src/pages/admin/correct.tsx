/** Corrections of songs, albums and artists, asked for in their menus. */
import { type Correcting, correcting } from '../../state/correcting.ts';
import { CorrectAlbum, CorrectArtist, CorrectSong } from './correct-fields.tsx';
import { MergeAlbums, MergeArtists, SplitAlbum, SplitArtist } from './correct-parts.tsx';

export const CorrectionDialogs = () =>
  correcting.value ? <CorrectionDialog what={correcting.value} /> : null;

const close = (): void => {
  correcting.value = undefined;
};

function CorrectionDialog({ what }: { what: Correcting }) {
  switch (what.s) {
    case 'song':
      return <CorrectSong song={what.song} onClose={close} />;
    case 'album':
      return <CorrectAlbum album={what.album} onClose={close} />;
    case 'artist':
      return <CorrectArtist artist={what.artist} onClose={close} />;
    case 'mergeAlbums':
      return <MergeAlbums album={what.album} onClose={close} />;
    case 'mergeArtists':
      return <MergeArtists artist={what.artist} onClose={close} />;
    case 'splitAlbum':
      return <SplitAlbum album={what.album} onClose={close} />;
    case 'splitArtist':
      return <SplitArtist artist={what.artist} onClose={close} />;
  }
}
