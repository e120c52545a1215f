/** Accounts: everything the contract promises, put together from its parts. */
import {
  PASSWORD_HASH_LANES,
  PASSWORD_HASH_MEMORY_KIB,
  PASSWORD_HASH_PASSES,
  PASSWORD_HASHES_AT_ONCE_MAX,
  PASSWORD_HASHES_WAITING_MAX,
} from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { ForbiddenError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Sources } from '../../kit/sources.ts';
import { administrationHandlers } from './administration.ts';
import { createAdmins } from './admins.ts';
import { createAttempts } from './attempts.ts';
import { createAudit } from './audit.ts';
import type { accountsContract, Preferences } from './contract.ts';
import {
  type Account,
  accept,
  type Change,
  deviceIsActive,
  deviceView,
  profileOf,
  removeDevice,
  renameDevice,
  setPassword,
  tierOf,
} from './domain.ts';
import { passwordRejection } from './domain-password.ts';
import { openInvitations } from './invitations.ts';
import { createPasswordHasher, type HashLimits } from './passwords.ts';
import type { PaymentProvider } from './ports.ts';
import { createPremium } from './premium.ts';
import { hashCode, isSameDigest, refreshTokens } from './secrets.ts';
import { sessionHandlers } from './sessions.ts';
import { openKeyRing } from './signing-keys.ts';
import { openAccountStore } from './store.ts';
import { ADMINS, INVITATIONS, SIGNING_KEYS } from './tables.ts';

const log = logger('accounts');

export interface AccountsDeps {
  readonly tables: Tables;
  readonly journal: Journal;
  readonly cache: Cache;
  readonly payments: PaymentProvider;
  readonly sources: Sources;
  /** At least 32 bytes. Sealed signing keys and refresh tokens are worth nothing without it. */
  readonly masterSecret: string;
  /** Country of an account that names none. */
  readonly defaultCountry: string;
  /** Whether anyone may sign up; whoever has the setup code or an invitation always may. */
  readonly openSignUp: boolean;
  readonly hashLimits?: HashLimits;
}

export interface Accounts extends AsyncDisposable {
  readonly handlers: Handlers<typeof accountsContract>;
  /** The code to print at this start, while nobody administers the service; undefined once somebody does. */
  ensureSetupCode(): Promise<string | undefined>;
}

const HASH_LIMITS: HashLimits = {
  memoryKib: PASSWORD_HASH_MEMORY_KIB,
  passes: PASSWORD_HASH_PASSES,
  lanes: PASSWORD_HASH_LANES,
  atOnceMax: PASSWORD_HASHES_AT_ONCE_MAX,
  waitingMax: PASSWORD_HASHES_WAITING_MAX,
};

const wrongPassword = (): ForbiddenError =>
  new ForbiddenError('WRONG_PASSWORD', 'The current password is wrong.');
const wrongResetCode = (): ForbiddenError =>
  new ForbiddenError('RESET_CODE_WRONG', 'This name and code do not go together; ask for a new code.');

const isAdministrator = (account: Account | undefined): boolean =>
  account?.disabledAtMs === undefined && account?.roles.includes('admin') === true;

