/** Vorbis comments, as FLAC and Ogg hold them (RFC 9639 8.6, RFC 7845 5.2), and FLAC's pictures (RFC 9639 8.8). */
import { COVER_BYTES_MAX, TAG_FIELDS_MAX, TAG_TEXT_BYTES_MAX } from '../../../config/limits.ts';
import type { Picture, Tags } from './tags.ts';

const COMMENTS_MAX = 10 * TAG_FIELDS_MAX;
const FRONT_COVER = 3;

/** @param block from the length of the vendor's name on */
export function readVorbisComment(block: Buffer, tags: Tags): void {
  let at = 0;
  const take = (): Buffer | undefined => {
    if (at + 4 > block.length) return undefined;
    const bytes = block.readUInt32LE(at);
    const start = at + 4;
    at = start + bytes;
    return at <= block.length ? block.subarray(start, at) : undefined;
  };
  if (!take() || at + 4 > block.length) return;
  const count = Math.min(block.readUInt32LE(at), COMMENTS_MAX);
  at += 4;
  for (let i = 0; i < count; i++) {
    const comment = take();
    if (!comment) return;
    const equals = comment.indexOf('=');
    if (equals <= 0 || equals > 100) continue;
    const name = comment.toString('latin1', 0, equals);
    const value = comment.subarray(equals + 1);
    if (/^METADATA_BLOCK_PICTURE$/i.test(name)) {
      const picture = flacPictureIn(value);
      if (picture) tags.addPicture(picture);
    } else if (value.length <= TAG_TEXT_BYTES_MAX) {
      tags.add(name, value.toString('utf8'));
    }
  }
}

function flacPictureIn(base64: Buffer): Picture | undefined {
  if (base64.length > COVER_BYTES_MAX * 1.4) return undefined;
  const block = Buffer.from(base64.toString('latin1'), 'base64');
  const found = flacPicture(block, block.length);
  return found && { ...found, read: () => block.subarray(found.at, found.at + found.bytes) };
}

/** Where the image lies in a picture block, from the block's head. */
export function flacPicture(
  head: Buffer,
  blockBytes: number,
): { readonly isFront: boolean; readonly at: number; readonly bytes: number } | undefined {
  if (head.length < 32) return undefined;
  const mimeBytes = head.readUInt32BE(4);
  const descriptionAt = 8 + mimeBytes;
  if (descriptionAt + 4 > head.length) return undefined;
  const sizeAt = descriptionAt + 4 + head.readUInt32BE(descriptionAt) + 16;
  if (sizeAt + 4 > head.length) return undefined;
  const [at, bytes] = [sizeAt + 4, head.readUInt32BE(sizeAt)];
  // `-->` in place of a type means that the bytes are an address.
  const isLink = head.toString('latin1', 8, descriptionAt) === '-->';
  if (isLink || bytes === 0 || bytes > COVER_BYTES_MAX || at + bytes > blockBytes) return undefined;
  return { isFront: head.readUInt32BE(0) === FRONT_COVER, at, bytes };
}
