import { useEffect } from 'preact/hooks';
import { LocationProvider, Route, Router } from 'preact-iso';
import { AlbumPage } from './pages/album.tsx';
import { ArtistPage } from './pages/artist.tsx';
import { GenrePage } from './pages/genre.tsx';
import { HistoryPage } from './pages/history.tsx';
import { HomePage } from './pages/home.tsx';
import { LikesPage } from './pages/likes.tsx';
import { LyricsPage } from './pages/lyrics.tsx';
import { QueuePage } from './pages/queue.tsx';
import { SearchPage } from './pages/search.tsx';
import { SettingsPage } from './pages/settings.tsx';
import { WelcomePage } from './pages/welcome.tsx';
import { startLive } from './state/live.ts';
import { session, startSession } from './state/session.ts';
import { useKeyboard } from './ui/keyboard.ts';
import { Navigation } from './ui/navigation.tsx';
import { NotFound, Problem, Toasts } from './ui/notices.tsx';
import { PlayerBar } from './ui/player-bar.tsx';

export function App() {
  useEffect(() => {
    startSession().catch(() => undefined);
  }, []);
  const { s } = session.value;
  return (
    <LocationProvider>
      {s === 'starting' && <div class="splash" aria-busy="true" />}
      {s === 'unreachable' && <Problem text="The service cannot be reached." retry={() => startSession()} />}
      {s === 'signedOut' && <WelcomePage />}
      {s === 'signedIn' && <Shell />}
      <Toasts />
    </LocationProvider>
  );
}

function Shell() {
  useEffect(() => startLive(), []);
  useKeyboard();
  return (
    <div class="shell">
      <a class="skip-link" href="#content">
        Skip to content
      </a>
      <Navigation />
      <main id="content" class="content" tabIndex={-1}>
        <Router onRouteChange={() => document.getElementById('content')?.scrollTo(0, 0)}>
          <Route path="/" component={HomePage} />
          <Route path="/search" component={SearchPage} />
          <Route path="/albums/:albumId" component={AlbumPage} />
          <Route path="/artists/:artistId" component={ArtistPage} />
          <Route path="/genres/:genre" component={GenrePage} />
          <Route path="/likes" component={LikesPage} />
          <Route path="/history" component={HistoryPage} />
          <Route path="/queue" component={QueuePage} />
          <Route path="/lyrics" component={LyricsPage} />
          <Route path="/settings" component={SettingsPage} />
          <Route default component={NotFound} />
        </Router>
      </main>
      <PlayerBar />
    </div>
  );
}
