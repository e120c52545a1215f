/** What administrators do to accounts. The gateway lets nobody else here; each deed leaves a line (audit.ts). */
import { randomBytes } from 'node:crypto';
import { NEW_ACCOUNT_CODE_TTL_MS, RESET_CODE_TTL_MS } from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import type { Sources } from '../../kit/sources.ts';
import type { Admins } from './admins.ts';
import type { Audit } from './audit.ts';
import type { AccountEvent, accountsContract, Invitation, ManagedUser } from './contract.ts';
import type { adminActions } from './contract-admin.ts';
import {
  type Account,
  accept,
  type Change,
  deedEvent,
  deviceIsActive,
  deviceView,
  disable,
  enable,
  grantPremium,
  managedUserOf,
  newAccount,
  removeDevice,
} from './domain.ts';
import { shownKeysAt } from './domain-keys.ts';
import type { Invitations, StoredInvitation } from './invitations.ts';
import type { PasswordHasher } from './passwords.ts';
import { hashCode, newCode } from './secrets.ts';
import type { KeyRing } from './signing-keys.ts';
import type { AccountStore } from './store.ts';

export interface AdministrationDeps {
  readonly store: AccountStore;
  readonly admins: Admins;
  readonly audit: Audit;
  readonly invitations: Invitations;
  readonly hasher: PasswordHasher;
  readonly keyRing: KeyRing;
  readonly sources: Sources;
  readonly defaultCountry: string;
}

/** A password that nobody knows: the account waits for the one its owner sets. */
const UNKNOWN_PASSWORD_BYTES = 32;

