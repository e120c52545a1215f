import type { ComponentChildren } from 'preact';
import type { Preferences } from '../../../actors/accounts/contract.ts';
import { api } from '../api/api.ts';
import { closeSession, currentSession } from '../api/http.ts';
import { isPlaying, soundsHere } from '../state/now.ts';
import { toggle } from '../state/player.ts';
import { logOut, profile, setProfile } from '../state/session.ts';
import { toast, toastError } from '../state/toasts.ts';
import { helpOpen, THEMES, theme } from '../state/view.ts';
import { chooseLanguage, chosenLanguage, LANGUAGES, type Language, t } from '../texts/texts.ts';
import { ago } from '../ui/format.ts';
import { Button } from '../ui/parts/button.tsx';
import { Select, Toggle } from '../ui/parts/fields.tsx';
import { Problem } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { useLoad } from '../ui/use-load.ts';

const Section = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <section class="settings-section">
    <h2>{title}</h2>
    {children}
  </section>
);

async function save(change: Parameters<typeof api.updateMe>[0], saved?: string): Promise<void> {
  try {
    setProfile(await api.updateMe(change));
    if (saved) toast(saved);
  } catch (error) {
    toastError(error);
    // Drawn anew: what the form shows is not so.
    const me = profile();
    if (me) setProfile({ ...me });
  }
}

const prefer = (preferences: Partial<Preferences>) => save({ preferences });

/** The session plays on without a device that could say that it does not. */
async function leave(): Promise<void> {
  if (soundsHere.value && isPlaying.value) await toggle();
  await logOut();
}

const QUALITIES: readonly Preferences['quality'][] = ['auto', 'low', 'medium', 'high'];
const LOUDNESS: readonly Preferences['loudness'][] = ['album', 'track', 'off'];
const CROSSFADES_SEC = [0, 2, 4, 6, 8, 12];

function Playback() {
  const preferences = profile()?.preferences;
  if (!preferences) return null;
  return (
    <Section title={t('settings.playback')}>
      <Select
        label={t('settings.quality')}
        value={preferences.quality}
        options={QUALITIES.map((quality) => [quality, t(`settings.quality.${quality}`)] as const)}
        onChoose={(quality) => prefer({ quality })}
      />
      <Select
        label={t('settings.loudness')}
        value={preferences.loudness}
        options={LOUDNESS.map((mode) => [mode, t(`settings.loudness.${mode}`)] as const)}
        onChoose={(loudness) => prefer({ loudness })}
      />
      <Select
        label={t('settings.crossfade')}
        value={String(preferences.crossfadeMs)}
        options={CROSSFADES_SEC.map(
          (n) => [String(n * 1000), t('settings.crossfade.seconds', { n })] as const,
        )}
        onChoose={(chosen) => prefer({ crossfadeMs: Number(chosen) })}
      />
      <Toggle
        label={t('settings.explicit')}
        checked={preferences.explicit}
        onChoose={(explicit) => prefer({ explicit })}
      />
    </Section>
  );
}

function Look() {
  return (
    <Section title={t('settings.look')}>
      <Select
        label={t('settings.theme')}
        value={theme.value}
        options={THEMES.map((name) => [name, t(`settings.theme.${name}`)] as const)}
        onChoose={(chosen) => {
          theme.value = chosen;
        }}
      />
      <Select
        label={t('settings.language')}
        value={chosenLanguage() ?? 'auto'}
        options={[
          ['auto', t('settings.language.auto')] as const,
          ...Object.entries(LANGUAGES).map(([code, { name }]) => [code as Language, name] as const),
        ]}
        onChoose={(chosen) => {
          chooseLanguage(chosen === 'auto' ? undefined : chosen).catch(toastError);
        }}
      />
      <Button
        icon="keyboard"
        onClick={() => {
          helpOpen.value = true;
        }}
      >
        {t('keys.title')}
      </Button>
    </Section>
  );
}

