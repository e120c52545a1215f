/** AES-128-CBC of whole segments (RFC 8216, `METHOD=AES-128`). */
import { cbc } from '@noble/ciphers/aes.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** Pages over plain HTTP, as in a home network, have no Web Crypto: there it is done in script, some 3 ms a segment. */
export async function decrypted(bytes: Bytes, key: Bytes, iv: Bytes): Promise<Bytes> {
  const { subtle } = crypto as Partial<Crypto>;
  if (!subtle) return cbc(key, iv).decrypt(bytes) as Bytes;
  const aes = await subtle.importKey('raw', key, 'AES-CBC', false, ['decrypt']);
  return new Uint8Array(await subtle.decrypt({ name: 'AES-CBC', iv }, aes, bytes));
}
