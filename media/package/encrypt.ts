/**
 * AES-128-CBC over whole segments, as HLS (RFC 8216, `METHOD=AES-128`) and DASH segment encryption
 * (ISO/IEC 23009-4) both read it. Keys are derived, never stored: whoever holds the master secret can serve.
 */
import { createCipheriv, hkdfSync } from 'node:crypto';
import type { Rung } from '../../actors/catalog/contract.ts';

const BLOCK_BYTES = 16;

const derive = (masterSecret: Uint8Array, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', masterSecret, '', info, BLOCK_BYTES));

/** 16 bytes, one key a song and rung: a token for 96 kbit/s opens nothing above it. */
export const segmentKey = (masterSecret: Uint8Array, songId: string, rung: Rung): Buffer =>
  derive(masterSecret, `antiphon segment key v1 ${songId} ${rung}`);

/**
 * 16 bytes, one vector a song, since a DASH adaptation set names just one. Segments of one key may share it:
 * their second block holds their sequence number, so that no two go on alike.
 */
export const segmentIv = (masterSecret: Uint8Array, songId: string): Buffer =>
  derive(masterSecret, `antiphon segment iv v1 ${songId}`);

/** What `bytes` bytes become with PKCS#7 padding. */
export const encryptedBytes = (bytes: number): number => bytes + BLOCK_BYTES - (bytes % BLOCK_BYTES);

export function encryptSegment(clear: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([cipher.update(clear), cipher.final()]);
}