function Account() {
  const me = profile();
  if (!me) return null;
  const premium = me.tier === 'premium';
  const change = async (ask: () => Promise<unknown>, done: string) => {
    try {
      await ask();
      setProfile(await api.me());
      toast(done);
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Section title={t('settings.account')}>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const country = String(form.get('country')).trim().toUpperCase();
          void save(
            { displayName: String(form.get('displayName')).trim(), ...(country && { country }) },
            t('settings.saved'),
          );
        }}
      >
        <label>
          {t('settings.name')}
          <input name="displayName" defaultValue={me.displayName} required maxLength={100} />
        </label>
        <label>
          {t('settings.country')}
          <input
            name="country"
            defaultValue={me.country === 'ZZ' ? '' : me.country}
            size={3}
            pattern="[A-Za-z]{2}"
            title={t('settings.countryHint')}
            placeholder="SE"
          />
        </label>
        <Button type="submit">{t('action.save')}</Button>
      </form>
      <div class="row">
        <span>
          {premium ? t('settings.premium') : t('settings.free')}
          {me.subscription.state === 'cancelled' && ` ${t('settings.cancelled')}`}
          {me.subscription.state === 'granted' && ` ${t('settings.granted')}`}
        </span>
        {['active', 'pastDue'].includes(me.subscription.state) && (
          <Button onClick={() => change(api.unsubscribe, t('settings.premiumEnds'))}>
            {t('settings.cancelPremium')}
          </Button>
        )}
        {['none', 'cancelled'].includes(me.subscription.state) && (
          <Button
            tone="primary"
            onClick={() => change(() => api.subscribe('ok'), t('settings.premiumStarts'))}
          >
            {t('settings.getPremium')}
          </Button>
        )}
      </div>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const element = event.currentTarget;
          const form = new FormData(element);
          void change(async () => {
            await api.changePassword(String(form.get('current')), String(form.get('fresh')));
            element.reset();
          }, t('settings.passwordChanged'));
        }}
      >
        <label>
          {t('settings.currentPassword')}
          <input name="current" type="password" required autocomplete="current-password" />
        </label>
        <label>
          {t('settings.newPassword')}
          <input name="fresh" type="password" required minLength={10} autocomplete="new-password" />
        </label>
        <Button type="submit">{t('action.change')}</Button>
      </form>
      <Button onClick={() => leave()}>{t('settings.logOut')}</Button>
    </Section>
  );
}

function Devices() {
  const devices = useLoad('devices', () => api.devices(), [], { keeps: false });
  if (devices.s === 'failed') return <Problem text={devices.text} retry={devices.reload} />;
  if (devices.s === 'loading') return null;
  const here = currentSession()?.deviceId;
  return (
    <Section title={t('devices.title')}>
      {devices.value.items.map(({ deviceId, name, lastSeenAtMs }) => (
        <div key={deviceId} class="row">
          <span>
            {name}
            {deviceId === here ? (
              <span class="badge">{t('devices.thisOne')}</span>
            ) : (
              <small> {t('devices.seen', { ago: ago(lastSeenAtMs) })}</small>
            )}
          </span>
          {deviceId !== here && (
            <Button onClick={() => api.removeDevice(deviceId).then(devices.reload, toastError)}>
              {t('action.remove')}
            </Button>
          )}
        </div>
      ))}
    </Section>
  );
}

const DeleteAccount = () => (
  <Section title={t('settings.delete')}>
    <p class="fine">{t('settings.deleteText')}</p>
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const password = String(new FormData(event.currentTarget).get('password'));
        api.deleteMe(password).then(closeSession, toastError);
      }}
    >
      <label>
        {t('welcome.password')}
        <input name="password" type="password" required autocomplete="current-password" />
      </label>
      <Button type="submit" tone="danger">
        {t('settings.deleteMine')}
      </Button>
    </form>
  </Section>
);

export function SettingsPage() {
  usePageTitle(t('nav.settings'));
  return (
    <div class="page settings">
      <header class="page-head">
        <h1>{t('nav.settings')}</h1>
        {profile()?.roles.includes('admin') && (
          <a class="chip phone-only" href="/admin">
            {t('nav.admin')}
          </a>
        )}
      </header>
      <Playback />
      <Look />
      <Account />
      <Devices />
      <DeleteAccount />
    </div>
  );
}
