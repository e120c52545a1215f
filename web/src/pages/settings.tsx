import type { ComponentChildren } from 'preact';
import type { Preferences } from '../../../actors/accounts/contract.ts';
import { api } from '../api/api.ts';
import { closeSession, currentSession } from '../api/http.ts';
import { isPlaying, soundsHere } from '../state/now.ts';
import { toggle } from '../state/player.ts';
import { logOut, profile, setProfile } from '../state/session.ts';
import { toast, toastError } from '../state/toasts.ts';
import { ago } from '../ui/format.ts';
import { Problem } from '../ui/notices.tsx';
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

function Playback() {
  const preferences = profile()?.preferences;
  if (!preferences) return null;
  return (
    <Section title="Playback">
      <label class="row">
        Quality
        <select
          value={preferences.quality}
          onChange={(e) => prefer({ quality: e.currentTarget.value as Preferences['quality'] })}
        >
          <option value="auto">Automatic</option>
          <option value="low">Low (96 kbit/s)</option>
          <option value="medium">Medium (160 kbit/s)</option>
          <option value="high">High (320 kbit/s, premium)</option>
        </select>
      </label>
      <label class="row">
        Same loudness for all songs
        <input
          type="checkbox"
          checked={preferences.normalizeLoudness}
          onChange={(e) => prefer({ normalizeLoudness: e.currentTarget.checked })}
        />
      </label>
      <label class="row">
        Play explicit songs
        <input
          type="checkbox"
          checked={preferences.explicit}
          onChange={(e) => prefer({ explicit: e.currentTarget.checked })}
        />
      </label>
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
    <Section title="Account">
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const country = String(form.get('country')).trim().toUpperCase();
          void save(
            { displayName: String(form.get('displayName')).trim(), ...(country && { country }) },
            'Saved.',
          );
        }}
      >
        <label>
          Name
          <input name="displayName" defaultValue={me.displayName} required maxLength={100} />
        </label>
        <label>
          Country
          <input
            name="country"
            defaultValue={me.country === 'ZZ' ? '' : me.country}
            size={3}
            pattern="[A-Za-z]{2}"
            title="Two letters, such as SE"
            placeholder="SE"
          />
        </label>
        <button type="submit" class="button">
          Save
        </button>
      </form>
      <div class="row">
        <span>
          {premium ? 'Premium: up to 320 kbit/s' : 'Free: up to 160 kbit/s'}
          {me.subscription.state === 'cancelled' && ' (cancelled, runs out at the end of the paid time)'}
        </span>
        {premium && me.subscription.state !== 'cancelled' ? (
          <button
            type="button"
            class="button"
            onClick={() => change(api.unsubscribe, 'Premium ends with the paid time.')}
          >
            Cancel premium
          </button>
        ) : (
          <button
            type="button"
            class="button primary"
            onClick={() => change(() => api.subscribe('ok'), 'Welcome to premium.')}
          >
            Get premium (test payment)
          </button>
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
          }, 'Password changed; all other devices were logged out.');
        }}
      >
        <label>
          Current password
          <input name="current" type="password" required autocomplete="current-password" />
        </label>
        <label>
          New password
          <input name="fresh" type="password" required minLength={10} autocomplete="new-password" />
        </label>
        <button type="submit" class="button">
          Change
        </button>
      </form>
      <button type="button" class="button" onClick={() => leave()}>
        Log out
      </button>
    </Section>
  );
}

function Devices() {
  const devices = useLoad(() => api.devices(), []);
  if (devices.s === 'failed') return <Problem text={devices.text} retry={devices.reload} />;
  if (devices.s === 'loading') return null;
  const here = currentSession()?.deviceId;
  return (
    <Section title="Devices">
      {devices.value.items.map(({ deviceId, name, lastSeenAtMs }) => (
        <div key={deviceId} class="row">
          <span>
            {name}
            {deviceId === here ? (
              <span class="badge">this one</span>
            ) : (
              <small> seen {ago(lastSeenAtMs)}</small>
            )}
          </span>
          {deviceId !== here && (
            <button
              type="button"
              class="button"
              onClick={() => api.removeDevice(deviceId).then(devices.reload, toastError)}
            >
              Remove
            </button>
          )}
        </div>
      ))}
    </Section>
  );
}

const DeleteAccount = () => (
  <Section title="Delete account">
    <p class="fine">
      Everything that is stored about you goes: profile, devices, likes and history. It cannot be undone.
    </p>
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const password = String(new FormData(event.currentTarget).get('password'));
        api.deleteMe(password).then(closeSession, toastError);
      }}
    >
      <label>
        Password
        <input name="password" type="password" required autocomplete="current-password" />
      </label>
      <button type="submit" class="button danger">
        Delete my account
      </button>
    </form>
  </Section>
);

export const SettingsPage = () => (
  <div class="page">
    <h1>Settings</h1>
    <Playback />
    <Account />
    <Devices />
    <DeleteAccount />
  </div>
);