export function administrationHandlers({
  store,
  admins,
  audit,
  invitations,
  hasher,
  keyRing,
  sources: { clock, ids },
  defaultCountry,
}: AdministrationDeps): Pick<Handlers<typeof accountsContract>, keyof typeof adminActions> {
  const shown = (account: Account): ManagedUser => managedUserOf(account, clock.nowMs());

  const changed = async (userId: string, decide: (account: Account) => Change<unknown>) =>
    shown((await store.change(userId, decide)).account);

  const freshResetCode = (ttlMs: number) => {
    const resetCode = newCode();
    const expiresAtMs = clock.nowMs() + ttlMs;
    return { told: { resetCode, expiresAtMs }, kept: { hash: hashCode(resetCode), expiresAtMs } };
  };

  async function invitationsShown(stored: readonly StoredInvitation[]): Promise<Invitation[]> {
    const userIds = stored.flatMap(({ uses, createdBy }) => [createdBy, ...uses.map(({ userId }) => userId)]);
    const unique = [...new Set(userIds)];
    const accounts = await store.many(unique);
    const names = new Map(unique.map((userId, i) => [userId, accounts[i]?.username]));
    return stored.map(({ salt: _salt, uses, createdBy, revokedAtMs: _at, roles, ...invitation }) => {
      const creator = names.get(createdBy);
      const users = uses.map((use) => {
        const username = names.get(use.userId);
        return { ...use, ...(username !== undefined && { username }) };
      });
      return {
        ...invitation,
        roles: [...roles],
        users,
        ...(creator !== undefined && { createdBy: creator }),
      };
    });
  }

  const signingKeys = async () => ({ items: shownKeysAt(await keyRing.schedule(), clock.nowMs()) });

  return {
    async list({ prefix, cursor, limit = 50 }) {
      const page = await store.list(cursor, limit, prefix?.toLowerCase());
      return { ...page, items: page.items.map(shown) };
    },

    async user({ userId }) {
      const account = await store.require(userId);
      const nowMs = clock.nowMs();
      const devices = account.devices.map((device) => ({
        ...deviceView(device),
        signedIn: deviceIsActive(account, device.deviceId, nowMs),
      }));
      return { user: managedUserOf(account, nowMs), devices };
    },

    async createUser({ byUserId, username, displayName, country, roles = ['listener'], tier = 'free' }) {
      const name = username.toLowerCase();
      const userId = ids.next();
      const { told, kept } = freshResetCode(NEW_ACCOUNT_CODE_TTL_MS);
      await store.claim(name, userId);
      const passwordHash = await hasher
        .hash(randomBytes(UNKNOWN_PASSWORD_BYTES).toString('base64url'))
        .catch(async (error: unknown) => {
          await store.unclaim(name, userId);
          throw error;
        });
      const premium = tier === 'premium';
      const account: Account = {
        ...newAccount({
          userId,
          username: name,
          displayName: displayName?.trim() || username,
          country: country ?? defaultCountry,
          roles,
          passwordHash,
          createdAtMs: clock.nowMs(),
          ...(premium && { premiumGranted: true }),
        }),
        resetCode: kept,
      };
      const deed = deedEvent(userId, { byUserId, act: 'created' });
      const news: AccountEvent[] = premium ? [{ type: 'tierChanged', userId, tier }, deed] : [deed];
      await store.create(account, news);
      if (roles.includes('admin')) await admins.add(userId);
      return { user: shown(account), ...told };
    },

    async setRoles({ byUserId, userId, roles: given }) {
      const roles = [...new Set(given)];
      const account = await store.require(userId);
      const isAdmin = roles.includes('admin');
      if (!isAdmin) await admins.remove(userId);
      const user = await changed(userId, (current) => {
        const same =
          current.roles.length === roles.length && roles.every((role) => current.roles.includes(role));
        const deed = deedEvent(userId, { byUserId, act: 'rolesSet', detail: roles.join(', ') });
        return same ? accept(current, null) : accept({ ...current, roles }, null, [deed]);
      });
      // Whoever is shut out administers nothing, and is no reason to let the last other one go.
      if (isAdmin && account.disabledAtMs === undefined) await admins.add(userId);
      return user;
    },

    setTier: ({ byUserId, userId, tier }) =>
      changed(userId, (account) => grantPremium(account, tier === 'premium', byUserId, clock.nowMs())),

    async setDisabled({ byUserId, userId, disabled }) {
      if (disabled) {
        await store.require(userId);
        await admins.remove(userId);
        return changed(userId, (account) => disable(account, byUserId, clock.nowMs()));
      }
      const user = await changed(userId, (account) => enable(account, byUserId));
      if (user.roles.includes('admin')) await admins.add(userId);
      return user;
    },

    async deleteUser({ byUserId, userId }) {
      await store.require(userId);
      await admins.remove(userId);
      // First, since afterwards there is no account with which it could be written.
      await audit.record({ byUserId, act: 'deleted', userId });
      await store.delete(userId);
      return {};
    },

    async removeUserDevice({ byUserId, userId, deviceId }) {
      await store.change(userId, (account): Change<null> => {
        const change = removeDevice(account, deviceId);
        if (!change.accepted) return change;
        const detail = account.devices.find((device) => device.deviceId === deviceId)?.name ?? '';
        const deed = deedEvent(userId, { byUserId, act: 'deviceRemoved', detail });
        return accept(change.account, null, [...change.events, deed]);
      });
      return {};
    },

    async issueResetCode({ byUserId, userId }) {
      const { told, kept } = freshResetCode(RESET_CODE_TTL_MS);
      await store.change(userId, (account) =>
        accept({ ...account, resetCode: kept }, null, [
          deedEvent(userId, { byUserId, act: 'resetCodeIssued' }),
        ]),
      );
      return told;
    },

    async invite(wish) {
      const stored = await invitations.make(wish);
      await audit.record({ byUserId: wish.byUserId, act: 'invited', detail: stored.roles.join(', ') });
      return (await invitationsShown([stored]))[0] as Invitation;
    },

    invitations: async () => ({ items: await invitationsShown(await invitations.list()) }),

    async revokeInvitation({ byUserId, invitationId }) {
      await invitations.revoke(invitationId);
      await audit.record({ byUserId, act: 'invitationRevoked' });
      return {};
    },

    async lookAtInvitation({ code }) {
      const { createdBy, tier, expiresAtMs } = await invitations.require(code);
      const invitedBy = (await store.byId(createdBy))?.displayName;
      return { ...(invitedBy !== undefined && { invitedBy }), tier, expiresAtMs };
    },

    audit: ({ limit }) => audit.newest(limit),

    signingKeys,

    async rotateSigningKey({ byUserId }) {
      await keyRing.rotate();
      await audit.record({ byUserId, act: 'keysRotated' });
      return signingKeys();
    },
  };
}
