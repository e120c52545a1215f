import t from 'tap';
import { readSettings, SettingsError, unknownSettings } from './settings.ts';

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

t.test('what was given and what to give is told of settings that people get wrong', async (t) => {
  const cases = [
    [
      'ANTIPHON_TRUSTED_PROXIES',
      '10.0.0.5, proxy.local',
      '“proxy.local” will not do; give addresses or ranges',
    ],
    ['ANTIPHON_TRUSTED_PROXIES', '10.0.0.0/33', '“10.0.0.0/33” will not do'],
    [
      'ANTIPHON_PUBLIC_URL',
      'https://x.org/music',
      '“https://x.org/music” will not do; give the address that',
    ],
    ['ANTIPHON_COUNTRY', 'Sweden', '“SWEDEN” will not do; give two letters of ISO 3166-1, such as SE'],
    [
      'ANTIPHON_HOST',
      'http://localhost',
      '“http://localhost” will not do; give an address or a name of this',
    ],
    ['ANTIPHON_HOST', 'localhost:4600', '“localhost:4600” will not do'],
    ['ANTIPHON_PORT', 'many', 'this is no number; give a number from 0 to 65535'],
    ['ANTIPHON_DEMO', 'maybe', '“maybe” will not do; give on or off'],
    ['ANTIPHON_REDIS', 'redis://a,b', '“b” will not do; give redis://'],
  ] as const;
  for (const [name, value, told] of cases) {
    t.throws(() => readSettings({ [name]: value }, '/'), { message: `  ${name}: ${told}` }, value);
  }
  const good = {
    ANTIPHON_TRUSTED_PROXIES: '10.0.0.0/8, ::1, fd00::/8',
    ANTIPHON_COUNTRY: 'se',
    ANTIPHON_HOST: '::',
  };
  t.match(readSettings(good, '/'), { host: '::', defaultCountry: 'SE', trustedProxies: { length: 3 } });
});

t.test('no secret is shown when it is wrong', async (t) => {
  try {
    readSettings({ ANTIPHON_MASTER_SECRET: 'too-short-secret', ANTIPHON_METRICS_TOKEN: 'token' }, '/');
    t.fail('taken');
  } catch (error) {
    t.notMatch((error as Error).message, /too-short-secret|: .*“token/);
  }
});

t.test('a name that is no setting is told with the one that was meant', async (t) => {
  const given = {
    ANTIPHON_COUNTY: 'SE',
    ANTIPHON_NATS_SEED_FIEL: '/seed',
    ANTIPHON_PORT: '1',
    ANTIPHON_MASTER_SECRET_FILE: '/x',
    ANTIPHON_GATEWAY_SERVICE_HOST: '10.0.0.1',
    ANTIPHON_GATEWAY_PORT: 'tcp://10.0.0.1:80',
    ANTIPHON_GATEWAY_PORT_80_TCP_ADDR: '10.0.0.1',
    PATH: '/bin',
  };
  t.strictSame(unknownSettings(given), [
    'ANTIPHON_COUNTY is no setting and changes nothing; did you mean ANTIPHON_COUNTRY?',
    'ANTIPHON_NATS_SEED_FIEL is no setting and changes nothing; did you mean ANTIPHON_NATS_SEED_FILE?',
  ]);
});
