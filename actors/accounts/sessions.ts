/** Sign-up, login, refresh and logout: how a person becomes a session. */
import { ACCESS_TOKEN_TTL_MS } from '../../config/limits.ts';
import { signAccessToken } from '../../kit/access-token.ts';
import type { Handlers } from '../../kit/contract.ts';
import { ForbiddenError, UnauthenticatedError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import { counter } from '../../kit/metrics.ts';
import type { Sources } from '../../kit/sources.ts';
import type { Admins } from './admins.ts';
import type { Attempts } from './attempts.ts';
import type { AccessClaims, accountsContract, Role, Session, Tier } from './contract.ts';
import {
  type Account,
  type Change,
  newAccount,
  rotate,
  type SessionState,
  signIn,
  signOut,
  tierOf,
} from './domain.ts';
import { passwordRejection } from './domain-password.ts';
import type { Invitations } from './invitations.ts';
import type { PasswordHasher } from './passwords.ts';
import type { Premium } from './premium.ts';
import type { refreshTokens } from './secrets.ts';
import type { KeyRing } from './signing-keys.ts';
import type { AccountStore } from './store.ts';

const log = logger('accounts');
const signIns = counter('accounts_sign_ins_total', 'Sign-ups and logins by outcome', ['outcome'] as const);
const reuses = counter('accounts_refresh_reuse_total', 'Refresh tokens that came back after their use');

export interface SessionDeps {
  readonly store: AccountStore;
  readonly admins: Admins;
  readonly invitations: Invitations;
  readonly attempts: Attempts;
  readonly hasher: PasswordHasher;
  readonly premium: Premium;
  readonly keyRing: KeyRing;
  readonly tokens: ReturnType<typeof refreshTokens>;
  readonly sources: Sources;
  readonly defaultCountry: string;
  readonly openSignUp: boolean;
}

/** By what right somebody signs up, and what it gives. */
interface Entry {
  readonly roles: readonly Role[];
  readonly tier: Tier;
  /** Uses the right up. */
  readonly redeem: (userId: string) => Promise<void>;
}

type SessionActions = 'signUp' | 'login' | 'refresh' | 'logout';

/** One error for an unknown name and a wrong password: nobody learns which names exist from it. */
const wrongLogin = (): UnauthenticatedError =>
  new UnauthenticatedError('LOGIN_FAILED', 'The name or the password is wrong.');
/** Only who gave the right password comes to see it. */
const accountDisabled = (): ForbiddenError =>
  new ForbiddenError('ACCOUNT_DISABLED', 'This account is shut out for now; ask your administrator.');
const sessionEnded = (): UnauthenticatedError =>
  new UnauthenticatedError('SESSION_ENDED', 'This session has ended; log in again.');

export function sessionHandlers({
  store,
  admins,
  invitations,
  attempts,
  hasher,
  premium,
  keyRing,
  tokens,
  sources: { clock, ids },
  defaultCountry,
  openSignUp,
}: SessionDeps): Pick<Handlers<typeof accountsContract>, SessionActions> {
  async function sessionFor(account: Account, deviceId: string, session: SessionState): Promise<Session> {
    const { userId } = account;
    const nowMs = clock.nowMs();
    const claims: AccessClaims = {
      sub: userId,
      did: deviceId,
      roles: account.roles,
      tier: tierOf(account, nowMs),
      country: account.country,
    };
    const access = signAccessToken(claims, await keyRing.signingKey(), nowMs, ACCESS_TOKEN_TTL_MS);
    return {
      userId,
      deviceId,
      accessToken: access.token,
      accessExpiresAtMs: access.expiresAtMs,
      refreshToken: tokens.write({ userId, ...session }),
      refreshExpiresAtMs: session.expiresAtMs,
    };
  }

  const sessionOn = (account: Account, deviceId: string): Promise<Session> => {
    const session = account.devices.find((device) => device.deviceId === deviceId)?.session;
    if (!session) throw sessionEnded();
    return sessionFor(account, deviceId, session);
  };

  /** The name is claimed first, the account written last: in between nothing personal is stored. */
  async function createUnder(
    username: string,
    userId: string,
    redeem: Entry['redeem'],
    make: () => Promise<Account>,
  ) {
    await store.claim(username, userId);
    let account: Account;
    try {
      account = await make();
      await redeem(userId);
    } catch (error) {
      await store.unclaim(username, userId);
      throw error;
    }
    // From here on the account may be there although this fails. A claim without one runs out by itself.
    await store.create(account);
    return account;
  }

  /** Whatever is wrong with a code is told before a password is hashed for it. */
  async function entryWith(
    setupCode: string | undefined,
    invitationCode: string | undefined,
  ): Promise<Entry> {
    if (setupCode !== undefined) {
      await admins.assertSetupCode(setupCode);
      const redeem = (userId: string) => admins.redeemSetupCode(setupCode, userId);
      return { roles: ['listener', 'admin'], tier: 'free', redeem };
    }
    if (invitationCode !== undefined) {
      const { roles, tier } = await invitations.require(invitationCode);
      return { roles, tier, redeem: (userId) => invitations.redeem(invitationCode, userId) };
    }
    if (openSignUp) return { roles: ['listener'], tier: 'free', redeem: async () => {} };
    throw new ForbiddenError(
      'SIGN_UP_CLOSED',
      'This service takes new accounts by invitation; ask its administrator for one.',
    );
  }

  return {
    async signUp({ username, password, displayName, country, deviceName, setupCode, invitationCode }) {
      const name = username.toLowerCase();
      const rejection = passwordRejection(password, name);
      if (rejection) throw rejection;
      const { roles, tier, redeem } = await entryWith(setupCode, invitationCode);

      const [userId, deviceId, sessionId] = [ids.next(), ids.next(), ids.next()];
      const account = await createUnder(name, userId, redeem, async () => {
        const blank = newAccount({
          userId,
          username: name,
          displayName: displayName?.trim() || username,
          country: country ?? defaultCountry,
          roles,
          passwordHash: await hasher.hash(password),
          createdAtMs: clock.nowMs(),
          ...(tier === 'premium' && { premiumGranted: true }),
        });
        const device = {
          deviceId: undefined,
          newDeviceId: deviceId,
          deviceName,
          replaceDeviceId: undefined,
          sessionId,
        };
        return accountOf(signIn(blank, device, clock.nowMs()));
      });
      signIns.inc({ outcome: 'signedUp' });
      // The role is there before the list of administrators says so (admins.ts).
      if (roles.includes('admin')) await admins.add(userId);
      log.info({ userId, roles, byInvitation: invitationCode !== undefined }, 'account created');
      return sessionOn(account, deviceId);
    },

    async login({ username, password, deviceId, deviceName, replaceDeviceId }) {
      const name = username.toLowerCase();
      const found = await store.byUsername(name);
      // Device ids are not to be guessed: strangers who fail cannot shut out a device the owner has used.
      const isKnownDevice = found?.devices.some((device) => device.deviceId === deviceId) === true;
      const who = isKnownDevice ? `device ${deviceId}` : `name ${name}`;
      const verified = await hasher.verify(password, found?.passwordHash, () => attempts.assertMayTry(who));
      if (!verified || !found) {
        await attempts.failed(who);
        signIns.inc({ outcome: 'refused' });
        log.info({ userId: found?.userId }, 'login refused');
        throw wrongLogin();
      }
      const rehashed = hasher.isOutdated(found.passwordHash) ? await hasher.hash(password) : undefined;
      const device = {
        deviceId,
        newDeviceId: ids.next(),
        deviceName,
        replaceDeviceId,
        sessionId: ids.next(),
      };
      const { account, reply } = await store.change(found.userId, (account): Change<{ deviceId: string }> => {
        if (account.passwordHash !== found.passwordHash) return { accepted: false, rejection: wrongLogin() };
        if (account.disabledAtMs !== undefined) return { accepted: false, rejection: accountDisabled() };
        const passwordHash = rehashed ?? account.passwordHash;
        return signIn({ ...account, passwordHash }, device, clock.nowMs());
      });
      signIns.inc({ outcome: 'loggedIn' });
      log.info({ userId: account.userId, deviceId: reply.deviceId }, 'logged in');
      return sessionOn(await premium.broughtUpToDate(account), reply.deviceId);
    },

    async refresh({ refreshToken, commandId }) {
      const presented = tokens.read(refreshToken);
      const known = presented && (await store.byId(presented.userId));
      if (!presented || !known) throw sessionEnded();
      let overtaken = false;
      const { account, reply } = await store.change(presented.userId, (account) => {
        const change = rotate(account, { ...presented, commandId, overtaken }, clock.nowMs());
        // Decided again only when another write came first: the token was good when this request read it.
        overtaken ||= change.accepted && change.reply.s === 'live';
        return change;
      });
      switch (reply.s) {
        case 'ended':
          throw sessionEnded();
        case 'reused':
          reuses.inc();
          log.warn({ userId: account.userId }, 'refresh token reused: session ended');
          throw new UnauthenticatedError(
            'REFRESH_REUSED',
            'This refresh token was used before, so its session has been ended for safety; log in again.',
          );
        case 'live': {
          const current = await premium.broughtUpToDate(account);
          return sessionFor(current, reply.deviceId, reply.session);
        }
      }
    },

    async logout({ refreshToken }) {
      const presented = tokens.read(refreshToken);
      const known = presented && (await store.byId(presented.userId));
      if (known) await store.change(known.userId, (account) => signOut(account, presented.sessionId));
      return {};
    },
  };
}

function accountOf(change: Change<unknown>): Account {
  if (!change.accepted) throw change.rejection;
  return change.account;
}
