/** The media keys as a file for the edge in nginx: `{"<kid>":"<secret, base64url>"}`. */
import type { MediaKeys } from './token.ts';

export const keysFile = (keys: MediaKeys): string =>
  `${JSON.stringify(Object.fromEntries(keys.map(({ kid, secret }) => [kid, Buffer.from(secret).toString('base64url')])))}\n`;
