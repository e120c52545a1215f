/** The way in for browsers and other clients. */
import { type AccessClaims, accountsContract } from './actors/accounts/contract.ts';
import { createGateway, type Gateway } from './actors/gateway/gateway.ts';
import {
  ACCESS_TOKEN_BYTES_MAX,
  JWKS_MAX_AGE_MS,
  JWKS_REFETCH_MS_MIN,
  VERIFIED_TOKENS_MAX,
} from './config/limits.ts';
import type { Settings } from './config/settings.ts';
import { createTokenVerifier } from './kit/access-token.ts';
import { type Caller, clientOf } from './kit/client.ts';
import type { Engines } from './kit/ports/engines.ts';
import { systemSources } from './kit/sources.ts';

/** As browsers see it: behind a proxy our own TLS may be between us and the proxy alone. */
export const isSecure = ({ tlsCert, publicUrl }: Settings): boolean =>
  publicUrl === undefined ? tlsCert !== undefined : publicUrl.startsWith('https:');

/** Proves who somebody is, with the keys that the accounts publish. */
export const verifierOf = (bus: Caller) =>
  createTokenVerifier<AccessClaims>({
    jwks: () => clientOf(accountsContract, bus).jwks({}),
    clock: systemSources.clock,
    limits: {
      verifiedTokensMax: VERIFIED_TOKENS_MAX,
      tokenBytesMax: ACCESS_TOKEN_BYTES_MAX,
      jwksMaxAgeMs: JWKS_MAX_AGE_MS,
      jwksRefetchMsMin: JWKS_REFETCH_MS_MIN,
    },
  });

/** Of role gateway. */
export const gatewayOf = (bus: Caller, { cache, topics }: Engines, settings: Settings): Gateway =>
  createGateway({
    verifier: verifierOf(bus),
    cache,
    topics,
    sources: systemSources,
    // A node answers; no table is asked, since what plays goes on without tables.
    readyChecks: { accounts: () => clientOf(accountsContract, bus).jwks({}) },
    options: { ...settings, secure: isSecure(settings) },
  });
