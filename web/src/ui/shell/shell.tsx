import { useEffect } from 'preact/hooks';
import { lazy, Route, Router } from 'preact-iso';
import { AlbumPage } from '../../pages/album.tsx';
import { DecadePage, GenrePage } from '../../pages/albums-of.tsx';
import { ArtistPage } from '../../pages/artist.tsx';
import { HistoryPage } from '../../pages/history.tsx';
import { HomePage } from '../../pages/home.tsx';
import { LibraryPage } from '../../pages/library.tsx';
import { LikesPage } from '../../pages/likes.tsx';
import { SearchPage } from '../../pages/search.tsx';
import { SettingsPage } from '../../pages/settings.tsx';
import { startLive } from '../../state/live.ts';
import { nowPlayingOpen, panel } from '../../state/view.ts';
import { t } from '../../texts/texts.ts';
import { ForAdmins } from '../for-admins.tsx';
import { useKeyboard } from '../keyboard.ts';
import { NotFound } from '../notices.tsx';
import { CreditsDialog } from '../panel/credits.tsx';
import { SidePanel } from '../panel/side-panel.tsx';
import { MenuHost } from '../parts/menu.tsx';
import { NowPlaying } from '../player/now-playing.tsx';
import { PlayerBar } from '../player/player-bar.tsx';
import { ShortcutsDialog } from '../shortcuts.tsx';
import { useNavigation } from './navigated.ts';
import { Navigation } from './navigation.tsx';

const correctionDialogs = async () => (await import('../../pages/admin/correct.tsx')).CorrectionDialogs;
/** Few ever see them. */
const AdminPage = lazy(() => import('../../pages/admin/admin.tsx').then((page) => page.AdminPage));

export function Shell() {
  useEffect(() => startLive(), []);
  useKeyboard();
  useNavigation();
  return (
    <>
      <div class={`shell ${panel.value === 'none' ? '' : 'with-panel'}`} inert={nowPlayingOpen.value}>
        <a class="skip-link" href="#content">
          {t('nav.skip')}
        </a>
        <Navigation />
        <main id="content" class="content" tabIndex={-1} data-scroller>
          <Router>
            <Route path="/" component={HomePage} />
            <Route path="/search" component={SearchPage} />
            <Route path="/library" component={LibraryPage} />
            <Route path="/library/:list" component={LibraryPage} />
            <Route path="/albums/:albumId" component={AlbumPage} />
            <Route path="/artists/:artistId" component={ArtistPage} />
            <Route path="/genres/:genre" component={GenrePage} />
            <Route path="/decades/:decade" component={DecadePage} />
            <Route path="/likes" component={LikesPage} />
            <Route path="/history" component={HistoryPage} />
            <Route path="/settings" component={SettingsPage} />
            <Route path="/admin/:section?" component={AdminPage} />
            <Route default component={NotFound} />
          </Router>
        </main>
        <SidePanel />
        <PlayerBar />
      </div>
      <NowPlaying />
      <CreditsDialog />
      <ShortcutsDialog />
      <MenuHost />
      <ForAdmins load={correctionDialogs} />
    </>
  );
}
