/** The one way from the master secret to a key. */
import { hkdfSync } from 'node:crypto';

const KEY_BYTES = 32;

/** A key for what the label names (HKDF-SHA256, RFC 5869): knowing it tells nothing of the others. */
export const derivedKey = (masterSecret: string, label: string): Buffer =>
  Buffer.from(hkdfSync('sha256', masterSecret, '', label, KEY_BYTES));
