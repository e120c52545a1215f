/** The keys that sign media URLs, and the file by which the edge in nginx knows them. */
import { keyFor } from '../../config/secrets.ts';
import type { MediaKeys } from './token.ts';

/** Of the service's master secret; the first one signs. */
export const mediaKeysOf = (masterSecret: string): MediaKeys => [
  { kid: '1', secret: keyFor(masterSecret, 'media-url') },
];

/** `{"<kid>":"<secret, base64url>"}` */
export const keysFile = (keys: MediaKeys): string =>
  `${JSON.stringify(Object.fromEntries(keys.map(({ kid, secret }) => [kid, Buffer.from(secret).toString('base64url')])))}\n`;