/** @throws Error when the master secret is not the one that this data was made with. */
export async function createAccounts(deps: AccountsDeps): Promise<Accounts> {
  const { tables, cache, sources, masterSecret } = deps;
  const { clock } = sources;
  const keyRing = await openKeyRing(tables.open(SIGNING_KEYS), masterSecret, sources);
  const store = await openAccountStore(deps);
  const admins = createAdmins({ rows: tables.open(ADMINS), masterSecret, sources });
  const invitations = openInvitations({ rows: tables.open(INVITATIONS), masterSecret, sources });
  const audit = createAudit({ journal: deps.journal, accountsOf: store.many });
  const attempts = createAttempts(cache, clock);
  const hasher = createPasswordHasher(clock, deps.hashLimits ?? HASH_LIMITS);
  const premium = createPremium(store, deps.payments, clock);
  const tokens = refreshTokens(masterSecret);

  async function assertPassword(account: Account, password: string): Promise<void> {
    const who = `user ${account.userId}`;
    if (await hasher.verify(password, account.passwordHash, () => attempts.assertMayTry(who))) return;
    await attempts.failed(who);
    throw wrongPassword();
  }

  /** Changes the password if nothing has changed what it was checked against. */
  const replacePassword = async (account: Account, newPassword: string, keptDeviceId?: string) => {
    const passwordHash = await hasher.hash(newPassword);
    await store.change(account.userId, (current): Change<null> => {
      const same =
        current.passwordHash === account.passwordHash && current.resetCode?.hash === account.resetCode?.hash;
      if (!same) return { accepted: false, rejection: wrongPassword() };
      return setPassword(current, passwordHash, keptDeviceId);
    });
    log.info({ userId: account.userId }, 'password changed');
  };

  const changed = async (userId: string, patch: (account: Account) => Partial<Account>) => {
    const { account } = await store.change(userId, (account) =>
      accept({ ...account, ...patch(account) }, null),
    );
    return profileOf(account, clock.nowMs());
  };

  const handlers: Accounts['handlers'] = {
    ...sessionHandlers({ ...deps, store, admins, invitations, attempts, hasher, premium, keyRing, tokens }),
    ...administrationHandlers({ ...deps, store, admins, audit, invitations, hasher, keyRing }),

    me: async ({ userId }) => profileOf(await store.require(userId), clock.nowMs()),

    updateMe: ({ userId, displayName, country, preferences }) =>
      changed(userId, (account) => ({
        displayName: displayName?.trim() || account.displayName,
        country: country ?? account.country,
        preferences: { ...account.preferences, ...(preferences as Partial<Preferences>) },
      })),

    async changePassword({ userId, deviceId, currentPassword, newPassword }) {
      const account = await store.require(userId);
      const rejection = passwordRejection(newPassword, account.username);
      if (rejection) throw rejection;
      await assertPassword(account, currentPassword);
      await replacePassword(account, newPassword, deviceId);
      return {};
    },

    async deleteMe({ userId, password }) {
      const account = await store.require(userId);
      await assertPassword(account, password);
      await admins.remove(userId);
      await store.delete(userId);
      log.info({ userId }, 'account deleted');
      return {};
    },

    devices: async ({ userId }) => ({ items: (await store.require(userId)).devices.map(deviceView) }),

    renameDevice: async ({ userId, deviceId, name }) =>
      (await store.change(userId, (account) => renameDevice(account, deviceId, name))).reply,

    async removeDevice({ userId, deviceId }) {
      await store.change(userId, (account) => removeDevice(account, deviceId));
      return {};
    },

    subscribe: ({ userId, paymentToken }) => premium.subscribe(userId, paymentToken),
    unsubscribe: ({ userId }) => premium.unsubscribe(userId),

    async entitlement({ userId }) {
      const account = await store.require(userId);
      const { explicit, quality } = account.preferences;
      return { tier: tierOf(account, clock.nowMs()), country: account.country, explicit, quality };
    },

    async deviceActive({ userId, deviceId }) {
      const account = await store.byId(userId);
      const active = account !== undefined && deviceIsActive(account, deviceId, clock.nowMs());
      return { active, ...(active && { roles: [...account.roles] }) };
    },

    jwks: async () => ({ keys: await keyRing.publicJwks() }),

    async resetPassword({ username, resetCode, newPassword }) {
      const name = username.toLowerCase();
      const rejection = passwordRejection(newPassword, name);
      if (rejection) throw rejection;
      const who = `reset ${name}`;
      await attempts.assertMayTry(who);
      const account = await store.byUsername(name);
      const issued = account?.resetCode;
      const matches = isSameDigest(issued?.hash ?? hashCode(''), hashCode(resetCode));
      if (!account || !issued || !matches || clock.nowMs() >= issued.expiresAtMs) {
        await attempts.failed(who);
        throw wrongResetCode();
      }
      await replacePassword(account, newPassword);
      return {};
    },
  };

  return {
    handlers,
    ensureSetupCode: () =>
      admins.ensureSetupCode(async (userId) => isAdministrator(await store.byId(userId))),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
