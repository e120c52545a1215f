import { useState } from 'preact/hooks';
import type { Device } from '../../../actors/accounts/contract.ts';
import { ApiError } from '../api/http.ts';
import { devicesOf, isKnownHere, logIn, signUp } from '../state/session.ts';
import { t } from '../texts/texts.ts';
import { ago } from '../ui/format.ts';
import { usePageTitle } from '../ui/shell/navigated.ts';

export function WelcomePage() {
  usePageTitle(undefined);
  const code = new URLSearchParams(location.search).get('code');
  const [mode, setMode] = useState<'signUp' | 'logIn'>(isKnownHere() && !code ? 'logIn' : 'signUp');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [full, setFull] = useState<readonly Device[]>([]);

  async function submit(form: HTMLFormElement, replaceDeviceId?: string): Promise<void> {
    const field = (name: string) => String(new FormData(form).get(name) ?? '').trim();
    const credentials = {
      username: field('username'),
      password: String(new FormData(form).get('password') ?? ''),
    };
    setBusy(true);
    setProblem('');
    try {
      const setupCode = field('setupCode');
      if (mode === 'signUp') {
        await signUp({ ...credentials, ...(setupCode && { setupCode }) });
        // The code is used up, and no business of the browser's history.
        if (code !== null) history.replaceState(null, '', location.pathname);
      } else await logIn(credentials, replaceDeviceId);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : t('error.unknown'));
      setFull(error instanceof ApiError && error.code === 'DEVICE_LIMIT' ? devicesOf(error) : []);
    } finally {
      setBusy(false);
    }
  }

  const signingUp = mode === 'signUp';
  return (
    <main class="welcome">
      <div class="welcome-art" aria-hidden="true">
        {Array.from({ length: 24 }, (_, i) => (
          <i key={i} style={{ '--i': i }} />
        ))}
      </div>
      <form
        class="welcome-form"
        id="welcome"
        onSubmit={(event) => {
          event.preventDefault();
          submit(event.currentTarget).catch(() => undefined);
        }}
      >
        <h1>
          <img src="/icon.svg" alt="" width={44} height={44} /> Antiphon
        </h1>
        <p class="lead">{t('welcome.lead')}</p>
        <div class="tabs" role="tablist">
          <button type="button" role="tab" aria-selected={!signingUp} onClick={() => setMode('logIn')}>
            {t('welcome.logIn')}
          </button>
          <button type="button" role="tab" aria-selected={signingUp} onClick={() => setMode('signUp')}>
            {t('welcome.signUp')}
          </button>
        </div>
        <label>
          {t('welcome.username')}
          <input
            name="username"
            autocomplete="username"
            required
            minLength={3}
            maxLength={32}
            autocapitalize="none"
            spellcheck={false}
          />
        </label>
        <label>
          {t('welcome.password')}
          <input
            name="password"
            type="password"
            required
            minLength={signingUp ? 10 : 1}
            maxLength={256}
            autocomplete={signingUp ? 'new-password' : 'current-password'}
            aria-describedby={signingUp ? 'password-hint' : undefined}
          />
        </label>
        {signingUp && (
          <>
            <p id="password-hint" class="hint">
              {t('welcome.passwordHint')}
            </p>
            <details open={code !== null}>
              <summary>{t('welcome.operator')}</summary>
              <label>
                {t('welcome.setupCode')}
                <input name="setupCode" autocomplete="off" defaultValue={code ?? ''} />
              </label>
            </details>
          </>
        )}
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
        {full.length > 0 && (
          <ul class="device-choice">
            {full.map(({ deviceId, name, lastSeenAtMs }) => (
              <li key={deviceId}>
                <button
                  type="button"
                  class="button"
                  onClick={() => {
                    const form = document.getElementById('welcome');
                    if (form instanceof HTMLFormElement) submit(form, deviceId).catch(() => undefined);
                  }}
                >
                  {t('welcome.instead', { name })}{' '}
                  <small>{t('devices.seen', { ago: ago(lastSeenAtMs) })}</small>
                </button>
              </li>
            ))}
          </ul>
        )}
        <button type="submit" class="button primary" disabled={busy}>
          {busy ? t('welcome.busy') : signingUp ? t('welcome.create') : t('welcome.logIn')}
        </button>
      </form>
    </main>
  );
}
