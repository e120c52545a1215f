import { useEffect, useState } from 'preact/hooks';
import type { Device } from '../../../actors/accounts/contract.ts';
import { api } from '../api/api.ts';
import { ApiError } from '../api/http.ts';
import { devicesOf, isKnownHere, logIn, signUp } from '../state/session.ts';
import { t } from '../texts/texts.ts';
import { ago } from '../ui/format.ts';
import { usePageTitle } from '../ui/shell/navigated.ts';

type Mode = 'signUp' | 'logIn' | 'reset';

/** What a link brings along: the code of the first administrator, of an invitation, or of a new password. */
function broughtByLink() {
  const given = new URLSearchParams(location.search);
  const get = (name: string) => given.get(name) ?? '';
  return { setup: get('code'), invitation: get('invite'), reset: get('reset'), username: get('user') };
}

const modeAtFirst = ({ setup, invitation, reset }: ReturnType<typeof broughtByLink>): Mode => {
  if (reset) return 'reset';
  return isKnownHere() && !setup && !invitation ? 'logIn' : 'signUp';
};

const SUBMITS = {
  signUp: 'welcome.create',
  logIn: 'welcome.logIn',
  reset: 'welcome.setPassword',
} as const satisfies Record<Mode, string>;

/** Codes are used up, and no business of the browser's history. */
const forgetLink = (): void => history.replaceState(history.state, '', location.pathname);

export function WelcomePage() {
  usePageTitle(undefined);
  const [link] = useState(broughtByLink);
  const [mode, setMode] = useState<Mode>(() => modeAtFirst(link));
  const [lead, setLead] = useState<string>();
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [full, setFull] = useState<readonly Device[]>([]);

  useEffect(() => {
    if (!link.invitation) return;
    api.lookAtInvitation(link.invitation).then(
      ({ invitedBy: name }) => setLead(name ? t('welcome.invited', { name }) : t('welcome.invitedAnon')),
      (error: unknown) => setProblem(error instanceof ApiError ? error.message : t('error.unknown')),
    );
  }, [link]);

  async function submit(form: HTMLFormElement, replaceDeviceId?: string): Promise<void> {
    const field = (name: string) => String(new FormData(form).get(name) ?? '').trim();
    const credentials = {
      username: field('username'),
      password: String(new FormData(form).get('password') ?? ''),
    };
    setBusy(true);
    setProblem('');
    try {
      if (mode === 'signUp') {
        const [setupCode, invitationCode] = [field('setupCode'), field('invitationCode')];
        await signUp({
          ...credentials,
          ...(setupCode && { setupCode }),
          ...(invitationCode && !setupCode && { invitationCode }),
        });
        forgetLink();
      } else if (mode === 'reset') {
        await api.resetPassword(credentials.username, field('resetCode'), credentials.password);
        forgetLink();
        // From here on the name and the new password are what counts.
        setMode('logIn');
        await logIn(credentials);
      } else await logIn(credentials, replaceDeviceId);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : t('error.unknown'));
      setFull(error instanceof ApiError && error.code === 'DEVICE_LIMIT' ? devicesOf(error) : []);
    } finally {
      setBusy(false);
    }
  }

  const signingUp = mode === 'signUp';
  const newPassword = mode !== 'logIn';
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
        <p class="lead">{lead ?? t('welcome.lead')}</p>
        <div class="tabs" role="tablist">
          <button type="button" role="tab" aria-selected={mode === 'logIn'} onClick={() => setMode('logIn')}>
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
            defaultValue={link.username}
            autocapitalize="none"
            spellcheck={false}
          />
        </label>
        <label>
          {t(mode === 'reset' ? 'welcome.newPassword' : 'welcome.password')}
          <input
            name="password"
            type="password"
            required
            minLength={newPassword ? 10 : 1}
            maxLength={256}
            autocomplete={newPassword ? 'new-password' : 'current-password'}
            aria-describedby={newPassword ? 'password-hint' : undefined}
          />
        </label>
        {newPassword && (
          <p id="password-hint" class="hint">
            {t('welcome.passwordHint')}
          </p>
        )}
        {signingUp && (
          <>
            <details open={link.invitation !== ''}>
              <summary>{t('welcome.haveInvitation')}</summary>
              <CodeField name="invitationCode" label={t('welcome.invitation')} code={link.invitation} />
            </details>
            <details open={link.setup !== ''}>
              <summary>{t('welcome.operator')}</summary>
              <CodeField name="setupCode" label={t('welcome.setupCode')} code={link.setup} />
            </details>
          </>
        )}
        {mode === 'reset' && (
          <CodeField name="resetCode" label={t('welcome.resetCode')} code={link.reset} required />
        )}
        {mode === 'logIn' && (
          <button type="button" class="button quiet" onClick={() => setMode('reset')}>
            {t('welcome.haveCode')}
          </button>
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
          {t(busy ? 'welcome.busy' : SUBMITS[mode])}
        </button>
      </form>
    </main>
  );
}

const CodeField = ({
  name,
  label,
  code,
  required = false,
}: {
  name: string;
  label: string;
  code: string;
  required?: boolean;
}) => (
  <label>
    {label}
    <input name={name} autocomplete="off" spellcheck={false} defaultValue={code} required={required} />
  </label>
);
