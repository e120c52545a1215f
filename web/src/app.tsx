import { useEffect } from 'preact/hooks';
import { LocationProvider } from 'preact-iso';
import { WelcomePage } from './pages/welcome.tsx';
import { session, startSession } from './state/session.ts';
import { t } from './texts/texts.ts';
import { Toasts } from './ui/notices.tsx';
import { Problem } from './ui/parts/states.tsx';
import { Shell } from './ui/shell/shell.tsx';

export function App() {
  useEffect(() => {
    const start = () => void startSession().catch(() => undefined);
    const startAgain = () => session.value.s === 'unreachable' && start();
    start();
    addEventListener('online', startAgain);
    return () => removeEventListener('online', startAgain);
  }, []);
  const { s } = session.value;
  return (
    <LocationProvider>
      {s === 'starting' && <div class="splash" aria-busy="true" />}
      {s === 'unreachable' && (
        <main class="unreachable">
          <img src="/icon.svg" alt="" width={64} height={64} />
          <h1>{t('offline.title')}</h1>
          <Problem text={t('offline.text')} retry={() => startSession()} />
        </main>
      )}
      {s === 'signedOut' && <WelcomePage />}
      {s === 'signedIn' && <Shell />}
      <Toasts />
    </LocationProvider>
  );
}
