import t from 'tap';
import { readSettings, SettingsError } from './settings.ts';

t.test('defaults listen on loopback and keep data below the working folder', async (t) => {
  const settings = readSettings({}, '/srv/antiphon');
  t.equal(settings.host, '127.0.0.1');
  t.equal(settings.dataDir, '/srv/antiphon/data');
  t.equal(settings.demo, true);
});

t.test('a secret whose file is empty is not taken for none', async (t) => {
  const folder = t.testdir({ empty: '\n', full: 'a'.repeat(64) });
  const settings = (file: string) => readSettings({ ANTIPHON_MASTER_SECRET_FILE: `${folder}/${file}` }, '/');
  t.throws(() => settings('empty'), { message: /ANTIPHON_MASTER_SECRET_FILE: .*empty is empty/ });
  t.equal(settings('full').masterSecret, 'a'.repeat(64));
});

t.test('every bad setting is reported at once, by its variable', async (t) => {
  const bad = {
    ANTIPHON_PORT: 'x',
    ANTIPHON_DEMO: 'maybe',
    ANTIPHON_COUNTRY: 'Sweden',
    ANTIPHON_TLS_CERT: 'a.pem',
  };
  try {
    readSettings(bad, '/');
    t.fail('bad settings were taken');
  } catch (error) {
    t.ok(error instanceof SettingsError);
    for (const name of Object.keys(bad)) t.match((error as Error).message, name);
  }
});
