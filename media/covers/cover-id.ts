import { createHash } from 'node:crypto';
import { base62 } from '../../kit/sources.ts';

/** Of the image file as it is, so that songs which carry the same image share one cover. */
export const coverIdOf = (image: Uint8Array): string => base62(createHash('sha256').update(image).digest());
